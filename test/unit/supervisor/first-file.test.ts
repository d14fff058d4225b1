/** One file out of the archive that an engine answers. */
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { tar } from '../../../src/api/tar.ts';
import { endOfFirstFile, firstFile } from '../../../src/supervisor/first-file.ts';

const text = 'abcdefghij'.repeat(200);
const archive = tar(
	[{ path: 'message', type: 'file', mode: 0o644, uid: 0, gid: 0, content: Buffer.from(text) }],
	0,
);

/** The archive in chunks of this many bytes. */
function cut(size: number): Readable {
	const chunks: Buffer[] = [];
	for (let at = 0; at < archive.length; at += size) chunks.push(archive.subarray(at, at + size));
	return Readable.from(chunks);
}

it.each([1, 100, 511, 513, 10_000])(
	'begins and ends where it should, in chunks of %d bytes',
	async (size) => {
		expect((await firstFile(cut(size), 25)).toString()).toBe(text.slice(0, 25));
		expect((await endOfFirstFile(cut(size), 25)).toString()).toBe(text.slice(-25));
		expect((await firstFile(cut(size), 5_000)).toString()).toBe(text);
		expect((await endOfFirstFile(cut(size), 5_000)).toString()).toBe(text);
	},
);

it('does not read a terabyte for its end', async () => {
	const head = Buffer.alloc(512);
	head.write('message', 0);
	// A terabyte in base 256, as tar writes what octal digits can't say.
	head[124] = 0x80;
	head.writeBigUInt64BE(2n ** 40n, 128);
	let given = 0;
	const endless = new Readable({
		read() {
			this.push(given === 0 ? head : Buffer.alloc(64 * 1024));
			given += 1;
		},
	});
	expect((await endOfFirstFile(endless, 4096)).length).toBe(0);
	expect(given).toBeLessThan(10);
});
