/** The content of the first regular file of a tar stream: what the engine answers for the archive of one file. */
import type { Readable } from 'node:stream';

const BLOCK = 512;
/** A file beyond it is not read to its end, which may be a terabyte of nothing away. */
const LONGEST = 64 * 1024 * 1024;

/** At most `limit` bytes of it; the rest of the stream is not read. */
export async function firstFile(archive: Readable, limit: number): Promise<Buffer> {
	let buffer = Buffer.alloc(0);
	for await (const chunk of archive) {
		buffer = Buffer.concat([buffer, chunk as Buffer]);
		if (buffer.length < BLOCK) continue;
		const wanted = Math.min(sizeIn(buffer), limit);
		if (buffer.length >= BLOCK + wanted) {
			archive.destroy();
			return buffer.subarray(BLOCK, BLOCK + wanted);
		}
	}
	return Buffer.alloc(0);
}

/** At most the last `limit` bytes of it; nothing of a file that is too long to be read. */
export async function endOfFirstFile(archive: Readable, limit: number): Promise<Buffer> {
	let head = Buffer.alloc(0);
	let tail = Buffer.alloc(0);
	let left: number | undefined;
	for await (const chunk of archive) {
		let bytes = chunk as Buffer;
		if (left === undefined) {
			head = Buffer.concat([head, bytes]);
			if (head.length < BLOCK) continue;
			left = sizeIn(head);
			if (left > LONGEST) break;
			bytes = head.subarray(BLOCK);
		}
		const content = bytes.subarray(0, left);
		left -= content.length;
		// Of a chunk no more than its end can still be wanted.
		tail = Buffer.concat([tail, content.subarray(-limit)]).subarray(-limit);
		if (left === 0) break;
	}
	archive.destroy();
	return tail;
}

/** Octal digits, or base 256 for what is larger than they can say. */
function sizeIn(header: Buffer): number {
	if (((header[124] ?? 0) & 0x80) !== 0) return Number.POSITIVE_INFINITY;
	return Number.parseInt(header.toString('ascii', 124, 136), 8) || 0;
}
