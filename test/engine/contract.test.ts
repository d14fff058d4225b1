/**
 * The contract of `Engine`, on the fake and on Docker: what the floors above rely on holds for both, so that a
 * test with the fake says something about the real one.
 */
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineErrorCode, LogChunk, LogOptions } from '../../src/engine/engine.ts';
import { BUSYBOX, collect, dockerSubject, fakeSubject, SLEEP, type Subject } from '../support/contract.ts';
import { tar, untar } from '../support/tar.ts';

describe.each([
	['the fake engine', fakeSubject],
	['Docker', dockerSubject],
])('%s', (_, open) => {
	let s: Subject;
	beforeAll(async () => {
		s = await open();
	});
	afterAll(async () => {
		await s?.dispose();
	});

	const code = (wanted: EngineErrorCode): object => expect.objectContaining({ code: wanted });
	const logs = async (id: string, options: LogOptions = {}): Promise<LogChunk[]> => {
		const chunks: LogChunk[] = [];
		for await (const chunk of s.engine.logs(id, options)) chunks.push(chunk);
		return chunks;
	};
	const said = (chunks: readonly LogChunk[], stream: LogChunk['stream']): string =>
		chunks.flatMap((c) => (c.stream === stream ? [c.data.toString('utf8')] : [])).join('');

	describe('containers', () => {
		it('lives from created over running to exited, with its code and its times', async () => {
			const id = await s.container('life', { script: 'exit 3', program: { exitAfterMs: 50, exitCode: 3 } });
			const created = await s.engine.inspectContainer(id);
			expect(created).toMatchObject({ status: 'created', exitCode: 0, name: s.name('life'), image: BUSYBOX });
			expect(created.startedAt).toBeUndefined();
			expect(created.finishedAt).toBeUndefined();
			await s.engine.startContainer(id);
			await s.exited(id);
			const exited = await s.engine.inspectContainer(id);
			expect(exited).toMatchObject({ exitCode: 3, oomKilled: false, error: '', pid: 0 });
			expect(exited.finishedAt).toBeGreaterThanOrEqual(exited.startedAt ?? Number.POSITIVE_INFINITY);
			expect(exited.startedAt).toBeGreaterThanOrEqual(exited.createdAt);
			await s.engine.removeContainer(id, { force: false });
			await expect(s.engine.inspectContainer(id)).rejects.toEqual(code('NOT_FOUND'));
		});

		it('is found by its name as well as by its id', async () => {
			const id = await s.container('byname', SLEEP);
			expect((await s.engine.inspectContainer(s.name('byname'))).id).toBe(id);
		});

		it('refuses a second one of the same name', async () => {
			await s.container('twice', SLEEP);
			await expect(s.container('twice', SLEEP)).rejects.toEqual(code('CONFLICT'));
		});

		it('refuses an image that is not there', async () => {
			const creating = s.container('noimage', SLEEP, { image: 'podrun-test/absent:1' });
			await expect(creating).rejects.toEqual(code('IMAGE_NOT_FOUND'));
			expect(await s.engine.inspectImage('podrun-test/absent:1')).toBeUndefined();
		});

		it('says NOT_MODIFIED to a second start', async () => {
			const id = await s.started('start2', SLEEP);
			await expect(s.engine.startContainer(id)).rejects.toEqual(code('NOT_MODIFIED'));
		});

		it('ends on a signal that it obeys, and only KILL ends one that ignores them', async () => {
			const obeys = await s.started(
				'obeys',
				{
					script: 'trap "exit 5" TERM; echo up; while :; do sleep 0.05; done',
					program: { stopCode: 5, output: [{ stream: 'stdout', text: 'up\n' }] },
				},
				{},
			);
			await s.eventually('the trap is set', async () => ((await logs(obeys)).length > 0 ? true : undefined));
			await s.engine.killContainer(obeys, 'SIGTERM');
			await s.exited(obeys);
			expect((await s.engine.inspectContainer(obeys)).exitCode).toBe(5);

			const ignores = await s.started('ignores', SLEEP);
			await s.engine.killContainer(ignores, 'TERM');
			expect((await s.engine.inspectContainer(ignores)).status).toBe('running');
			await s.engine.killContainer(ignores, 'KILL');
			await s.exited(ignores);
			expect((await s.engine.inspectContainer(ignores)).exitCode).toBe(137);
			await expect(s.engine.killContainer(ignores, 'KILL')).rejects.toEqual(code('CONFLICT'));
		});

		it('refuses to kill what is created only, what is not there, and signals that are none', async () => {
			const id = await s.container('nokill', SLEEP);
			await expect(s.engine.killContainer(id, 'TERM')).rejects.toEqual(code('CONFLICT'));
			await expect(s.engine.killContainer(s.name('absent'), 'TERM')).rejects.toEqual(code('NOT_FOUND'));
			await expect(s.engine.killContainer(id, 'SIGNOPE')).rejects.toEqual(code('BAD_REQUEST'));
		});

		it('removes a running one only by force', async () => {
			const id = await s.started('rmrunning', SLEEP);
			await expect(s.engine.removeContainer(id, { force: false })).rejects.toEqual(code('CONFLICT'));
			await s.engine.removeContainer(id, { force: true });
			await expect(s.engine.removeContainer(id, { force: true })).rejects.toEqual(code('NOT_FOUND'));
		});

		it('stays created, with the error and a code, when the runtime refuses the start', async () => {
			const id = await s.container(
				'norun',
				{ script: '', program: { startError: 'exec: "/nonexistent": no such file or directory' } },
				{ entrypoint: ['/nonexistent'] },
			);
			await expect(s.engine.startContainer(id)).rejects.toEqual(code('BAD_REQUEST'));
			const after = await s.engine.inspectContainer(id);
			expect(after).toMatchObject({ status: 'created', exitCode: 127 });
			expect(after.error).toContain('/nonexistent');
			expect(after.startedAt).toBeUndefined();
		});

		it('lists by labels, all of which must fit, whatever the state', async () => {
			const one = await s.container('list1', SLEEP, { labels: { 'podrun-test.kind': 'a b=c', common: '' } });
			const two = await s.started('list2', SLEEP, { labels: { common: '' } });
			const ids = async (labels: string[]): Promise<string[]> =>
				(await s.engine.listContainers([s.label, ...labels])).map((c) => c.id).sort();
			expect(await ids(['common'])).toEqual([one, two].sort());
			expect(await ids(['podrun-test.kind=a b=c'])).toEqual([one]);
			expect(await ids(['podrun-test.kind=other'])).toEqual([]);
			const [summary] = await s.engine.listContainers([s.label, 'podrun-test.kind']);
			expect(summary).toMatchObject({ state: 'created', names: [s.name('list1')] });
			expect(summary?.labels['podrun-test.kind']).toBe('a b=c');
		});

		it('runs on with other resources after an update', async () => {
			const id = await s.started('update', SLEEP, {
				resources: { memoryBytes: 64 << 20, memorySwapBytes: 64 << 20 },
			});
			await s.engine.updateContainer(id, {
				memoryBytes: 96 << 20,
				memorySwapBytes: 96 << 20,
				cpuShares: 512,
			});
			expect((await s.engine.inspectContainer(id)).status).toBe('running');
		});
	});

	describe('joins', () => {
		const pause = (suffix: string): Promise<string> => s.started(suffix, SLEEP, { ipcMode: 'shareable' });
		const joined = (id: string): { networkMode: string; ipcMode: string; pidMode: string } => ({
			networkMode: `container:${id}`,
			ipcMode: `container:${id}`,
			pidMode: `container:${id}`,
		});

		it('shares namespaces with a running one, and dies with its first process', async () => {
			const donor = await pause('donor');
			const app = await s.started('app', SLEEP, joined(donor));
			expect(await s.engine.inspectContainer(app)).toMatchObject({
				networkMode: `container:${donor}`,
				networks: {},
			});
			await s.engine.killContainer(donor, 'KILL');
			await s.exited(app);
			expect(await s.engine.inspectContainer(app)).toMatchObject({ exitCode: 137, oomKilled: false });
			await expect(s.engine.startContainer(app)).rejects.toEqual(code('CONFLICT'));
		});

		it('may be created before the other runs, but not started', async () => {
			const donor = await s.container('idle', SLEEP, { ipcMode: 'shareable' });
			for (const [index, mode] of [
				{ networkMode: `container:${donor}` },
				{ ipcMode: `container:${donor}` },
				{ pidMode: `container:${donor}` },
			].entries()) {
				const app = await s.container(`early${index}`, SLEEP, mode);
				await expect(s.engine.startContainer(app)).rejects.toEqual(code('CONFLICT'));
				expect((await s.engine.inspectContainer(app)).status).toBe('created');
			}
		});

		it('turns a name into the id at create', async () => {
			const donor = await pause('named');
			const app = await s.container('follows', SLEEP, { networkMode: `container:${s.name('named')}` });
			expect((await s.engine.inspectContainer(app)).networkMode).toBe(`container:${donor}`);
		});

		it('refuses to join the IPC of one that does not share it', async () => {
			const donor = await s.started('private', SLEEP);
			const app = await s.container('ipcapp', SLEEP, { ipcMode: `container:${donor}` });
			await expect(s.engine.startContainer(app)).rejects.toThrow(/shareable/);
		});

		it('refuses at create what belongs to the owner of the network', async () => {
			const donor = await pause('owner');
			const port = { containerPort: 80, protocol: 'tcp', hostPort: 0, hostIP: '' } as const;
			for (const options of [
				{ hostname: 'x' },
				{ dns: ['10.0.0.1'] },
				{ extraHosts: ['a:10.0.0.1'] },
				{ ports: [port] },
			]) {
				const creating = s.container('refused', SLEEP, { networkMode: `container:${donor}`, ...options });
				await expect(creating).rejects.toEqual(code('BAD_REQUEST'));
			}
		});
	});

	describe('networks', () => {
		it('gives the address that was asked for, again after a restart, and to one at a time', async () => {
			const net = await s.network('fixed');
			const options = { networkMode: net.name, ipv4: net.address(77) };
			const first = await s.started('ip1', SLEEP, options);
			expect((await s.engine.inspectContainer(first)).networks[net.name]?.ip).toBe(net.address(77));
			const second = await s.container('ip2', SLEEP, options);
			await expect(s.engine.startContainer(second)).rejects.toEqual(code('CONFLICT'));
			expect(await s.engine.inspectContainer(second)).toMatchObject({ status: 'created', exitCode: 128 });
			await s.engine.removeContainer(first, { force: true });
			await s.engine.startContainer(second);
			expect((await s.engine.inspectContainer(second)).networks[net.name]?.ip).toBe(net.address(77));
		});

		it('tells what it is, refuses its name and its subnet to another, and stays while it is in use', async () => {
			const net = await s.network('shown');
			const known = await s.engine.inspectNetwork(net.name);
			expect(known).toMatchObject({
				name: net.name,
				subnets: [net.subnet],
				gateway: net.address(1),
				driver: 'bridge',
			});
			expect((await s.engine.listNetworks([s.label])).map((n) => n.name)).toContain(net.name);
			const overlapping = { name: s.name('overlap'), subnet: net.subnet.replace('/24', '/25'), labels: {} };
			await expect(s.engine.createNetwork(overlapping)).rejects.toEqual(code('NETWORK_OVERLAP'));
			const same = { name: net.name, subnet: '10.198.255.0/24', labels: {} };
			await expect(s.engine.createNetwork(same)).rejects.toEqual(code('CONFLICT'));
			const id = await s.started('innet', SLEEP, { networkMode: net.name });
			await expect(s.engine.removeNetwork(net.name)).rejects.toEqual(code('CONFLICT'));
			await s.engine.removeContainer(id, { force: true });
			await s.engine.removeNetwork(net.name);
			expect(await s.engine.inspectNetwork(net.name)).toBeUndefined();
			await expect(s.engine.removeNetwork(net.name)).rejects.toEqual(code('NOT_FOUND'));
		});

		it('connects a running container to a second one', async () => {
			const [one, two] = [await s.network('n1'), await s.network('n2')];
			const id = await s.started('both', SLEEP, { networkMode: one.name });
			await s.engine.connectNetwork(two.name, id, { ipv4: two.address(9), aliases: ['alias'] });
			expect((await s.engine.inspectContainer(id)).networks[two.name]?.ip).toBe(two.address(9));
			await expect(s.engine.connectNetwork(s.name('nonet'), id, {})).rejects.toEqual(code('NOT_FOUND'));
		});

		it('tells a host port that is taken from every other failure', async () => {
			const net = await s.network('ports');
			const hostPort = 20_000 + Math.floor(Math.random() * 10_000);
			const ports = [{ containerPort: 80, protocol: 'tcp', hostPort, hostIP: '127.0.0.1' }] as const;
			await s.started('port1', SLEEP, { networkMode: net.name, ports });
			const second = await s.container('port2', SLEEP, { networkMode: net.name, ports });
			await expect(s.engine.startContainer(second)).rejects.toEqual(code('PORT_TAKEN'));
			expect(await s.engine.inspectContainer(second)).toMatchObject({ status: 'created', exitCode: 128 });
		});
	});

	describe('volumes and files', () => {
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
	});

	describe('logs', () => {
		const talk = {
			script: 'echo one; echo two >&2; echo three; exit 0',
			program: {
				exitAfterMs: 0,
				output: [
					{ stream: 'stdout', text: 'one\n' },
					{ stream: 'stderr', text: 'two\n' },
					{ stream: 'stdout', text: 'three\n' },
				],
			},
		} as const;

		it('gives both streams, one alone, the last lines, and the times', async () => {
			const id = await s.started('talk', talk);
			await s.exited(id);
			const all = await logs(id);
			expect(said(all, 'stdout')).toBe('one\nthree\n');
			expect(said(all, 'stderr')).toBe('two\n');
			expect(said(await logs(id, { stderr: false }), 'stderr')).toBe('');
			expect(await logs(id, { tail: 1 })).toHaveLength(1);
			expect(await logs(id, { tail: 0 })).toHaveLength(0);
			expect(said(await logs(id, { timestamps: true, stderr: false, tail: 3 }), 'stdout')).toMatch(
				/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one\n/,
			);
			await expect(logs(s.name('absent'))).rejects.toEqual(code('NOT_FOUND'));
		});

		it('follows until the container ends', async () => {
			const id = await s.started('follow', {
				script: 'echo up; sleep 0.3; echo down',
				program: { exitAfterMs: 300, output: [{ stream: 'stdout', text: 'up\ndown\n' }] },
			});
			const following = logs(id, { follow: true });
			await s.exited(id);
			expect(said(await following, 'stdout')).toBe('up\ndown\n');
		});

		it('is cut by its signal', async () => {
			const id = await s.started('cut', SLEEP);
			const abort = new AbortController();
			const following = (async () => {
				for await (const _ of s.engine.logs(id, { follow: true }, abort.signal)) {
					// Nothing is said.
				}
			})();
			abort.abort();
			await expect(following).rejects.toEqual(code('ABORTED'));
		});
	});

	describe('exec', () => {
		it('gives both streams and the exit code', async () => {
			const script = 'echo out; echo err >&2; exit 7';
			const id = await s.started('exec', {
				...SLEEP,
				program: { exec: () => ({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' }) },
			});
			const session = await s.engine.exec(id, { command: ['sh', '-c', script] });
			expect(await collect(session)).toEqual({ stdout: 'out\n', stderr: 'err\n' });
			expect(await session.exitCode).toBe(7);
			expect(session.stdin).toBeUndefined();
		});

		it('passes stdin to its end', async () => {
			const id = await s.started('stdin', SLEEP);
			const session = await s.engine.exec(id, { command: ['cat'], stdin: true });
			const sent = 'grüß '.repeat(50_000);
			session.stdin?.end(sent);
			const { stdout } = await collect(session);
			expect(stdout.length).toBe(sent.length);
			expect(stdout).toBe(sent);
			expect(await session.exitCode).toBe(0);
		});

		it('is refused where nothing runs, and where nothing is', async () => {
			const id = await s.container('noexec', SLEEP);
			await expect(s.engine.exec(id, { command: ['true'] })).rejects.toEqual(code('CONFLICT'));
			await expect(s.engine.exec(s.name('absent'), { command: ['true'] })).rejects.toEqual(code('NOT_FOUND'));
		});

		it('ends with 137 when its container is killed', async () => {
			const id = await s.started('execkill', SLEEP);
			const session = await s.engine.exec(id, { command: ['cat'], stdin: true });
			const running = once(session.stdout, 'data');
			session.stdin?.write('up');
			await running;
			await s.engine.killContainer(id, 'KILL');
			expect(await session.exitCode).toBe(137);
		});

		it('is cut by its signal', async () => {
			const id = await s.started('execcut', SLEEP);
			const abort = new AbortController();
			const session = await s.engine.exec(id, { command: ['cat'], stdin: true }, abort.signal);
			session.stdout.on('error', () => undefined).resume();
			session.stderr.on('error', () => undefined).resume();
			abort.abort();
			await expect(session.exitCode).rejects.toEqual(code('ABORTED'));
		});
	});

	it('attaches to the process of a running container, and to no other', async () => {
		const id = await s.started('attach', SLEEP, { openStdin: true });
		const session = await s.engine.attach(id, { stdin: true, tty: false });
		expect(session.stdin).toBeDefined();
		session.stdout.on('error', () => undefined).resume();
		session.stderr.on('error', () => undefined).resume();
		session.close();
		await expect(s.engine.attach(s.name('absent'), { stdin: false, tty: false })).rejects.toEqual(
			code('NOT_FOUND'),
		);
	});

	describe('images', () => {
		it('tells what it has', async () => {
			const image = await s.engine.inspectImage(BUSYBOX);
			expect(image?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
			expect(image?.tags).toContain(BUSYBOX);
			expect(await s.engine.inspectImage(image?.id ?? '')).toMatchObject({ id: image?.id });
		});

		it('fails a pull whose registry does not answer, and one of a name that is none', async () => {
			await expect(s.engine.pullImage('127.0.0.1:1/podrun-test:1', {})).rejects.toEqual(
				code('REGISTRY_UNREACHABLE'),
			);
			await expect(s.engine.pullImage('Not/A Name', {})).rejects.toEqual(code('BAD_REQUEST'));
		});

		it('refuses an archive that is no image', async () => {
			await expect(s.engine.loadImage(Buffer.from('junk'))).rejects.toThrow(/unexpected EOF/);
		});

		it('refuses to remove what is not there', async () => {
			await expect(s.engine.removeImage('podrun-test/absent:1')).rejects.toEqual(code('IMAGE_NOT_FOUND'));
		});
	});

	it('tells what is running and what it takes', async () => {
		const id = await s.started('stats', SLEEP);
		const stats = await s.engine.stats(id);
		expect(stats.at).toBeGreaterThan(0);
		expect(stats.memoryBytes).toBeGreaterThanOrEqual(0);
		const [titles, ...processes] = await s.engine.top(id);
		expect(titles).toContain('PID');
		expect(processes.length).toBeGreaterThan(0);
		expect(await s.engine.info()).toMatchObject({ os: 'linux' });
		await s.engine.ping();
	});

	it('keeps the output of a dead container readable as text', async () => {
		const id = await s.container('file', SLEEP);
		await s.engine.putArchive(id, '/tmp', tar([{ path: 'note', type: 'file', data: 'a note' }]));
		const archive = await text(await s.engine.getArchive(id, '/tmp/note'));
		expect(archive).toContain('a note');
	});
});
