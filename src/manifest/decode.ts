/**
 * Tree → typed object, strictly: a field that the kind does not have, a value of the wrong type, a kind that
 * is not known are errors, each with its place. The same decoder reads manifests and the bodies of requests.
 *
 * What is decoded is made anew, from known fields only and with own properties only, so `__proto__` is a key
 * like any other. Quantities come out in their canonical form, as the API server stores them.
 */
import { canonicalQuantity, QuantityError } from '../api/quantity.ts';
import type { KubeObject } from '../api/types.ts';
import { homeOf } from './places.ts';
import { KINDS, MODELS } from './schema.generated.ts';
import { nearest } from './suggest.ts';
import { type ListTree, type MapTree, type Offset, type ScalarTree, type Tree, treeOf } from './tree.ts';
import type { FieldError } from './validate/field-errors.ts';

/** A field that can't be decoded, and where it stands. */
export interface DecodeError extends FieldError {
	readonly at: Offset;
	readonly code: 'UnknownField' | 'WrongType' | 'UnknownKind' | 'BadQuantity';
	readonly hint?: string;
}

/** What is right and yet hardly meant. */
export interface DecodeNote {
	readonly at: Offset;
	readonly path: string;
	readonly message: string;
}

export interface Decoded {
	readonly object: KubeObject;
	readonly errors: readonly DecodeError[];
	readonly notes: readonly DecodeNote[];
}

/** The model's name of a kind, or nothing when podrun can't decode it. */
export function modelOf(apiVersion: string, kind: string): string | undefined {
	const kinds = Object.hasOwn(KINDS, apiVersion) ? KINDS[apiVersion] : undefined;
	return kinds && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
}

/** Decodes a body of the API: unknown and mistyped fields are told with their paths. Never throws. */
export function decodeJson(value: unknown): { object: KubeObject; errors: FieldError[] } {
	let tree: Tree;
	try {
		tree = treeOf(value);
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		return {
			object: emptyObject(),
			errors: [{ path: '', reason: 'FieldValueInvalid', message: error.message }],
		};
	}
	const { object, errors } = decodeTree(tree);
	return { object, errors: errors.map(({ path, reason, message }) => ({ path, reason, message })) };
}

/** Decodes one object. Its kind is checked first: without a kind that is known there is nothing to compare with. */
export function decodeTree(tree: Tree): Decoded {
	if (tree.kind !== 'map') {
		const message = `an object is expected here, not ${describe(tree)}`;
		return failed(tree.at, '', message, 'WrongType', 'start with `apiVersion: v1` and `kind: Pod`');
	}
	const apiVersion = textAt(tree, 'apiVersion');
	const kind = textAt(tree, 'kind');
	if (!kind)
		return failed(
			tree.at,
			'kind',
			"Object 'Kind' is missing: kind must be set",
			'UnknownKind',
			'add `kind: Pod`',
		);
	const kindAt = tree.entries.get('kind')?.value.at ?? tree.at;
	if (!apiVersion) {
		return failed(
			kindAt,
			'apiVersion',
			"Object 'apiVersion' is missing: apiVersion must be set",
			'UnknownKind',
			'add `apiVersion: v1`',
		);
	}
	const model = modelOf(apiVersion, kind);
	if (!model) return unknownKind(tree, apiVersion, kind);
	const decoder = new Decoder(model);
	const object = decoder.model(tree, model, '');
	return { object: asKubeObject(object, apiVersion, kind), errors: decoder.errors, notes: decoder.notes };
}

function failed(
	at: Offset,
	path: string,
	message: string,
	code: DecodeError['code'],
	hint?: string,
): Decoded {
	const error: DecodeError = {
		at,
		path,
		reason: 'FieldValueInvalid',
		message,
		code,
		...(hint ? { hint } : {}),
	};
	return { object: emptyObject(), errors: [error], notes: [] };
}

function unknownKind(tree: MapTree, apiVersion: string, kind: string): Decoded {
	const message = `no matches for kind "${kind}" in version "${apiVersion}"`;
	const version = Object.keys(KINDS).find((candidate) => modelOf(candidate, kind));
	if (version) {
		const at = tree.entries.get('apiVersion')?.value.at ?? tree.at;
		return failed(at, 'apiVersion', message, 'UnknownKind', `${kind} is of apiVersion ${version}`);
	}
	const at = tree.entries.get('kind')?.value.at ?? tree.at;
	const known = Object.values(KINDS).flatMap((kinds) => Object.keys(kinds));
	const guess = nearest(kind, known);
	return failed(
		at,
		'kind',
		message,
		'UnknownKind',
		guess
			? `did you mean "${guess}"?`
			: `podrun runs Pods, with ConfigMaps, Secrets, PersistentVolumeClaims and Namespaces`,
	);
}

function textAt(tree: MapTree, key: string): string | undefined {
	const value = tree.entries.get(key)?.value;
	return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}

