/** hostPath volumes against the real file system: what each type makes, takes and refuses. */
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../../src/api/types.ts';
import { ensureHostPaths } from '../../../src/supervisor/host-paths.ts';

let folder: string;
let umask: number;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'podrun-host-'));
	await writeFile(join(folder, 'file'), '');
	umask = process.umask(0o077);
});

afterEach(async () => {
	process.umask(umask);
	await rm(folder, { recursive: true });
});

function podWith(path: string, type?: string, mounted = true): Pod {
	const volumeMounts = mounted ? [{ name: 'h', mountPath: '/h' }] : [];
	return {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'p' },
		spec: {
			volumes: [{ name: 'h', hostPath: { path, ...(type === undefined ? {} : { type }) } }],
			containers: [{ name: 'main', volumeMounts }],
		},
	} as unknown as Pod;
}

const ensure = (path: string, type?: string, local = true) =>
	ensureHostPaths(podWith(path, type), { local } as Parameters<typeof ensureHostPaths>[1]);

const mode = async (...path: string[]) => (await stat(join(folder, ...path))).mode & 0o777;

describe('what is not there', () => {
	it.each([undefined, 'DirectoryOrCreate'])(
		'becomes a folder, with those above it, for type %s',
		async (type) => {
			await ensure(join(folder, 'a/b'), type);
			expect([await mode('a'), await mode('a', 'b')]).toEqual([0o755, 0o755]);
		},
	);

	it('becomes an empty file for FileOrCreate, but not in a folder that is missing', async () => {
		await ensure(join(folder, 'new'), 'FileOrCreate');
		expect(await mode('new')).toBe(0o644);
		await expect(ensure(join(folder, 'no/new'), 'FileOrCreate')).rejects.toThrow('is not a file');
	});

	it.each(['Directory', 'File', 'Socket', 'CharDevice', 'BlockDevice'])('is refused for %s', async (type) => {
		await expect(ensure(join(folder, 'none'), type)).rejects.toMatchObject({ reason: 'FailedMount' });
	});

	it('is left alone when nobody mounts it, and on a remote engine', async () => {
		await ensureHostPaths(podWith(join(folder, 'x'), 'DirectoryOrCreate', false), { local: true } as never);
		await ensure(join(folder, 'x'), 'Directory', false);
		await expect(stat(join(folder, 'x'))).rejects.toThrow();
	});
});

describe('what is there', () => {
	it('must be of the type, and is told in the words of a kubelet when it is not', async () => {
		const file = join(folder, 'file');
		await expect(ensure(file, 'Directory')).rejects.toThrow(
			`MountVolume.SetUp failed for volume "h" : hostPath type check failed: ${file} is not a directory`,
		);
		await expect(ensure(folder, 'File')).rejects.toThrow(`${folder} is not a file`);
		await expect(ensure(file, 'Socket')).rejects.toThrow('is not a socket file');
		await expect(ensure(file, 'CharDevice')).rejects.toThrow('is not a character device');
		await expect(ensure(file, 'DirectoryOrCreate')).rejects.toThrow('is not a directory');
		await ensure(file, 'File');
		await ensure(folder, 'Directory');
		await ensure('/dev/null', 'CharDevice');
	});

	it('keeps its mode', async () => {
		await chmod(join(folder, 'file'), 0o600);
		await ensure(join(folder, 'file'), 'FileOrCreate');
		expect(await mode('file')).toBe(0o600);
	});

	it('may be a socket that somebody listens on', async () => {
		const server = createServer();
		await new Promise<void>((done) => server.listen(join(folder, 's'), done));
		await ensure(join(folder, 's'), 'Socket');
		await new Promise((done) => server.close(done));
	});
});
