/**
 * Server-side apply: the applied configuration is merged into the object, fields that the same manager applied
 * before and left out now are removed, and a field that another manager applied with another value is a
 * conflict unless forced. Owners are kept in metadata.managedFields of applies; plain updates take no ownership.
 */
import { ApiError, badRequest, type StatusCause } from '../api/errors.ts';
import type { KubeObject } from '../api/types.ts';
import { isRecord } from './exchange.ts';
import { isSet, mergeKeyOf } from './strategic.ts';

export interface ApplyRequest {
	readonly manager: string;
	readonly force: boolean;
	readonly now: Date;
	readonly kind: string;
}

interface ManagedFields {
	readonly manager: string;
	readonly operation: string;
	readonly apiVersion: string;
	readonly time: string;
	readonly fieldsType: 'FieldsV1';
	readonly fieldsV1: FieldTree;
}

/** FieldsV1: keys are `f:<field>`, `k:{"name":"x"}` (element of a keyed list), `v:"x"` (of a set), `.` (itself). */
interface FieldTree {
	[segment: string]: FieldTree;
}
type Path = readonly string[];

/** Fields that name the object and that nobody owns. */
const IDENTITY = new Set(['apiVersion', 'kind']);
const IDENTITY_META = new Set([
	'name',
	'namespace',
	'managedFields',
	'uid',
	'resourceVersion',
	'creationTimestamp',
]);

/**
 * `current` (undefined: there is none yet) as the applied configuration wants it, managedFields included.
 * Throws 409 Conflict with one cause for each field of another manager, 400 for a configuration that carries
 * managedFields.
 */
export function applyConfiguration(
	current: KubeObject | undefined,
	configuration: Record<string, unknown>,
	request: ApplyRequest,
): Record<string, unknown> {
	const given = isRecord(configuration.metadata) ? configuration.metadata : {};
	if (Array.isArray(given.managedFields) && given.managedFields.length > 0) {
		throw badRequest('metadata.managedFields must be nil');
	}
	const { resourceVersion: _version, managedFields: _managed, uid: _uid, ...metadata } = given;
	const wanted = { ...configuration, metadata };
	const entries = entriesOf(current);
	const others = entries.filter((entry) => entry.manager !== request.manager);
	const paths = pathsOf(wanted);
	const conflicts = conflictsWith(others, paths, current ?? {}, wanted);
	if (conflicts.length > 0 && !request.force) throw conflictError(conflicts);

	const kept = new Set([...paths, ...others.flatMap((entry) => leaves(entry.fieldsV1))].map(textOf));
	const before = entries.find((entry) => entry.manager === request.manager);
	const leftOut = leaves(before?.fieldsV1 ?? {}).filter((path) => !kept.has(textOf(path)));
	const merged = removed(mergeApplied(current ?? {}, wanted), treeOf(leftOut)) as Record<string, unknown>;
	const lost = new Set(conflicts.map(({ path }) => textOf(path)));
	const mine: ManagedFields = {
		manager: request.manager,
		operation: 'Apply',
		apiVersion: 'v1',
		time: request.now.toISOString().replace(/\.\d+Z$/, 'Z'),
		fieldsType: 'FieldsV1',
		fieldsV1: treeOf(paths),
	};
	const unchanged = before !== undefined && JSON.stringify(before.fieldsV1) === JSON.stringify(mine.fieldsV1);
	const managedFields = [
		...others.map((entry) => ({
			...entry,
			fieldsV1: treeOf(leaves(entry.fieldsV1).filter((path) => !lost.has(textOf(path)))),
		})),
		unchanged ? before : mine,
	];
	return {
		...merged,
		metadata: { ...(isRecord(merged.metadata) ? merged.metadata : {}), managedFields },
	};
}

function entriesOf(object: KubeObject | undefined): ManagedFields[] {
	const entries = (object?.metadata.managedFields ?? []) as unknown[];
	return entries.filter(
		(entry): entry is ManagedFields =>
			isRecord(entry) && entry.operation === 'Apply' && isRecord(entry.fieldsV1),
	);
}

interface FieldConflict {
	readonly path: Path;
	readonly manager: string;
}

function conflictsWith(
	others: readonly ManagedFields[],
	paths: readonly Path[],
	current: Record<string, unknown>,
	wanted: Record<string, unknown>,
): FieldConflict[] {
	const owners = new Map<string, string>();
	for (const entry of others) {
		for (const path of leaves(entry.fieldsV1)) owners.set(textOf(path), entry.manager);
	}
	return paths.flatMap((path) => {
		const manager = owners.get(textOf(path));
		if (manager === undefined || path.at(-1) === '.') return [];
		const same = JSON.stringify(valueAt(current, path)) === JSON.stringify(valueAt(wanted, path));
		return same ? [] : [{ path, manager }];
	});
}

function conflictError(conflicts: readonly FieldConflict[]): ApiError {
	const causes = conflicts.map(
		({ path, manager }): StatusCause => ({
			reason: 'FieldManagerConflict',
			message: `conflict with "${manager}"`,
			field: `.${path.map((segment) => segment.replace(/^[fkv]:/, '')).join('.')}`,
		}),
	);
	const plural = causes.length === 1 ? 'conflict' : 'conflicts';
	const told = causes.map((cause) => `${cause.message}: ${cause.field}`).join('\n');
	return new ApiError(409, 'Conflict', `Apply failed with ${causes.length} ${plural}: ${told}`, { causes });
}

