/**
 * What both YAML text and the JSON of a request body become before they are decoded: a tree of scalars, maps
 * and lists in which every node knows where it stands. Maps are real Maps, so no key of a manifest can ever
 * reach an object's prototype.
 */

/** Where a node came from: an offset into the text, or -1 when there was none (a request body). */
export type Offset = number;

export interface ScalarTree {
	readonly kind: 'scalar';
	readonly at: Offset;
	readonly value: string | number | bigint | boolean | null;
	/** As it was written, before `0644` became 420. */
	readonly source: string;
	/** Written without quotes, so that its type was guessed from its looks. */
	readonly plain: boolean;
}

export interface MapEntry {
	readonly keyAt: Offset;
	/** The key as it was written; it differs from the map's key where YAML read it as a boolean or number. */
	readonly keySource: string;
	readonly value: Tree;
}

export interface MapTree {
	readonly kind: 'map';
	readonly at: Offset;
	readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface ListTree {
	readonly kind: 'list';
	readonly at: Offset;
	readonly items: readonly Tree[];
}

export type Tree = ScalarTree | MapTree | ListTree;

/** Deeper than any object of Kubernetes; the bound keeps recursion safe. */
export const MAX_DEPTH = 200;

/** The tree of a JSON value. @throws RangeError when it is nested too deeply. */
export function treeOf(value: unknown, depth = 0): Tree {
	if (depth > MAX_DEPTH) throw new RangeError(`nested more than ${MAX_DEPTH} levels deep`);
	if (Array.isArray(value)) {
		return { kind: 'list', at: -1, items: value.map((item) => treeOf(item, depth + 1)) };
	}
	if (typeof value === 'object' && value !== null) {
		const entries = new Map<string, MapEntry>();
		for (const [key, inner] of Object.entries(value)) {
			if (inner === undefined) continue;
			entries.set(key, { keyAt: -1, keySource: key, value: treeOf(inner, depth + 1) });
		}
		return { kind: 'map', at: -1, entries };
	}
	if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
		return { kind: 'scalar', at: -1, value, source: String(value), plain: typeof value !== 'string' };
	}
	return { kind: 'scalar', at: -1, value: null, source: 'null', plain: true };
}

/** `spec.containers[0].ports[1].name`, `metadata.labels[a.b/c]` → its keys and indices. */
export function splitPath(path: string): string[] {
	const parts: string[] = [];
	for (const match of path.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)) parts.push(match[1] ?? match[2] ?? '');
	return parts;
}

/**
 * Where a field path stands: at its key for a map's entry, at its value for a list's item. A path that is
 * not there (a required field that is missing) stands where its nearest ancestor does.
 */
export function locate(tree: Tree, path: string): Offset {
	let node = tree;
	let at = tree.at;
	for (const part of splitPath(path)) {
		if (node.kind === 'map') {
			const entry = node.entries.get(part);
			if (!entry) break;
			at = entry.keyAt;
			node = entry.value;
		} else if (node.kind === 'list') {
			const item = /^\d+$/.test(part) ? node.items[Number(part)] : undefined;
			if (!item) break;
			at = item.at;
			node = item;
		} else break;
	}
	return at;
}

/** The node at a path, if there is one. */
export function find(tree: Tree, path: string): Tree | undefined {
	let node: Tree | undefined = tree;
	for (const part of splitPath(path)) {
		if (node?.kind === 'map') node = node.entries.get(part)?.value;
		else if (node?.kind === 'list') node = node.items[Number(part)];
		else return undefined;
	}
	return node;
}
