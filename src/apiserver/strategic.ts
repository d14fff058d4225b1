/**
 * Strategic merge patch for the kinds that podrun stores: lists whose elements have a key are merged by it,
 * lists of names are merged as sets, all others are replaced. Directives: `$patch: delete|replace|merge`,
 * `$deleteFromPrimitiveList/x`, `$setElementOrder/x`, `$retainKeys`.
 */
import { badRequest } from '../api/errors.ts';
import { isRecord } from './exchange.ts';

type Fields = Record<string, unknown>;

/** Fields whose elements are merged by a key, from the patchMergeKey tags of the core types. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
	containers: 'name',
	initContainers: 'name',
	ephemeralContainers: 'name',
	env: 'name',
	volumes: 'name',
	volumeMounts: 'mountPath',
	volumeDevices: 'devicePath',
	hostAliases: 'ip',
	imagePullSecrets: 'name',
	topologySpreadConstraints: 'topologyKey',
	schedulingGates: 'name',
	resourceClaims: 'name',
	resourceClaimStatuses: 'name',
	ownerReferences: 'uid',
	conditions: 'type',
	podIPs: 'ip',
	hostIPs: 'ip',
	secrets: 'name',
};
/** Lists of plain values that are merged as sets. */
const SETS = new Set(['finalizers']);
const DELETE_PREFIX = '$deleteFromPrimitiveList/';
const ORDER_PREFIX = '$setElementOrder/';

/** The key of a list's elements, by the name of the field that it stands in; undefined: the list is atomic. */
export function mergeKeyOf(field: string, elements: readonly unknown[]): string | undefined {
	// `ports` of a container; a Service's would be keyed by `port`.
	if (field === 'ports')
		return elements.some((e) => isRecord(e) && 'containerPort' in e) ? 'containerPort' : undefined;
	return Object.hasOwn(MERGE_KEYS, field) ? MERGE_KEYS[field] : undefined;
}

/** Elements of this list are a set of plain values. */
export function isSet(field: string): boolean {
	return SETS.has(field);
}

/** `original` as the patch changes it; neither is touched. Throws 400 for a patch that makes no sense. */
export function strategicMerge(original: Fields, patch: Fields): Fields {
	const directive = patch.$patch;
	if (directive === 'replace') return withoutDirectives(patch);
	if (directive === 'delete') return {};
	if (directive !== undefined && directive !== 'merge')
		throw badRequest(`unknown patch type: ${String(directive)}`);
	const result: Fields = { ...original };
	retainKeys(result, patch.$retainKeys);
	for (const [key, value] of Object.entries(patch)) {
		if (key === '$patch' || key === '$retainKeys' || key.startsWith(ORDER_PREFIX)) continue;
		if (key.startsWith(DELETE_PREFIX)) deleteValues(result, key.slice(DELETE_PREFIX.length), value);
		else if (value === null) delete result[key];
		else define(result, key, mergeValue(key, result[key], value, patch[ORDER_PREFIX + key]));
	}
	for (const [key, order] of Object.entries(patch)) {
		const field = key.startsWith(ORDER_PREFIX) ? key.slice(ORDER_PREFIX.length) : undefined;
		if (field !== undefined && Array.isArray(result[field]) && Array.isArray(order)) {
			result[field] = inOrder(field, result[field], order);
		}
	}
	return result;
}

function mergeValue(key: string, before: unknown, value: unknown, order: unknown): unknown {
	if (isRecord(value)) {
		const merged = strategicMerge(isRecord(before) ? before : {}, value);
		return merged;
	}
	if (!Array.isArray(value)) return value;
	const old = Array.isArray(before) ? before : [];
	if (SETS.has(key)) return [...new Set([...old, ...value])];
	const mergeKey = mergeKeyOf(key, [...value, ...old, ...(Array.isArray(order) ? order : [])]);
	return mergeKey === undefined ? value : mergeElements(key, mergeKey, old, value);
}

function mergeElements(
	field: string,
	mergeKey: string,
	old: readonly unknown[],
	patch: readonly unknown[],
): unknown[] {
	if (patch.some((e) => isRecord(e) && e.$patch === 'replace')) {
		return patch.filter((e) => !(isRecord(e) && e.$patch === 'replace')).map(clean);
	}
	const result: (unknown | typeof GONE)[] = [...old];
	const places = new Map<string, number>();
	for (const [at, element] of result.entries()) {
		const key = isRecord(element) ? placeOf(field, mergeKey, element) : undefined;
		if (key !== undefined && !places.has(key)) places.set(key, at);
	}
	for (const element of patch) {
		if (!isRecord(element) || element[mergeKey] === undefined) {
			throw badRequest(`map: ${JSON.stringify(field)} does not contain declared merge key: ${mergeKey}`);
		}
		const key = placeOf(field, mergeKey, element);
		const at = places.get(key);
		if (element.$patch === 'delete') {
			if (at !== undefined) result[at] = GONE;
			places.delete(key);
		} else if (at !== undefined) result[at] = strategicMerge(result[at] as Fields, element);
		else places.set(key, result.push(clean(element)) - 1);
	}
	return result.filter((element) => element !== GONE);
}

/** In the place of an element that was deleted. */
const GONE = Symbol('gone');

/** What tells an element from the others of its list. Two ports may share a number under different protocols. */
function placeOf(field: string, mergeKey: string, element: Fields): string {
	const protocol = field === 'ports' ? (element.protocol ?? 'TCP') : undefined;
	return JSON.stringify([element[mergeKey], protocol]);
}

/** Elements in the order that the patch wants; those that it does not name keep their place before what followed them. */
function inOrder(field: string, elements: readonly unknown[], order: readonly unknown[]): unknown[] {
	const mergeKey = mergeKeyOf(field, order);
	const keyOf = (e: unknown) => (mergeKey !== undefined && isRecord(e) ? e[mergeKey] : e);
	const wanted = new Map<unknown, number>();
	for (const [at, one] of order.entries()) if (!wanted.has(keyOf(one))) wanted.set(keyOf(one), at);
	const rank = (e: unknown): number => wanted.get(keyOf(e)) ?? 0;
	const named = elements.filter((e) => wanted.has(keyOf(e))).sort((a, b) => rank(a) - rank(b));
	let next = 0;
	return elements.map((element) => (wanted.has(keyOf(element)) ? named[next++] : element));
}

function retainKeys(result: Fields, keys: unknown): void {
	if (!Array.isArray(keys)) return;
	const kept = new Set(keys);
	for (const key of Object.keys(result)) if (!kept.has(key)) delete result[key];
}

function deleteValues(result: Fields, field: string, values: unknown): void {
	if (!Array.isArray(values)) throw badRequest(`${DELETE_PREFIX}${field} must be a list`);
	const before = result[field];
	const gone = new Set(values);
	if (Array.isArray(before)) result[field] = before.filter((value) => !gone.has(value));
}

/** A value that is new: directives in it mean nothing any more, and null means absent. */
function clean(value: unknown): unknown {
	return isRecord(value) ? strategicMerge({}, value) : value;
}

function withoutDirectives(patch: Fields): Fields {
	return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith('$')));
}

/** A key named __proto__ is data. */
function define(target: Fields, key: string, value: unknown): void {
	Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
