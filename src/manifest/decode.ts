/**
 * Tree → typed object, strictly: a field that the kind does not have, a value of the wrong type, a kind that
 * is not known are errors, each with its place. The same decoder reads manifests and the bodies of requests.
 *
 * What is decoded is made anew, from known fields only and with own properties only, so `__proto__` is a key
 * like any other. Quantities come out in their canonical form, as the API server stores them.
 */
import type { KubeObject } from '../api/types.ts';
import { describe } from './decode-words.ts';
import { type DecodeError, type DecodeNote, Decoder } from './decoder.ts';
import { KINDS } from './schema.generated.ts';
import { nearest } from './suggest.ts';
import { type MapTree, type Offset, type Tree, treeOf } from './tree.ts';
import type { FieldError } from './validate/field-errors.ts';

export { type DecodeError, type DecodeNote, plainValue } from './decoder.ts';

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
			tree.entries.has('services')
				? 'this looks like a compose file; podrun reads manifests of Kubernetes'
				: 'add `kind: Pod`',
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