function emptyObject(): KubeObject {
	return { apiVersion: '', kind: '', metadata: { name: '' } };
}

/** An object always has metadata with a name, if only an empty one, so that nobody has to ask twice. */
function asKubeObject(fields: Record<string, unknown>, apiVersion: string, kind: string): KubeObject {
	const metadata: object = isRecord(fields.metadata) ? fields.metadata : {};
	const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = fields;
	return { apiVersion, kind, metadata: { name: '', ...metadata }, ...rest };
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a property whatever its name: an assignment to `__proto__` would change the prototype. */
export function put(target: Record<string, unknown>, key: string, value: unknown): void {
	Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

class Decoder {
	readonly errors: DecodeError[] = [];
	readonly notes: DecodeNote[] = [];
	readonly #root: string;

	/** `root`: the model of the kind that is decoded. */
	constructor(root: string) {
		this.#root = root;
	}

	model(tree: MapTree, model: string, path: string): Record<string, unknown> {
		const fields = MODELS[model] ?? {};
		const result: Record<string, unknown> = {};
		for (const [key, entry] of tree.entries) {
			const inner = path === '' ? key : `${path}.${key}`;
			const type = Object.hasOwn(fields, key) ? fields[key] : undefined;
			if (type === undefined) {
				this.#unknown(inner, key, entry.keySource, entry.keyAt, Object.keys(fields));
				continue;
			}
			const value = this.#value(entry.value, type, inner);
			if (value !== undefined) put(result, key, value);
		}
		return result;
	}

	#unknown(path: string, key: string, source: string, at: Offset, known: readonly string[]): void {
		const message = `unknown field "${path}"`;
		const hint = this.#hintFor(key, source, known);
		this.errors.push({ at, path, reason: 'FieldValueInvalid', message, code: 'UnknownField', hint });
	}

	#hintFor(key: string, source: string, known: readonly string[]): string {
		if (source !== key) return `YAML reads the unquoted key ${source} as ${key}: quote it`;
		const guess = nearest(key, known);
		if (guess) return `did you mean "${guess}"?`;
		const home = homeOf(this.#root, key);
		if (home) return `${key} belongs at ${home}`;
		return `known are ${known.slice(0, 12).join(', ')}${known.length > 12 ? ', …' : ''}`;
	}

	/** The value as `type` says, or nothing: for null, which Kubernetes takes for absent, and for errors. */
	#value(tree: Tree, type: string, path: string): unknown {
		if (tree.kind === 'scalar' && tree.value === null && type !== 'any') return undefined;
		if (type.startsWith('[]')) return this.#list(tree, type.slice(2), path);
		if (type.startsWith('{}')) return this.#map(tree, type.slice(2), path);
		if (Object.hasOwn(MODELS, type)) {
			if (tree.kind === 'map') return this.model(tree, type, path);
			return this.#wrong(tree, path, type);
		}
		if (type === 'any') return plainValue(tree);
		if (tree.kind !== 'scalar') return this.#wrong(tree, path, type);
		return this.#leaf(tree, type, path);
	}

	#list(tree: Tree, type: string, path: string): unknown[] | undefined {
		if (tree.kind !== 'list') return this.#wrong(tree, path, `[]${type}`);
		return tree.items.map((item, index) => this.#element(item, type, `${path}[${index}]`));
	}

	#map(tree: Tree, type: string, path: string): Record<string, unknown> | undefined {
		if (tree.kind !== 'map') return this.#wrong(tree, path, `map[string]${type}`);
		const result: Record<string, unknown> = {};
		for (const [key, entry] of tree.entries) {
			const inner = `${path}[${key}]`;
			if (entry.keySource !== key && (key === 'true' || key === 'false')) {
				const message = `YAML reads the unquoted key ${entry.keySource} as ${key}; quote it if the word is meant`;
				this.notes.push({ at: entry.keyAt, path: inner, message });
			}
			const value = this.#element(entry.value, type, inner);
			if (value !== undefined) put(result, key, value);
		}
		return result;
	}

	/** Inside of lists and maps null is the type's zero value, as in Go. */
	#element(tree: Tree, type: string, path: string): unknown {
		if (tree.kind === 'scalar' && tree.value === null) return zeroOf(type);
		return this.#value(tree, type, path) ?? zeroOf(type);
	}

	#leaf(tree: ScalarTree, type: string, path: string): unknown {
		const { value } = tree;
		switch (type) {
			case 'string':
			case 'bytes':
			case 'time':
			case 'microTime':
				return typeof value === 'string' ? value : this.#wrong(tree, path, type);
			case 'boolean':
				return typeof value === 'boolean' ? value : this.#wrong(tree, path, type);
			case 'int32':
			case 'int64':
				return isInteger(value, type) ? value : this.#wrong(tree, path, type);
			case 'intOrString':
				return typeof value === 'string' || isInteger(value, 'int32') ? value : this.#wrong(tree, path, type);
			case 'number':
				return typeof value === 'number' && Number.isFinite(value) ? value : this.#wrong(tree, path, type);
			case 'quantity':
				return this.#quantity(tree, path);
			default:
				return this.#wrong(tree, path, type);
		}
	}

	#quantity(tree: ScalarTree, path: string): string | undefined {
		const { value } = tree;
		if (typeof value === 'boolean' || value === null) return this.#wrong(tree, path, 'quantity');
		// A number counts as it is read (0x10 is 16), but as it was written where that is a quantity (1.10).
		const text =
			typeof value === 'string' ? value : typeof value === 'bigint' ? String(value) : numberText(value);
		try {
			return canonicalQuantity(text);
		} catch (error) {
			if (!(error instanceof QuantityError)) throw error;
			const guess = /^[\d.]+\s*[kmgtp]i?b$/i.test(text)
				? {
						hint: `write ${text.replace(/\s*([kmgtp])(i?)b$/i, (_all, unit: string, binary: string) => (binary ? `${unit.toUpperCase()}i` : unit.toLowerCase() === 'k' ? 'k' : unit.toUpperCase()))}`,
					}
				: {};
			const message = `Invalid value: ${JSON.stringify(text)}: ${error.message}`;
			this.errors.push({
				at: tree.at,
				path,
				reason: 'FieldValueInvalid',
				message,
				code: 'BadQuantity',
				...guess,
			});
			return undefined;
		}
	}

	#wrong(tree: Tree, path: string, type: string): undefined {
		const message = `cannot unmarshal ${describe(tree)} into field ${path} of type ${goType(type)}`;
		const hint = advice(tree, type);
		this.errors.push({
			at: tree.at,
			path,
			reason: 'FieldValueTypeInvalid',
			message,
			code: 'WrongType',
			...(hint ? { hint } : {}),
		});
		return undefined;
	}
}

