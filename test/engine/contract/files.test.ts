/** The contract of `Engine`. Volumes and mounts, and files out of and into containers. */
import { buffer, text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { code, eachEngine, SLEEP } from '../../support/contract.ts';
import { tar, untar } from '../../support/tar.ts';

eachEngine('files', (s) => {
	it('makes a volume once, tells it, and keeps it while a container has it', async () => {
		const name = await s.volume('kept');
		expect(await s.volume('kept')).toBe(name);
		expect(await s.engine.inspectVolume(name)).toMatchObject({ name, driver: 'local' });
		expect((await s.engine.listVolumes([s.label])).map((v) => v.name)).toContain(name);
		const mounts = [{ type: 'volume', source: name, target: '/v', readOnly: false, noCopy: true }] as const;
		const id = await s.container('holder', SLEEP, { mounts });
		expect((await s.engine.inspectContainer(id)).mounts).toMatchObject([
			{ type: 'volume', name, target: '/v' },
		]);
		await expect(s.engine.removeVolume(name)).rejects.toEqual(code('CONFLICT'));
		await s.engine.removeContainer(id, { force: true });
		await s.engine.removeVolume(name);
		expect(await s.engine.inspectVolume(name)).toBeUndefined();
		await expect(s.engine.removeVolume(name)).rejects.toEqual(code('NOT_FOUND'));
	});

	it('takes a tar into a volume through one container, and shows it through another', async () => {
		const name = await s.volume('shared');
		const mounts = [{ type: 'volume', source: name, target: '/v', readOnly: false, noCopy: true }] as const;
		const writer = await s.started('writer', SLEEP, { mounts });
		const archive = tar([
			{ path: 'dir', type: 'directory', mode: 0o750 },
			{ path: 'dir/é.txt', type: 'file', data: 'grüß', mode: 0o640, uid: 7, gid: 8 },
			{ path: 'link', type: 'symlink', linkTarget: 'dir/é.txt' },
		]);
		await s.engine.putArchive(writer, '/v', archive);
		const reader = await s.started('reader', SLEEP, { mounts });
		const entries = untar(await buffer(await s.engine.getArchive(reader, '/v/dir')));
		expect(entries.map((e) => e.path)).toEqual(['dir', 'dir/é.txt']);
		expect(entries[1]).toMatchObject({ type: 'file', uid: 7, gid: 8 });
		expect((entries[1]?.mode ?? 0) & 0o7777).toBe(0o640);
		expect(entries[1]?.data?.toString()).toBe('grüß');
		await s.engine.putArchive(writer, '/v', archive, { copyUidGid: true });
		expect(untar(await buffer(await s.engine.getArchive(reader, '/v/dir')))[1]).toMatchObject({
			uid: 7,
			gid: 8,
		});
		const user = await s.container('user', SLEEP, { mounts, user: '12:34' });
		await s.engine.putArchive(user, '/v', archive);
		expect(untar(await buffer(await s.engine.getArchive(reader, '/v/dir')))[1]).toMatchObject({
			uid: 7,
			gid: 8,
		});
		expect(await s.engine.statPath(reader, '/v/link')).toMatchObject({ name: 'link' });
	});

	it('writes into created and exited containers too', async () => {
		const archive = tar([{ path: 'x', type: 'file', data: '1' }]);
		const created = await s.container('put1', { script: 'true', program: { exitAfterMs: 0 } });
		await s.engine.putArchive(created, '/tmp', archive);
		await s.engine.startContainer(created);
		await s.exited(created);
		await s.engine.putArchive(created, '/tmp', tar([{ path: 'y', type: 'file', data: '2' }]));
		expect(await s.engine.statPath(created, '/tmp/x')).toMatchObject({ name: 'x', size: 1 });
		expect(await s.engine.statPath(created, '/tmp/y')).toMatchObject({ name: 'y', size: 1 });
	});

	it('tells a path that is not there from a container that is not there', async () => {
		const id = await s.container('paths', SLEEP);
		const archive = tar([{ path: 'x', type: 'file', data: '1' }]);
		expect(await s.engine.statPath(id, '/no/such')).toBeUndefined();
		expect((await s.engine.statPath(id, '/etc'))?.mode).toBe(0o040755);
		await expect(s.engine.getArchive(id, '/no/such')).rejects.toEqual(code('NOT_FOUND'));
		await expect(s.engine.putArchive(id, '/no/such', archive)).rejects.toEqual(code('NOT_FOUND'));
		await expect(s.engine.statPath(s.name('absent'), '/etc')).rejects.toEqual(code('NOT_FOUND'));
	});

	it('refuses a bind of what the host does not have', async () => {
		const mounts = [
			{ type: 'bind', source: '/nonexistent/podrun-test', target: '/b', readOnly: false },
		] as const;
		await expect(s.container('nobind', SLEEP, { mounts })).rejects.toEqual(code('BAD_REQUEST'));
	});

	it('refuses what this API version would quietly ignore', async () => {
		const name = await s.volume('sub');
		const mount = { type: 'volume', source: name, target: '/v', readOnly: false, noCopy: true } as const;
		if ((await s.engine.info()).apiVersion >= '1.45') return;
		const creating = s.container('sub', SLEEP, { mounts: [{ ...mount, subPath: 'a' }] });
		await expect(creating).rejects.toEqual(code('BAD_REQUEST'));
	});

	it('gives the files of a container that has never run', async () => {
		const id = await s.container('file', SLEEP);
		await s.engine.putArchive(id, '/tmp', tar([{ path: 'note', type: 'file', data: 'a note' }]));
		const archive = await text(await s.engine.getArchive(id, '/tmp/note'));
		expect(archive).toContain('a note');
	});
});
