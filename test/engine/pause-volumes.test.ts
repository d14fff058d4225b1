/**
 * The infra image's work on volumes, on a real engine: removing, handing over to a group, measuring; and that
 * none of it reaches beyond /volumes, whatever links a container of the pod has laid.
 */
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engine/docker.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { infraArch, infraImage } from '../../src/engine/infra-image.ts';
import { engineUnderTest } from '../support/engine-under-test.ts';

const run = `pause-volumes-${randomBytes(4).toString('hex')}`;
const labels = { 'podrun.dev/test': run };

let engine: Engine;
let pause: string;
let shell: string;

beforeAll(async () => {
	engine = await openEngine(engineUnderTest);
	const arch = infraArch((await engine.info()).arch);
	if (!arch) throw new Error('the infra image is built for amd64 and arm64 only');
	const { tag, tar } = infraImage(arch);
	await engine.loadImage(tar);
	await engine.createVolume({ name: run, labels, options: {} });
	const mount = { type: 'volume', source: run, readOnly: false, noCopy: true } as const;
	const start = async (name: string, image: string, target: string, command: readonly string[] = []) => {
		const { id } = await engine.createContainer({
			name: `${run}-${name}`,
			image,
			labels,
			networkMode: 'none',
			mounts: [{ ...mount, target }],
			...(name === 'pause'
				? { capDrop: ['ALL'], capAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'] }
				: {}),
			...(command.length > 0 ? { entrypoint: command } : {}),
		});
		await engine.startContainer(id);
		return id;
	};
	pause = await start('pause', tag, '/volumes/data');
	shell = await start('shell', 'busybox:1.36', '/data', ['sleep', '3600']);
});

afterAll(async () => {
	for (const { id } of await engine.listContainers([`podrun.dev/test=${run}`])) {
		await engine.removeContainer(id, { force: true });
	}
	await engine.removeVolume(run);
	engine.close();
});

async function exec(id: string, command: readonly string[]) {
	const session = await engine.exec(id, { command, stdout: true, stderr: true });
	const [out, err, code] = await Promise.all([text(session.stdout), text(session.stderr), session.exitCode]);
	return { out, err, code };
}

const inPause = (...args: string[]) => exec(pause, ['/pause', ...args]);
const sh = async (script: string): Promise<string> =>
	(await exec(shell, ['sh', '-c', `umask 022; cd /data; ${script}`])).out;

describe('pause remove', () => {
	it('removes whole trees, with many entries, whoever owns them', async () => {
		await sh('mkdir -p a/b/c; for i in $(seq 500); do echo $i > a/b/file-with-a-long-name-$i; done');
		await sh('chmod 700 a/b; chown -R 1000 a; echo kept > kept');
		expect(await inPause('remove', '/volumes/data/a', '/volumes/data/missing')).toMatchObject({
			code: 0,
			err: '',
		});
		expect(await sh('ls')).toBe('kept\n');
	});

	it('follows no symbolic link, neither to the end nor on the way', async () => {
		await sh('mkdir real; echo x > real/file; ln -s real link; mkdir tree; ln -s ../real tree/inner');
		expect((await inPause('remove', '/volumes/data/tree')).code).toBe(0);
		expect((await inPause('remove', '/volumes/data/link/file')).code).not.toBe(2);
		expect(await sh('cat real/file; ls -d tree link')).toBe('x\nlink\n');
		expect((await inPause('remove', '/volumes/data/link')).code).toBe(0);
		expect(await sh('cat real/file; rm -r real')).toBe('x\n');
	});

	it('refuses paths that are not below /volumes', async () => {
		for (const path of [
			'/pause',
			'/volumes',
			'/volumes/',
			'/volumes/../pause',
			'/volumes/data/../../pause',
			'/volumes//x',
		]) {
			expect(await inPause('remove', path)).toMatchObject({ code: 2 });
		}
	});
});

describe('pause own', () => {
	it('gives the group its rights as a kubelet does, and leaves the targets of links alone', async () => {
		await sh(
			'mkdir -p d/sub; echo x > d/sub/file; chmod 600 d/sub/file; chmod 750 d/sub; ln -s /etc/passwd d/link',
		);
		expect(await inPause('own', '2000', '/volumes/data/d')).toMatchObject({ code: 0, err: '' });
		expect(await sh("stat -c '%n %a %g' d d/sub d/sub/file d/link; stat -c %g /etc/passwd")).toBe(
			'd 2775 2000\nd/sub 2770 2000\nd/sub/file 660 2000\nd/link 777 2000\n0\n',
		);
	});

	it('lazy leaves the tree alone when its root is right already', async () => {
		await sh('echo y > d/new; chgrp 0 d/new');
		expect((await inPause('own', '2000', '/volumes/data/d', 'lazy')).code).toBe(0);
		expect(await sh('stat -c %g d/new')).toBe('0\n');
		expect((await inPause('own', '2000', '/volumes/data/d')).code).toBe(0);
		expect(await sh('stat -c %g d/new')).toBe('2000\n');
		expect((await inPause('own', '2001', '/volumes/data/d', 'lazy')).code).toBe(0);
		expect(await sh('stat -c %g d/new; rm -r d')).toBe('2001\n');
	});

	it('refuses what is no group, and what is not there', async () => {
		expect((await inPause('own', 'root', '/volumes/data')).code).toBe(2);
		expect(await inPause('own', '1', '/volumes/nothing')).toMatchObject({ code: 1 });
	});
});

it('pause usage tells the bytes on the disk, a line for each path', async () => {
	await sh('mkdir -p u/v; dd if=/dev/zero of=u/v/big bs=1M count=3 2>/dev/null; sync');
	const { out } = await inPause('usage', '/volumes/data/u', '/volumes/data/none');
	const [used = 0, none = -1] = out.split('\n').map(Number);
	expect(used).toBeGreaterThanOrEqual(3 * 1024 * 1024);
	expect(used).toBeLessThan(3.2 * 1024 * 1024);
	expect(none).toBe(0);
});

it('pause swap changes over to a version in one step and removes what is not of it', async () => {
	await sh('mkdir ..v1; echo 1 > ..v1/a; echo 1 > ..v1/old');
	expect(await inPause('swap', '/volumes/data', '..v1', 'a', 'old')).toMatchObject({ code: 0, err: '' });
	expect(await sh('cat a old; readlink a; readlink ..data')).toBe('1\n1\n..data/a\n..v1\n');
	await sh('mkdir ..v2; echo 2 > ..v2/a; echo 2 > ..v2/b');
	expect((await inPause('swap', '/volumes/data', '..v2', 'a', 'b')).code).toBe(0);
	expect(await sh('cat a b; ls -A; rm -r ..v2 ..data a b')).toBe('2\n2\n..data\n..v2\na\nb\n');
});
