/**
 * Docker's multiplexed streams: frames of an 8-byte header (stream, three zeroes, length) and a payload. The
 * client library's own demultiplexer recurses once per frame (5 000 small frames in one chunk overflow the
 * stack) and ignores back-pressure, so here is ours: iterative, linear, and pulling.
 */
import { PassThrough, type Readable } from 'node:stream';
import { EngineError, type LogChunk } from './engine.ts';

const HEADER = 8;
/** Bytes that may wait to be read: some reads of a socket (64 KiB), so that reader and writer need not take turns. */
const HIGH_WATER = 256 * 1024;

/** Cuts chunks into frames; keeps what is not whole yet. Linear in the bytes, however they are cut. */
export class FrameDecoder {
	#header = Buffer.alloc(HEADER);
	#headerFilled = 0;
	#stream: LogChunk['stream'] | 'error' = 'stdout';
	#missing = 0;
	#parts: Buffer[] = [];

	/**
	 * The frames that are whole with this chunk, in order.
	 * @throws EngineError UNKNOWN when the bytes are no frames (a TTY's raw stream), or the engine reports an error in-band.
	 */
	push(chunk: Buffer): LogChunk[] {
		const frames: LogChunk[] = [];
		let offset = 0;
		while (offset < chunk.length) {
			if (this.#headerFilled < HEADER) {
				const taken = Math.min(HEADER - this.#headerFilled, chunk.length - offset);
				chunk.copy(this.#header, this.#headerFilled, offset, offset + taken);
				this.#headerFilled += taken;
				offset += taken;
				if (this.#headerFilled < HEADER) break;
				this.#readHeader();
			}
			const taken = Math.min(this.#missing, chunk.length - offset);
			if (taken > 0) {
				this.#parts.push(chunk.subarray(offset, offset + taken));
				this.#missing -= taken;
				offset += taken;
			}
			if (this.#missing === 0) {
				const frame = this.#finish();
				if (frame) frames.push(frame);
			}
		}
		return frames;
	}

	/** Is a frame begun and not whole? At the end of a stream that means that it was cut. */
	get partial(): boolean {
		return this.#headerFilled > 0;
	}

	#readHeader(): void {
		const kind = this.#header[0];
		if (kind === undefined || kind > 3 || this.#header.readUIntBE(1, 3) !== 0) {
			throw new EngineError('UNKNOWN', 'the stream is not multiplexed (is it a TTY?)');
		}
		this.#stream = kind === 3 ? 'error' : kind === 2 ? 'stderr' : 'stdout';
		this.#missing = this.#header.readUInt32BE(4);
	}

	#finish(): LogChunk | undefined {
		const [first] = this.#parts;
		const data = this.#parts.length === 1 && first ? first : Buffer.concat(this.#parts);
		this.#parts = [];
		this.#headerFilled = 0;
		if (this.#stream === 'error') throw new EngineError('UNKNOWN', data.toString('utf8').trim());
		return data.length === 0 ? undefined : { stream: this.#stream, data };
	}
}

/** A multiplexed stream as its frames. Reads only as fast as it is consumed. */
export async function* demultiplex(source: AsyncIterable<Buffer>): AsyncGenerator<LogChunk, void, void> {
	const decoder = new FrameDecoder();
	for await (const chunk of source) yield* decoder.push(chunk);
}

/** A raw (TTY) stream in the shape of a multiplexed one: all of it is stdout. */
export async function* raw(source: AsyncIterable<Buffer>): AsyncGenerator<LogChunk, void, void> {
	for await (const data of source) yield { stream: 'stdout', data };
}

/** Two readables fed from one connection, and when that is over. */
export interface SplitStreams {
	readonly stdout: Readable;
	readonly stderr: Readable;
	/** Resolves at the connection's end; rejects when it broke. Both readables end (or fail) with it. */
	readonly ended: Promise<void>;
}

/**
 * Splits a connection into stdout and stderr. Back-pressure of either one holds the connection: a caller must
 * read both, or `resume()` the one that it does not want.
 */
export function split(source: Readable, tty: boolean): SplitStreams {
	const stdout = new PassThrough({ highWaterMark: HIGH_WATER });
	const stderr = new PassThrough({ highWaterMark: HIGH_WATER });
	const feed = async (): Promise<void> => {
		const decoder = tty ? undefined : new FrameDecoder();
		for await (const chunk of source as AsyncIterable<Buffer>) {
			if (!decoder) {
				await write(stdout, chunk);
				continue;
			}
			const frames = decoder.push(chunk);
			for (const run of runs(frames)) await write(run.stream === 'stderr' ? stderr : stdout, run.data);
		}
	};
	const ended = feed().then(
		() => {
			stdout.end();
			stderr.end();
		},
		(error: unknown) => {
			const cause = error instanceof Error ? error : new Error(String(error));
			// Nobody may be listening on one of the two; the failure is told by `ended`.
			for (const stream of [stdout, stderr]) {
				stream.on('error', () => undefined);
				stream.destroy(cause);
			}
			throw cause;
		},
	);
	ended.catch(() => undefined);
	return { stdout, stderr, ended };
}

/** Neighbouring frames of the same stream as one write: order is kept, tiny frames cost little. */
function* runs(frames: readonly LogChunk[]): Generator<LogChunk> {
	let start = 0;
	while (start < frames.length) {
		const stream = frames[start]?.stream ?? 'stdout';
		let end = start + 1;
		while (end < frames.length && frames[end]?.stream === stream) end++;
		const slice = frames.slice(start, end);
		const [only] = slice;
		yield slice.length === 1 && only ? only : { stream, data: Buffer.concat(slice.map((f) => f.data)) };
		start = end;
	}
}

/** Undefined: there is room for more at once. */
function write(stream: PassThrough, data: Buffer): Promise<void> | undefined {
	// A side that is not wanted any more is no reason to stop: the other goes on.
	if (stream.destroyed || stream.write(data)) return undefined;
	const { promise, resolve } = Promise.withResolvers<void>();
	const go = (): void => {
		stream.off('drain', go).off('close', go);
		resolve();
	};
	stream.on('drain', go).on('close', go);
	return promise;
}

/**
 * Lines of a byte stream as text, whole characters however the chunks are cut. The last one need not end in a
 * newline; empty lines are left out.
 */
export async function* lines(source: AsyncIterable<Buffer>): AsyncGenerator<string, void, void> {
	const decoder = new TextDecoder();
	let parts: string[] = [];
	for await (const chunk of source) {
		const pieces = decoder.decode(chunk, { stream: true }).split('\n');
		const last = pieces.pop() ?? '';
		for (const piece of pieces) {
			parts.push(piece);
			const line = parts.join('').trim();
			parts = [];
			if (line !== '') yield line;
		}
		if (last !== '') parts.push(last);
	}
	const rest = (parts.join('') + decoder.decode()).trim();
	if (rest !== '') yield rest;
}
