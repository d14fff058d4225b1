/**
 * The walk of a tree beside the schema: known fields are taken over with their types checked, all others are
 * errors with their places. Used by decode.ts, once the kind is known.
 */
import { canonicalQuantity, QuantityError } from '../api/quantity.ts';
import { advice, describe, goType, quantityAdvice } from './decode-words.ts';
import { homeOf } from './places.ts';
import { MODELS } from './schema.generated.ts';
import { nearest } from './suggest.ts';
import type { MapTree, Offset, ScalarTree, Tree } from './tree.ts';
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

/** Sets a property whatever its name: an assignment to `__proto__` would change the prototype. */
export function put(target: Record<string, unknown>, key: string, value: unknown): void {
	Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

const MAX_HINTS = 200;

/** Decodes one object; what is wrong with it gathers in `errors` and `notes`. */
export class Decoder {
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
		// Hints cost something, and after so many nobody reads them.
		const hint = this.errors.length < MAX_HINTS ? this.#hintFor(key, source, known) : '';
		this.errors.push({
			at,
			path,
			reason: 'FieldValueInvalid',
			message,
			code: 'UnknownField',
			...(hint ? { hint } : {}),
		});
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
			const hint = quantityAdvice(text);
			const message = `Invalid value: ${JSON.stringify(text)}: ${error.message}`;
			this.errors.push({
				at: tree.at,
				path,
				reason: 'FieldValueInvalid',
				message,
				code: 'BadQuantity',
				...(hint ? { hint } : {}),
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