/** Objects merge, keyed lists merge by key, sets unite, all else is replaced. */
function mergeApplied(live: unknown, wanted: unknown, field = ''): unknown {
	if (isRecord(wanted)) {
		const result: Record<string, unknown> = isRecord(live) ? { ...live } : {};
		for (const [key, value] of Object.entries(wanted)) {
			const before = Object.hasOwn(result, key) ? result[key] : undefined;
			Object.defineProperty(result, key, {
				value: mergeApplied(before, value, key),
				enumerable: true,
				configurable: true,
				writable: true,
			});
		}
		return result;
	}
	if (!Array.isArray(wanted) || !Array.isArray(live)) return wanted;
	if (isSet(field)) return [...new Set([...live, ...wanted])];
	if (mergeKeyOf(field, wanted) === undefined) return wanted;
	const result = [...live];
	const places = new Map<string, number>();
	for (const [at, one] of live.entries()) {
		const segment = elementSegment(field, one);
		if (!places.has(segment)) places.set(segment, at);
	}
	for (const element of wanted) {
		const segment = elementSegment(field, element);
		const at = places.get(segment);
		if (at !== undefined) result[at] = mergeApplied(result[at], element);
		else places.set(segment, result.push(element) - 1);
	}
	return result;
}

/** Paths of all leaves of a configuration. */
function pathsOf(configuration: Record<string, unknown>): Path[] {
	const paths: Path[] = [];
	const walk = (value: unknown, field: string, path: Path): void => {
		if (isRecord(value) && Object.keys(value).length > 0) {
			for (const [key, inner] of Object.entries(value)) {
				const identity =
					(path.length === 0 && IDENTITY.has(key)) ||
					(path[0] === 'f:metadata' && path.length === 1 && IDENTITY_META.has(key));
				if (!identity) walk(inner, key, [...path, `f:${key}`]);
			}
		} else if (Array.isArray(value) && isSet(field)) {
			for (const one of value) paths.push([...path, `v:${JSON.stringify(one)}`]);
		} else if (Array.isArray(value) && value.length > 0 && mergeKeyOf(field, value) !== undefined) {
			for (const element of value) {
				const at = [...path, elementSegment(field, element)];
				paths.push([...at, '.']);
				walk(element, '', at);
			}
		} else paths.push(path);
	};
	walk(configuration, '', []);
	return paths.filter((path) => path.length > 0);
}

/** `k:{"name":"web"}`; a port is known by number and protocol. */
function elementSegment(field: string, element: unknown): string {
	const key = mergeKeyOf(field, [element]);
	if (!isRecord(element) || key === undefined) return `v:${JSON.stringify(element)}`;
	const keys: Record<string, unknown> = { [key]: element[key] };
	if (field === 'ports') keys.protocol = element.protocol ?? 'TCP';
	return `k:${JSON.stringify(keys)}`;
}

function leaves(tree: FieldTree, path: Path = []): Path[] {
	return Object.entries(tree).flatMap(([segment, inner]) => {
		const at = [...path, segment];
		// Anybody may have written it.
		return !isRecord(inner) || Object.keys(inner).length === 0 ? [at] : leaves(inner, at);
	});
}

function treeOf(paths: readonly Path[]): FieldTree {
	// Without a prototype: a segment that a client has made up may be `__proto__`.
	const tree: FieldTree = Object.create(null);
	for (const path of paths) {
		let at = tree;
		for (const segment of path) {
			at[segment] ??= Object.create(null) as FieldTree;
			at = at[segment];
		}
	}
	return tree;
}

function textOf(path: Path): string {
	return path.join('\0');
}

function valueAt(value: unknown, path: Path, field = ''): unknown {
	const [segment, ...rest] = path;
	if (segment === undefined) return value;
	if (segment.startsWith('f:')) {
		const key = segment.slice(2);
		return isRecord(value) && Object.hasOwn(value, key) ? valueAt(value[key], rest, key) : undefined;
	}
	return Array.isArray(value) ? valueAt(elementsOf(value, field).get(segment), rest) : undefined;
}

const indexes = new WeakMap<readonly unknown[], Map<string, unknown>>();

/** The elements of a list by their segments: each path asks for one of them. A list stands in one field. */
function elementsOf(list: readonly unknown[], field: string): Map<string, unknown> {
	let index = indexes.get(list);
	if (index === undefined) {
		index = new Map([...list].reverse().map((element) => [elementSegment(field, element), element]));
		indexes.set(list, index);
	}
	return index;
}

/** The value without what the tree names; a `.` names the element of the list itself. */
function removed(value: unknown, tree: FieldTree, field = ''): unknown {
	const named = (segment: string): FieldTree | undefined =>
		Object.hasOwn(tree, segment) ? tree[segment] : undefined;
	if (Array.isArray(value)) {
		return value.flatMap((element) => {
			const inner = named(elementSegment(field, element));
			if (inner === undefined) return [element];
			return isLeaf(inner) || Object.hasOwn(inner, '.') ? [] : [removed(element, inner)];
		});
	}
	if (!isRecord(value)) return value;
	return Object.fromEntries(
		Object.entries(value).flatMap(([key, one]) => {
			const inner = named(`f:${key}`);
			if (inner === undefined) return [[key, one]];
			return isLeaf(inner) ? [] : [[key, removed(one, inner, key)]];
		}),
	);
}

function isLeaf(tree: FieldTree): boolean {
	return Object.keys(tree).length === 0;
}
