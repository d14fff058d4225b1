/**
 * The server's side of a SPDY connection: streams that the client opens, each a Duplex
 * whose ends close on their own. There are no windows (kubectl's library has none): what a stream can't take
 * yet is kept up to a limit, then the whole connection waits.
 */
import { Duplex } from 'node:stream';
import {
	CANCEL,
	controlFrame,
	dataFrame,
	type Frame,
	FrameReader,
	firstNumber,
	numbers,
	PING,
	REFUSED_STREAM,
	RST_STREAM,
	SpdyError,
	SYN_REPLY,
	SYN_STREAM,
} from './frames.ts';
import { HeaderCodec, type Headers } from './headers.ts';
import type { Wire } from './wire.ts';

/** Open streams of one connection: two for each TCP connection. */
const MOST_STREAMS = 2_000;
/** Bytes that may wait in one stream before the connection does. */
const HIGH_WATER = 4 * 1024 * 1024;
const SYN_STREAM_HEAD = 10;

/** Called for each new stream, after it was accepted. */
export type OnStream = (stream: Duplex, headers: Headers) => void;

/** Serves until the wire is closed. Throws nothing: a peer that breaks the protocol is cut off. */
export function serveSpdy(wire: Wire, onStream: OnStream): Promise<void> {
	const { promise, resolve } = Promise.withResolvers<void>();
	const connection = new Connection(wire, onStream);
	let work = Promise.resolve();
	wire.onBytes((bytes) => {
		wire.pause();
		work = work
			.then(() => connection.receive(bytes))
			.then(() => wire.resume())
			.catch((error: unknown) => {
				connection.close();
				wire.close(error instanceof SpdyError ? error.message : 'the connection broke');
			});
	});
	wire.onClose(() => {
		connection.close();
		resolve();
	});
	return promise;
}

class Connection {
	readonly #wire: Wire;
	readonly #onStream: OnStream;
	readonly #reader = new FrameReader();
	readonly #codec = new HeaderCodec();
	readonly #streams = new Map<number, SpdyStream>();
	#closed = false;

	constructor(wire: Wire, onStream: OnStream) {
		this.#wire = wire;
		this.#onStream = onStream;
	}

	async receive(bytes: Buffer): Promise<void> {
		if (this.#closed) return;
		for (const frame of this.#reader.read(bytes)) await this.#handle(frame);
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		for (const stream of this.#streams.values()) stream.destroy();
		this.#codec.close();
	}

	async #handle(frame: Frame): Promise<void> {
		if (frame.type === 'data') {
			const stream = this.#streams.get(frame.stream);
			await stream?.receive(frame.payload, frame.fin);
			return;
		}
		switch (frame.kind) {
			case SYN_STREAM:
				await this.#open(frame.payload, frame.fin);
				break;
			case RST_STREAM:
				this.#streams.get(firstNumber(frame.payload))?.wasReset();
				break;
			case PING:
				await this.#wire.send(controlFrame(PING, frame.payload));
				break;
		}
	}

	async #open(payload: Buffer, fin: boolean): Promise<void> {
		const id = firstNumber(payload);
		const headers = await this.#codec.decode(payload.subarray(SYN_STREAM_HEAD));
		if (this.#streams.has(id)) throw new SpdyError(`stream ${id} is open already`);
		if (this.#streams.size >= MOST_STREAMS) {
			await this.#wire.send(controlFrame(RST_STREAM, numbers(id, REFUSED_STREAM)));
			return;
		}
		const stream = new SpdyStream(this.#wire, id);
		this.#streams.set(id, stream);
		stream.once('close', () => this.#streams.delete(id));
		const block = await this.#codec.encode({});
		await this.#wire.send(controlFrame(SYN_REPLY, Buffer.concat([numbers(id), block])));
		if (fin) await stream.receive(Buffer.alloc(0), true);
		this.#onStream(stream, headers);
	}
}

class SpdyStream extends Duplex {
	readonly #wire: Wire;
	readonly #id: number;
	#over = false;
	#room = () => {};

	constructor(wire: Wire, id: number) {
		super({ allowHalfOpen: true, readableHighWaterMark: HIGH_WATER });
		this.#wire = wire;
		this.#id = id;
		// A stream that is cut is not an error of ours; whoever reads it is told as well.
		this.on('error', () => {});
	}

	/** What the client sent; resolves when there is room for more. */
	async receive(payload: Buffer, fin: boolean): Promise<void> {
		if (this.destroyed || this.readableEnded) return;
		const room = payload.length === 0 || this.push(payload);
		if (fin) this.push(null);
		if (room || fin) return;
		await new Promise<void>((resolve) => {
			this.#room = resolve;
		});
	}

	/** The client wants no more of it. */
	wasReset(): void {
		this.#over = true;
		this.destroy();
	}

	override _read(): void {
		this.#room();
	}

	override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
		this.#wire.send(dataFrame(this.#id, chunk, false)).then(() => done());
	}

	override _final(done: () => void): void {
		this.#wire.send(dataFrame(this.#id, Buffer.alloc(0), true)).then(() => done());
	}

	override _destroy(error: Error | null, done: (error: Error | null) => void): void {
		this.#room();
		const whole = this.#over || (this.readableEnded && this.writableFinished);
		if (!whole) this.#wire.send(controlFrame(RST_STREAM, numbers(this.#id, CANCEL)));
		done(error);
	}
}
