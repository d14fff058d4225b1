/**
 * Bodies in Kubernetes' protobuf envelope, which some clients send and offer no other way: kubectl's typed verbs
 * (`create configmap`, `debug --copy-to`, `drain`), controllers. Answers are JSON always, which those clients
 * take. A kind that is not read here is refused with 415.
 *
 * The envelope: the bytes "k8s\0", then runtime.Unknown: 1 TypeMeta (1 apiVersion, 2 kind), 2 the object.
 */
import { badRequest } from '../api/errors.ts';
import { KINDS, MODELS } from '../manifest/schema.generated.ts';
import { NUMBERS } from './protobuf.generated.ts';
import { Reader, type WireValue } from './protobuf-wire.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** A message that no manifest holds: its fields with their types, and their numbers. */
interface Message {
	readonly fields: Readonly<Record<string, string>>;
	readonly numbers: string;
}

const OWN: Readonly<Record<string, Message>> = {
	Preconditions: { fields: { uid: 'string', resourceVersion: 'string' }, numbers: 'uid:1 resourceVersion:2' },
	DeleteOptions: {
		fields: {
			gracePeriodSeconds: 'int64',
			preconditions: 'Preconditions',
			propagationPolicy: 'string',
			dryRun: '[]string',
		},
		numbers: 'gracePeriodSeconds:1 preconditions:2 propagationPolicy:4 dryRun:5',
	},
	Eviction: {
		fields: { metadata: 'ObjectMeta', deleteOptions: 'DeleteOptions' },
		numbers: 'metadata:1 deleteOptions:2',
	},
	// Whatever is asked, the answer is yes: the question need not be read.
	SelfSubjectAccessReview: { fields: {}, numbers: '' },
	SelfSubjectRulesReview: { fields: {}, numbers: '' },
	SelfSubjectReview: { fields: {}, numbers: '' },
	Unknown: { fields: { typeMeta: 'TypeMeta', raw: 'bytes' }, numbers: 'typeMeta:1 raw:2' },
	TypeMeta: { fields: { apiVersion: 'string', kind: 'string' }, numbers: 'apiVersion:1 kind:2' },
	Quantity: { fields: { text: 'string' }, numbers: 'text:1' },
	IntOrString: {
		fields: { type: 'int64', number: 'int32', text: 'string' },
		numbers: 'type:1 number:2 text:3',
	},
	Time: { fields: { seconds: 'int64', nanos: 'int32' }, numbers: 'seconds:1 nanos:2' },
};

/**
 * Fields that Go holds by value: it writes them when they are zero too, where JSON leaves them out. Everything else
 * that is there was meant.
 */
const BY_VALUE: ReadonlySet<string> = new Set(
	(
		'tty stdin stdinOnce readOnly hostNetwork hostPID hostIPC hostPort containerPort initialDelaySeconds ' +
		'timeoutSeconds periodSeconds successThreshold failureThreshold generation restartCount ready count ' +
		'maxSkew weight'
	).split(' '),
);

const MAGIC = Buffer.from('k8s\0');

/** The object in an envelope; undefined for a kind that is read in JSON and YAML only. Throws 400 for what is broken. */
export function fromProtobuf(body: Buffer): Record<string, unknown> | undefined {
	if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw badRequest('the body is no Kubernetes protobuf');
	try {
		const { typeMeta, raw } = decode(body.subarray(MAGIC.length), 'Unknown') as {
			typeMeta?: { apiVersion?: string; kind?: string };
			raw?: string;
		};
		const { apiVersion, kind = '' } = typeMeta ?? {};
		const model = Object.hasOwn(OWN, kind) ? kind : modelOf(apiVersion, kind);
		if (model === undefined) return undefined;
		return { apiVersion, kind, ...decode(Buffer.from(raw ?? '', 'base64'), model) };
	} catch (error) {
		if (error instanceof RangeError) throw badRequest('the protobuf body ends in the middle of a field');
		throw error;
	}
}

