/**
 * Header blocks of SPDY/3: names and values with their lengths in front, through one zlib stream for each
 * direction of a connection that begins with a dictionary known to both sides. The state of the stream runs on
 * from block to block, so blocks have to come in the order of the wire.
 */
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { DICTIONARY } from './dictionary.ts';
import { SpdyError } from './frames.ts';

/** Bytes of one block's text; kubectl's are below 100. */
const LONGEST_BLOCK = 64 * 1024;

export type Headers = Readonly<Record<string, string>>;

export class HeaderCodec {
	readonly #inflate: Inflate;
	readonly #deflate: Deflate;

	constructor() {
		const options = { dictionary: DICTIONARY, flush: constants.Z_SYNC_FLUSH };
		this.#inflate = createInflate(options);
		this.#deflate = createDeflate(options);
	}

	/** Throws SpdyError for what is no header block. */
	async decode(block: Buffer): Promise<Headers> {
		return parse(await through(this.#inflate, block));
	}

	encode(headers: Headers): Promise<Buffer> {
		return through(this.#deflate, serialize(headers));
	}

	close(): void {
		this.#inflate.close();
		this.#deflate.close();
	}
}

function through(stream: Inflate | Deflate, input: Buffer): Promise<Buffer> {
	const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
	const chunks: Buffer[] = [];
	let length = 0;
	const onData = (chunk: Buffer) => {
		length += chunk.length;
		if (length > LONGEST_BLOCK) onError();
		else chunks.push(chunk);
	};
	const onError = () => {
		stream.destroy();
		reject(new SpdyError('the header block is broken'));
	};
	stream.on('data', onData);
	stream.once('error', onError);
	stream.write(input, () => {
		stream.off('data', onData);
		stream.off('error', onError);
		resolve(Buffer.concat(chunks));
	});
	return promise;
}

function parse(text: Buffer): Headers {
	let at = 0;
	const number = () => {
		if (at + 4 > text.length) throw new SpdyError('the header block is too short');
		at += 4;
		return text.readUInt32BE(at - 4);
	};
	const word = () => {
		const length = number();
		if (at + length > text.length) throw new SpdyError('the header block is too short');
		at += length;
		return text.toString('utf8', at - length, at);
	};
	const pairs: [string, string][] = [];
	for (let left = number(); left > 0; left--) pairs.push([word().toLowerCase(), word()]);
	return Object.fromEntries(pairs);
}

function serialize(headers: Headers): Buffer {
	const pairs = Object.entries(headers);
	const parts = [uint32(pairs.length)];
	for (const text of pairs.flat()) {
		const bytes = Buffer.from(text);
		parts.push(uint32(bytes.length), bytes);
	}
	return Buffer.concat(parts);
}

function uint32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
}
