/** Protobuf's wire format: fields one after the other, each a varint of number and type, then the value. */

/** A number, or the bytes of everything else. */
export type WireValue = Buffer | bigint;

/** Throws RangeError at a premature end. */
export class Reader {
	readonly #bytes: Buffer;
	#at = 0;

	constructor(bytes: Buffer) {
		this.#bytes = bytes;
	}

	get done(): boolean {
		return this.#at >= this.#bytes.length;
	}

	field(): { number: number; value: WireValue } {
		const key = Number(this.#varint());
		const number = key >>> 3;
		switch (key & 7) {
			case 0:
				return { number, value: this.#varint() };
			case 1:
				return { number, value: this.#take(8) };
			case 2:
				return { number, value: this.#take(Number(this.#varint())) };
			case 5:
				return { number, value: this.#take(4) };
			default:
				throw new RangeError('no such wire type');
		}
	}

	#varint(): bigint {
		let value = 0n;
		for (let shift = 0n; shift < 70n; shift += 7n) {
			const byte = this.#take(1)[0] ?? 0;
			value |= BigInt(byte & 0x7f) << shift;
			if (byte < 0x80) return value;
		}
		throw new RangeError('a varint is too long');
	}

	#take(length: number): Buffer {
		if (this.#at + length > this.#bytes.length) throw new RangeError('premature end');
		this.#at += length;
		return this.#bytes.subarray(this.#at - length, this.#at);
	}
}