function modelOf(apiVersion: string | undefined, kind: string): string | undefined {
	const kinds = apiVersion === 'v1' ? KINDS.v1 : undefined;
	return kinds !== undefined && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
}

/** Names by number of a model, and the messages that Go embeds. */
interface Layout {
	readonly names: ReadonlyMap<string, string>;
	readonly embedded: ReadonlySet<string>;
	readonly types: Readonly<Record<string, string>>;
}

const layouts = new Map<string, Layout>();

function layoutOf(model: string): Layout {
	let layout = layouts.get(model);
	if (layout === undefined) {
		const numbers = OWN[model]?.numbers ?? NUMBERS[model] ?? '';
		const pairs = numbers.split(' ').map((pair) => pair.split(':').reverse() as [string, string]);
		const embedded = pairs.flatMap(([number]) => (number.includes('.') ? (number.split('.')[0] ?? []) : []));
		layout = {
			names: new Map(pairs),
			embedded: new Set(embedded),
			types: OWN[model]?.fields ?? MODELS[model] ?? {},
		};
		layouts.set(model, layout);
	}
	return layout;
}

/** A number that is not known is dropped. */
function decode(
	bytes: Buffer,
	model: string,
	prefix = '',
	result: Record<string, unknown> = {},
): Record<string, unknown> {
	const { names, embedded, types } = layoutOf(model);
	const reader = new Reader(bytes);
	while (!reader.done) {
		const { number, value } = reader.field();
		const key = `${prefix}${number}`;
		const name = names.get(key);
		if (name !== undefined) put(result, name, types[name] ?? '', value);
		else if (embedded.has(key) && typeof value !== 'bigint') decode(value, model, `${key}.`, result);
	}
	return result;
}

function put(target: Record<string, unknown>, name: string, type: string, value: WireValue): void {
	if (type.startsWith('[]')) {
		const list = (target[name] ?? []) as unknown[];
		list.push(valueAt(type.slice(2), value));
		target[name] = list;
		return;
	}
	if (type.startsWith('{}')) {
		if (typeof value === 'bigint') return;
		const entry = new Map<number, WireValue>();
		const reader = new Reader(value);
		while (!reader.done) {
			const field = reader.field();
			entry.set(field.number, field.value);
		}
		const map = (target[name] ?? {}) as Record<string, unknown>;
		// A key `__proto__` is data like any other.
		Object.defineProperty(map, String(valueAt('string', entry.get(1) ?? Buffer.alloc(0))), {
			value: valueAt(type.slice(2), entry.get(2) ?? Buffer.alloc(0)),
			enumerable: true,
			configurable: true,
			writable: true,
		});
		target[name] = map;
		return;
	}
	const one = valueAt(type, value);
	const isZero = one === undefined || one === '' || (BY_VALUE.has(name) && (one === 0 || one === false));
	if (!isZero) target[name] = one;
}

function valueAt(type: string, value: WireValue): unknown {
	if (typeof value === 'bigint') {
		return type === 'boolean' ? value !== 0n : Number(BigInt.asIntN(64, value));
	}
	switch (type) {
		case 'string':
			return value.toString('utf8');
		case 'bytes':
			return value.toString('base64');
		case 'quantity':
			return String(decode(value, 'Quantity').text ?? '0');
		case 'intOrString': {
			const { type: isText = 0, number = 0, text = '' } = decode(value, 'IntOrString');
			return isText === 1 ? text : number;
		}
		case 'time':
		case 'microTime': {
			const { seconds, nanos = 0 } = decode(value, 'Time') as { seconds?: number; nanos?: number };
			if (seconds === undefined) return undefined;
			const text = new Date(seconds * 1000 + nanos / 1e6).toISOString();
			return type === 'time' ? text.replace(/\.\d+/, '') : text.replace('Z', '000Z');
		}
		default:
			return decode(value, type);
	}
}
