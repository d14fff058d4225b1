/**
 * Frames of SPDY/3.1 as bytes: cut out of a stream, and made. Only those that a tunnelled port-forward uses
 * are given a shape; SETTINGS, HEADERS and WINDOW_UPDATE are told by their type and otherwise ignored, since
 * kubectl's library neither keeps windows nor sends the rest.
 *
 *   control   1 version(15) type(16) | flags(8) length(24) | payload
 *   data      0 stream(31)           | flags(8) length(24) | bytes
 */

/** The peer does not speak SPDY as we know it: the connection is of no more use. */
export class SpdyError extends Error {}

export const SYN_STREAM = 1;
export const SYN_REPLY = 2;
export const RST_STREAM = 3;
export const PING = 6;
export const GOAWAY = 7;

export const FIN = 1;

/** Codes of RST_STREAM. */
export const REFUSED_STREAM = 3;
export const CANCEL = 5;

const VERSION = 3;
const HEAD = 8;
/** Bytes of one frame; kubectl sends up to 32 KiB at once. */
const LONGEST = 4 * 1024 * 1024;

export type Frame =
	| { readonly type: 'data'; readonly stream: number; readonly fin: boolean; readonly payload: Buffer }
	| { readonly type: 'control'; readonly kind: number; readonly fin: boolean; readonly payload: Buffer };

/** Bytes in, frames out, wherever the bytes were cut. */
export class FrameReader {
	#rest: Buffer = Buffer.alloc(0);

	/** Throws SpdyError. */
	*read(bytes: Buffer): Generator<Frame> {
		this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
		while (this.#rest.length >= HEAD) {
			const length = this.#rest.readUIntBE(5, 3);
			if (length > LONGEST) throw new SpdyError(`a frame of ${length} bytes is too long`);
			if (this.#rest.length < HEAD + length) return;
			const frame = frameOf(this.#rest.subarray(0, HEAD + length));
			this.#rest = this.#rest.subarray(HEAD + length);
			yield frame;
		}
	}
}

function frameOf(bytes: Buffer): Frame {
	const first = bytes.readUInt32BE(0);
	const fin = ((bytes[4] ?? 0) & FIN) !== 0;
	const payload = bytes.subarray(HEAD);
	if (first < 0x8000_0000) return { type: 'data', stream: first, fin, payload };
	const version = (first >>> 16) & 0x7fff;
	if (version !== VERSION) throw new SpdyError(`version ${version} of SPDY is not spoken here`);
	return { type: 'control', kind: first & 0xffff, fin, payload };
}

/** `fin`: the last one of this direction. */
export function dataFrame(stream: number, payload: Buffer, fin: boolean): Buffer {
	const head = Buffer.alloc(HEAD);
	head.writeUInt32BE(stream);
	head[4] = fin ? FIN : 0;
	head.writeUIntBE(payload.length, 5, 3);
	return Buffer.concat([head, payload]);
}

/** Without flags. */
export function controlFrame(kind: number, payload: Buffer): Buffer {
	const head = Buffer.alloc(HEAD);
	head.writeUInt16BE(0x8000 | VERSION);
	head.writeUInt16BE(kind, 2);
	head.writeUIntBE(payload.length, 5, 3);
	return Buffer.concat([head, payload]);
}

/** Payload of 32-bit numbers: RST_STREAM is (stream, code), GOAWAY (last stream, code). */
export function numbers(...values: readonly number[]): Buffer {
	const bytes = Buffer.alloc(4 * values.length);
	for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
	return bytes;
}

/** The 32-bit number at the start of a payload, a stream's id or a ping's. Throws SpdyError. */
export function firstNumber(payload: Buffer): number {
	if (payload.length < 4) throw new SpdyError('a control frame is too short');
	return payload.readUInt32BE(0) & 0x7fff_ffff;
}
