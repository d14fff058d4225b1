/** The infra image's archive, read back as an engine would read it. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { infraArch, infraImage } from '../../../src/engine/infra-image.ts';

interface Entry {
	mode: number;
	data: Buffer;
}

function untar(archive: Buffer): Map<string, Entry> {
	const files = new Map<string, Entry>();
	for (let at = 0; archive[at] !== 0; ) {
		const text = (from: number, length: number) =>
			archive.toString('ascii', at + from, at + from + length).replace(/\0.*$/s, '');
		const header = Buffer.from(archive.subarray(at, at + 512));
		header.fill(' ', 148, 156);
		expect(Number.parseInt(text(148, 8), 8)).toBe(header.reduce((a, b) => a + b, 0));
		expect(text(257, 6)).toBe('ustar');
		const size = Number.parseInt(text(124, 12), 8);
		files.set(text(0, 100), {
			mode: Number.parseInt(text(100, 8), 8),
			data: archive.subarray(at + 512, at + 512 + size),
		});
		at += 512 + Math.ceil(size / 512) * 512;
	}
	return files;
}

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');

describe('infraImage', () => {
	it.each([
		['amd64', 62],
		['arm64', 183],
	] as const)('holds a static %s program at /pause and starts it', (arch, machine) => {
		const image = infraImage(arch);
		const files = untar(image.tar);
		const [manifest] = JSON.parse(files.get('manifest.json')!.data.toString());
		expect(manifest.RepoTags).toEqual([image.tag]);

		const configBytes = files.get(manifest.Config)!.data;
		expect(`sha256:${sha256(configBytes)}`).toBe(image.id);
		const config = JSON.parse(configBytes.toString());
		expect(config.architecture).toBe(arch);
		expect(config.config.Entrypoint).toEqual(['/pause']);

		const layer = files.get(manifest.Layers[0])!.data;
		expect(config.rootfs.diff_ids).toEqual([`sha256:${sha256(layer)}`]);
		const program = untar(layer).get('pause')!;
		expect(program.mode).toBe(0o755);
		expect(program.data.toString('latin1', 0, 4)).toBe('\x7fELF');
		expect(program.data.readUInt16LE(18)).toBe(machine);
		expect(program.data.length).toBeLessThan(8192);
		expect(program.data.length).toBeGreaterThan(1000);
	});

	it('is the same each time, and another one for each architecture', () => {
		expect(infraImage('amd64').tar.equals(infraImage('amd64').tar)).toBe(true);
		expect(infraImage('amd64').tag).toMatch(/^podrun\/pause:1-[0-9a-f]{12}$/);
		expect(infraImage('amd64').tag).not.toBe(infraImage('arm64').tag);
	});

	it('knows the names that engines give the architectures', () => {
		expect(['x86_64', 'amd64', 'aarch64', 'arm64', 's390x'].map(infraArch)).toEqual([
			'amd64',
			'amd64',
			'arm64',
			'arm64',
			undefined,
		]);
	});
});
