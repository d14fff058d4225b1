/**
 * The one tar writer: small trees of folders, files and symbolic links as a buffer for the engine's archive
 * call. ustar, with a pax header for paths that do not fit. Deterministic: the caller gives the time.
 */

export interface TarEntry {
	/** Relative to where the archive is unpacked; no leading slash. */
	readonly path: string;
	readonly type: 'file' | 'directory' | 'symlink';
	/** Permission bits, setgid included. */
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	/** Of a file. */
	readonly content?: Uint8Array;
	/** Of a symlink. */
	readonly target?: string;
	/** Modification time of this entry, seconds since the epoch; else the archive's. */
	readonly seconds?: number;
}

const BLOCK = 512;
const NAME_MAX = 100;
const TYPES = { file: '0', symlink: '2', directory: '5' } as const;

/** The archive. `seconds`: modification time of every entry, since the epoch. */
export function tar(entries: readonly TarEntry[], seconds: number): Buffer {
	return Buffer.concat([...entries.flatMap((entry) => entryBlocks(entry, seconds)), END_OF_ARCHIVE]);
}

/** What an archive ends with. */
export const END_OF_ARCHIVE = Buffer.alloc(2 * BLOCK);

/** One entry's blocks, for an archive that is written piece by piece. */
export function entryBlocks(entry: TarEntry, archiveSeconds: number): Buffer[] {
	const blocks: Buffer[] = [];
	const seconds = entry.seconds ?? archiveSeconds;
	const path = entry.type === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path;
	const content = Buffer.from(entry.content ?? []);
	const records: string[] = [];
	if (Buffer.byteLength(path) > NAME_MAX) records.push(record('path', path));
	if (Buffer.byteLength(entry.target ?? '') > NAME_MAX) records.push(record('linkpath', entry.target ?? ''));
	if (records.length > 0) {
		const pax = Buffer.from(records.join(''));
		blocks.push(header({ path: 'pax', mode: 0o644, uid: 0, gid: 0, size: pax.length, seconds, type: 'x' }));
		blocks.push(padded(pax));
	}
	const { mode, uid, gid, target = '' } = entry;
	blocks.push(
		header({ path, mode, uid, gid, size: content.length, seconds, type: TYPES[entry.type], target }),
	);
	if (content.length > 0) blocks.push(padded(content));
	return blocks;
}

interface Header {
	readonly path: string;
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly size: number;
	readonly seconds: number;
	readonly type: string;
	readonly target?: string;
}

function header({ path, mode, uid, gid, size, seconds, type, target = '' }: Header): Buffer {
	const block = Buffer.alloc(BLOCK);
	Buffer.from(path).copy(block, 0, 0, NAME_MAX);
	octal(block, mode, 100, 8);
	octal(block, uid, 108, 8);
	octal(block, gid, 116, 8);
	octal(block, size, 124, 12);
	octal(block, Math.max(0, Math.floor(seconds)), 136, 12);
	block.fill(' ', 148, 156);
	block.write(type, 156);
	Buffer.from(target).copy(block, 157, 0, NAME_MAX);
	block.write('ustar\x0000', 257, 'latin1');
	let sum = 0;
	for (const byte of block) sum += byte;
	block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
	return block;
}

/** Numbers that don't fit as octal digits (uids above 2 097 151) are written in base 256, as GNU tar does. */
function octal(block: Buffer, value: number, at: number, width: number): void {
	const digits = value.toString(8);
	if (digits.length < width) {
		block.write(digits.padStart(width - 1, '0'), at, 'latin1');
		return;
	}
	block[at] = 0x80;
	let rest = value;
	for (let position = at + width - 1; position > at; position -= 1) {
		block[position] = rest % 256;
		rest = Math.floor(rest / 256);
	}
}

function padded(content: Buffer): Buffer {
	const rest = content.length % BLOCK;
	return rest === 0 ? content : Buffer.concat([content, Buffer.alloc(BLOCK - rest)]);
}

/** `<length> key=value\n`, where the length counts itself. */
function record(key: string, value: string): string {
	const body = ` ${key}=${value}\n`;
	const size = Buffer.byteLength(body);
	let length = size + String(size).length;
	if (size + String(length).length !== length) length = size + String(length).length;
	return `${length}${body}`;
}
