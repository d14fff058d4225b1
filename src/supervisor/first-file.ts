/** The content of the first regular file of a tar stream: what the engine answers for the archive of one file. */
import type { Readable } from 'node:stream';

const BLOCK = 512;

/** At most `limit` bytes of it; the rest of the stream is not read. */
export async function firstFile(archive: Readable, limit: number): Promise<Buffer> {
	let buffer = Buffer.alloc(0);
	for await (const chunk of archive) {
		buffer = Buffer.concat([buffer, chunk as Buffer]);
		if (buffer.length < BLOCK) continue;
		const size = Number.parseInt(buffer.toString('ascii', 124, 136), 8) || 0;
		if (buffer.length >= BLOCK + Math.min(size, limit)) {
			archive.destroy();
			return buffer.subarray(BLOCK, BLOCK + Math.min(size, limit));
		}
	}
	return Buffer.alloc(0);
}
