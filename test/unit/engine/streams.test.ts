/** Docker's multiplexed streams: however they are cut, and however slowly they are read. */
import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogChunk } from '../../../src/engine/engine.ts';
import { demultiplex, FrameDecoder, lines, raw, split } from '../../../src/engine/streams.ts';
import { collect } from '../../support/contract.ts';

function frame(stream: 0 | 1 | 2 | 3, data: Buffer | string): Buffer {
	const payload = Buffer.from(data);
	const header = Buffer.alloc(8);
	header[0] = stream;
	header.writeUInt32BE(payload.length, 4);
	return Buffer.concat([header, payload]);
}

function cutAt(bytes: Buffer, sizes: readonly number[]): Buffer[] {
	const chunks: Buffer[] = [];
	let offset = 0;
	for (let index = 0; offset < bytes.length; index++) {
		const size = sizes.length === 0 ? bytes.length : (sizes[index % sizes.length] ?? 1);
		chunks.push(bytes.subarray(offset, offset + size));
		offset += size;
	}
	return chunks;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
	const list: T[] = [];
	for await (const item of items) list.push(item);
	return list;
}

const shown = ({ stream, data }: LogChunk): string => `${stream}:${data.toString('utf8')}`;

describe('demultiplex', () => {
	it('gives the frames in order, both streams', async () => {
		const bytes = Buffer.concat([frame(1, 'a\n'), frame(2, 'b\n'), frame(1, ''), frame(1, 'c\n')]);
		expect((await all(demultiplex(Readable.from([bytes])))).map(shown)).toEqual([
			'stdout:a\n',
			'stderr:b\n',
			'stdout:c\n',
		]);
	});

	it('does not care how the bytes are cut', () => {
		const frames = fc.array(
			fc.record({ stream: fc.constantFrom(1 as const, 2 as const), data: fc.uint8Array({ minLength: 1 }) }),
		);
		const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 });
		fc.assert(
			fc.property(frames, sizes, (sent, cuts) => {
				const bytes = Buffer.concat(sent.map(({ stream, data }) => frame(stream, Buffer.from(data))));
				const decoder = new FrameDecoder();
				const got = cutAt(bytes, cuts).flatMap((chunk) => decoder.push(chunk));
				expect(got.map(({ stream, data }) => [stream, data.toString('hex')])).toEqual(
					sent.map(({ stream, data }) => [
						stream === 1 ? 'stdout' : 'stderr',
						Buffer.from(data).toString('hex'),
					]),
				);
				expect(decoder.partial).toBe(false);
			}),
		);
	});

	it('takes 50 000 tiny frames in one chunk, and a large one in many', () => {
		const tiny = Buffer.concat(Array.from({ length: 50_000 }, (_, n) => frame(1, String(n % 10))));
		expect(new FrameDecoder().push(tiny)).toHaveLength(50_000);

		const large = frame(2, Buffer.alloc(8 << 20, 'x'));
		const decoder = new FrameDecoder();
		const got = cutAt(large, [4096]).flatMap((chunk) => decoder.push(chunk));
		expect(got).toHaveLength(1);
		expect(got[0]?.data.length).toBe(8 << 20);
	});

	it('refuses a raw stream, and tells an error of the engine', () => {
		expect(() => new FrameDecoder().push(Buffer.from('hello from a tty\r\n'))).toThrow(/not multiplexed/);
		expect(() => new FrameDecoder().push(frame(3, 'disk is full'))).toThrow('disk is full');
	});

	it('reads no more than is asked for', async () => {
		let produced = 0;
		const source = async function* (): AsyncGenerator<Buffer> {
			for (;;) {
				produced++;
				yield frame(1, 'x');
			}
		};
		const frames = demultiplex(source());
		for (let n = 0; n < 10; n++) await frames.next();
		expect(produced).toBe(10);
		await frames.return();
	});

	it('leaves a TTY as it is', async () => {
		expect((await all(raw(Readable.from([Buffer.from('a\r\n')])))).map(shown)).toEqual(['stdout:a\r\n']);
	});
});

describe('split', () => {
	it('feeds both sides and ends them', async () => {
		const { stdout, stderr, ended } = split(
			Readable.from(cutAt(Buffer.concat([frame(1, 'out1 '), frame(2, 'err'), frame(1, 'out2')]), [3])),
			false,
		);
		expect(await collect({ stdout, stderr })).toEqual({ stdout: 'out1 out2', stderr: 'err' });
		await ended;
	});

	it('holds the connection while a side is not read, and loses nothing', async () => {
		const source = new PassThrough();
		const { stdout, stderr } = split(source, false);
		const block = Buffer.alloc(64 << 10, 'x');
		let sent = 0;
		while (source.write(frame(1, block))) {
			sent++;
			await new Promise((resolve) => setImmediate(resolve));
			expect(sent).toBeLessThan(100);
		}
		source.end();
		const got = await collect({ stdout, stderr });
		expect(got.stdout.length).toBe((sent + 1) * block.length);
	});

	it('goes on with one side when the other is not wanted', async () => {
		const source = new PassThrough();
		const { stdout, stderr } = split(source, false);
		stderr.destroy();
		for (let n = 0; n < 100; n++) source.write(frame(2, Buffer.alloc(10_000)));
		source.end(frame(1, 'out'));
		const parts = await all(stdout as AsyncIterable<Buffer>);
		expect(Buffer.concat(parts).toString()).toBe('out');
	});

	it('fails when the connection breaks', async () => {
		const source = new PassThrough();
		const { stdout, ended } = split(source, true);
		stdout.resume();
		source.destroy(new Error('cut'));
		await expect(ended).rejects.toThrow('cut');
	});
});

describe('lines', () => {
	it('keeps characters whole that were cut in the middle, and gives a last line without a newline', async () => {
		const bytes = Buffer.from('{"a":"grüß"}\r\n\n{"b":"…"}');
		expect(await all(lines(Readable.from(cutAt(bytes, [1]))))).toEqual(['{"a":"grüß"}', '{"b":"…"}']);
	});

	it('takes a line of many chunks in linear time', async () => {
		const bytes = Buffer.alloc(8 << 20, 'x');
		expect((await all(lines(Readable.from(cutAt(bytes, [1024])))))[0]?.length).toBe(8 << 20);
	});
});
