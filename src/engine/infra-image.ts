/**
 * The infra image, made out of nothing but podrun's own bytes: the pause binary becomes an image from scratch
 * in the archive format of `docker save`, ready for the engine's load call. Everything in it is fixed (times,
 * owners, order), so one version of podrun gives one image id per architecture on every machine, and the tag
 * says which one it is.
 */
import { createHash } from 'node:crypto';
import { PAUSE_BINARIES } from '../pause/binaries.generated.ts';

/** The architectures that the infra image is built for, in Go's and the engine's words. */
export type InfraArch = keyof typeof PAUSE_BINARIES;

/** An image ready to be loaded: `POST /images/load` with `tar` as the body makes `tag` exist with id `id`. */
export interface InfraImage {
	/** podrun/pause:<version>-<first 12 hex digits of the image id> */
	readonly tag: string;
	/** sha256:<hex>, what the engine will call it (an engine with containerd's image store counts otherwise) */
	readonly id: string;
	readonly tar: Buffer;
}

/** Raised by hand when what the program understands changes. */
const PAUSE_VERSION = '1';
const CREATED = '2026-01-01T00:00:00Z';
const BLOCK = 512;

/**
 * The infra image for one architecture. Deterministic: same bytes, same tag, each time.
 */
export function infraImage(arch: InfraArch): InfraImage {
	const binary = Buffer.from(PAUSE_BINARIES[arch], 'base64');
	const layer = tar([{ name: 'pause', mode: 0o755, data: binary }]);
	const config = Buffer.from(
		JSON.stringify({
			architecture: arch,
			os: 'linux',
			created: CREATED,
			config: {
				Entrypoint: ['/pause'],
				WorkingDir: '/',
				Labels: { 'podrun.dev/role': 'infra' },
			},
			rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
			history: [{ created: CREATED, created_by: 'podrun: src/pause/pause.c' }],
		}),
	);
	const id = sha256(config);
	const tag = `podrun/pause:${PAUSE_VERSION}-${id.slice(0, 12)}`;
	const layerPath = `${sha256(layer)}/layer.tar`;
	const manifest = Buffer.from(
		JSON.stringify([{ Config: `${id}.json`, RepoTags: [tag], Layers: [layerPath] }]),
	);
	return {
		tag,
		id: `sha256:${id}`,
		tar: tar([
			{ name: `${id}.json`, mode: 0o644, data: config },
			{ name: layerPath, mode: 0o644, data: layer },
			{ name: 'manifest.json', mode: 0o644, data: manifest },
		]),
	};
}

/**
 * The architecture's name in an engine's answer (`uname -m` in /info, GOARCH in /version) as podrun's key;
 * undefined when no infra image is built for it.
 */
export function infraArch(name: string): InfraArch | undefined {
	if (name === 'amd64' || name === 'x86_64') return 'amd64';
	if (name === 'arm64' || name === 'aarch64') return 'arm64';
	return undefined;
}

interface TarEntry {
	readonly name: string;
	readonly mode: number;
	readonly data: Buffer;
}

/** A ustar archive of plain files, root's, of one fixed time. Names are at most 100 bytes here. */
function tar(entries: readonly TarEntry[]): Buffer {
	const parts: Buffer[] = [];
	for (const { name, mode, data } of entries) {
		const header = Buffer.alloc(BLOCK);
		header.write(name, 0, 'ascii');
		octal(header, 100, 8, mode);
		octal(header, 108, 8, 0);
		octal(header, 116, 8, 0);
		octal(header, 124, 12, data.length);
		octal(header, 136, 12, Date.parse(CREATED) / 1000);
		header.fill(' ', 148, 156);
		header.write('0', 156, 'ascii');
		header.write('ustar\x0000', 257, 'ascii');
		const sum = header.reduce((total, byte) => total + byte, 0);
		header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
		parts.push(header, data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK));
	}
	return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function octal(header: Buffer, offset: number, width: number, value: number): void {
	header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset, 'ascii');
}

function sha256(data: Buffer): string {
	return createHash('sha256').update(data).digest('hex');
}