function isInteger(value: unknown, type: 'int32' | 'int64'): boolean {
	if (typeof value !== 'number' || !Number.isSafeInteger(value)) return false;
	return type === 'int64' || (value >= -(2 ** 31) && value < 2 ** 31);
}

function numberText(value: number): string {
	const text = String(value);
	return /e/i.test(text) ? text.replace('e+', 'e') : text;
}

function zeroOf(type: string): unknown {
	if (type.startsWith('[]')) return [];
	if (type.startsWith('{}') || Object.hasOwn(MODELS, type)) return {};
	if (type === 'boolean') return false;
	if (type === 'quantity') return '0';
	if (type === 'any') return null;
	return type === 'int32' || type === 'int64' || type === 'number' || type === 'intOrString' ? 0 : '';
}

/** A value that no model describes (the fields of managedFields), as plain JSON. */
export function plainValue(tree: Tree): unknown {
	if (tree.kind === 'scalar') return typeof tree.value === 'bigint' ? Number(tree.value) : tree.value;
	if (tree.kind === 'list') return tree.items.map(plainValue);
	const result: Record<string, unknown> = {};
	for (const [key, entry] of tree.entries) put(result, key, plainValue(entry.value));
	return result;
}

function describe(tree: Tree): string {
	if (tree.kind === 'map') return 'object';
	if (tree.kind === 'list') return 'array';
	if (tree.value === null) return 'null';
	if (typeof tree.value === 'boolean') return 'bool';
	if (typeof tree.value === 'string') return 'string';
	return `number ${tree.source}`;
}

function goType(type: string): string {
	if (type.startsWith('[]')) return `[]${goType(type.slice(2))}`;
	if (type === 'boolean') return 'bool';
	if (type === 'bytes') return 'string (base64)';
	if (type === 'intOrString') return 'int32 or string';
	return type
		.replace('map[string]boolean', 'map[string]bool')
		.replace('map[string]bytes', 'map[string]string (base64)');
}

/** What to write instead, where that can be said. */
function advice(tree: Tree, type: string): string | undefined {
	const quote = (tree: ListTree | ScalarTree): string =>
		tree.kind === 'scalar'
			? JSON.stringify(tree.source)
			: tree.items.map((item) => (item.kind === 'scalar' ? quote(item) : '…')).join(', ');
	if (tree.kind === 'scalar') {
		if (type === 'string' || type === 'bytes') return `quote it: ${quote(tree)}`;
		if (type === '[]string' && tree.source.length < 200) {
			return `write a list: [${tree.source
				.trim()
				.split(/\s+/)
				.map((word) => JSON.stringify(word))
				.join(', ')}]`;
		}
		if (type === 'boolean' && typeof tree.value === 'string') return 'write true or false, without quotes';
		if (type.startsWith('int') && typeof tree.value === 'string' && /^\d+$/.test(tree.value))
			return `write ${tree.value}, without quotes`;
	}
	if (type.startsWith('[]') && tree.kind === 'map') return 'write a list: begin each item with "- "';
	if (type.startsWith('map') && tree.kind === 'list') return 'write `key: value` lines, without "- "';
	return undefined;
}
