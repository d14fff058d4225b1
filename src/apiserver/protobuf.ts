/**
 * Bodies in Kubernetes' protobuf envelope, for the few kinds that kubectl's typed clients send so and offer no
 * other way (`create configmap`, `create secret`, `create namespace`, `auth can-i`, `drain`). Answers are JSON
 * always, which those clients take. Any other kind in protobuf is refused with 415.
 *
 * The envelope: the bytes "k8s\0", then runtime.Unknown: 1 TypeMeta (1 apiVersion, 2 kind), 2 the object.
 */
import { badRequest } from '../api/errors.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

type FieldType = 'string' | 'strings' | 'bytes' | 'bool' | 'int' | 'texts' | 'blobs' | Message;
/** Name and type of each field by its number; a number that is not here is dropped. */
interface Message {
	readonly [number: number]: readonly [string, FieldType];
}

const META: Message = {
	1: ['name', 'string'],
	2: ['generateName', 'string'],
	3: ['namespace', 'string'],
	5: ['uid', 'string'],
	6: ['resourceVersion', 'string'],
	11: ['labels', 'texts'],
	12: ['annotations', 'texts'],
	14: ['finalizers', 'strings'],
};
const DELETE_OPTIONS: Message = {
	1: ['gracePeriodSeconds', 'int'],
	2: ['preconditions', { 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] }],
	4: ['propagationPolicy', 'string'],
	5: ['dryRun', 'strings'],
};
const MESSAGES: Readonly<Record<string, Message>> = {
	ConfigMap: {
		1: ['metadata', META],
		2: ['data', 'texts'],
		3: ['binaryData', 'blobs'],
		4: ['immutable', 'bool'],
	},
	Secret: {
		1: ['metadata', META],
		2: ['data', 'blobs'],
		3: ['type', 'string'],
		4: ['stringData', 'texts'],
		5: ['immutable', 'bool'],
	},
	Namespace: { 1: ['metadata', META] },
	Eviction: { 1: ['metadata', META], 2: ['deleteOptions', DELETE_OPTIONS] },
	DeleteOptions: DELETE_OPTIONS,
	// Whatever is asked, the answer is yes: the question need not be read.
	SelfSubjectAccessReview: {},
	SelfSubjectRulesReview: {},
	SelfSubjectReview: {},
};

const MAGIC = Buffer.from('k8s\0');
const ENVELOPE: Message = {
	1: ['type', { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] }],
	2: ['raw', 'bytes'],
};

/** The object in an envelope; undefined for a kind that is read in JSON and YAML only. Throws 400 for what is broken. */
export function fromProtobuf(body: Buffer): Record<string, unknown> | undefined {
	if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw badRequest('the body is no Kubernetes protobuf');
	try {
		const { type, raw } = decode(body.subarray(MAGIC.length), ENVELOPE) as {
			type?: { apiVersion?: string; kind?: string };
			raw?: string;
		};
		const kind = type?.kind ?? '';
		const message = Object.hasOwn(MESSAGES, kind) ? MESSAGES[kind] : undefined;
		if (message === undefined) return undefined;
		return { apiVersion: type?.apiVersion, kind, ...decode(Buffer.from(raw ?? '', 'base64'), message) };
	} catch (error) {
		if (error instanceof RangeError) throw badRequest('the protobuf body ends in the middle of a field');
		throw error;
	}
}

function decode(bytes: Buffer, message: Message): Record<string, unknown> {
	const result: Record<string, unknown> = {};
	const reader = new Reader(bytes);
	while (!reader.done) {
		const { number, value } = reader.field();
		const [name, type] = message[number] ?? [];
		if (name !== undefined && type !== undefined) put(result, name, type, value);
	}
	return result;
}

function put(target: Record<string, unknown>, name: string, type: FieldType, value: Buffer | bigint): void {
	if (typeof value === 'bigint') {
		if (type === 'bool') target[name] = value !== 0n;
		else if (type === 'int') target[name] = Number(BigInt.asIntN(64, value));
		return;
	}
	switch (type) {
		case 'string':
			// Go writes empty strings too; in JSON they are left out.
			if (value.length > 0) target[name] = value.toString('utf8');
			return;
		case 'strings':
			target[name] = [...((target[name] as string[] | undefined) ?? []), value.toString('utf8')];
			return;
		case 'bytes':
			target[name] = value.toString('base64');
			return;
		case 'texts':
		case 'blobs': {
			const entry = decode(value, { 1: ['key', 'string'], 2: ['value', 'bytes'] });
			const encoded = String(entry.value ?? '');
			const map = (target[name] ?? {}) as Record<string, unknown>;
			Object.defineProperty(map, String(entry.key ?? ''), {
				value: type === 'blobs' ? encoded : Buffer.from(encoded, 'base64').toString('utf8'),
				enumerable: true,
				configurable: true,
				writable: true,
			});
			target[name] = map;
			return;
		}
		case 'bool':
		case 'int':
			return;
		default:
			target[name] = decode(value, type);
	}
}

/** Protobuf's wire format: a varint of number and type, then the value. Throws RangeError at a premature end. */
class Reader {
	readonly #bytes: Buffer;
	#at = 0;

	constructor(bytes: Buffer) {
		this.#bytes = bytes;
	}

	get done(): boolean {
		return this.#at >= this.#bytes.length;
	}

	field(): { number: number; value: Buffer | bigint } {
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
