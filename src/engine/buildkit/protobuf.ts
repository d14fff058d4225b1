/** As much of protobuf's wire format as BuildKit's messages need: numbers and lengths in, texts out. Pure. */

export interface Field {
	readonly number: number;
	/** Of a varint, as far as it is no larger than a safe integer; else 0. */
	readonly value: number;
	/** Of a field with a length: text, bytes or a message; else empty. */
	readonly bytes: Buffer;
}

/** The fields of a message, in their order. Throws RangeError for what is cut off. */
export function* fields(message: Buffer): Generator<Field> {
	let at = 0;
	const varint = (): number => {
		let [value, factor] = [0, 1];
		for (;;) {
			const byte = message.readUInt8(at);
			at += 1;
			value += (byte & 0x7f) * factor;
			factor *= 128;
			if (byte < 0x80) return value;
		}
	};
	while (at < message.length) {
		const key = varint();
		const number = Math.floor(key / 8);
		const kind = key % 8;
		if (kind === 0) yield { number, value: varint(), bytes: Buffer.alloc(0) };
		else {
			const length = kind === 2 ? varint() : kind === 1 ? 8 : 4;
			if (at + length > message.length) throw new RangeError('a protobuf message is cut off');
			yield { number, value: 0, bytes: message.subarray(at, at + length) };
			at += length;
		}
	}
}

/** A message of texts, by their numbers. */
export function texts(...values: readonly (readonly [number: number, text: string])[]): Buffer {
	return Buffer.concat(
		values.flatMap(([number, text]) => {
			const bytes = Buffer.from(text);
			return [Buffer.from([number * 8 + 2, ...varint(bytes.length)]), bytes];
		}),
	);
}

function varint(value: number): number[] {
	const bytes: number[] = [];
	let rest = value;
	for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
	return [...bytes, rest];
}
