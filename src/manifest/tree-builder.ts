/**
 * The nodes that the YAML library found → a tree: words get their values, anchors are put in where they are
 * named, merge keys are merged, and keys that stand twice are told. What grows or nests too much is refused.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, Scalar, type YAMLMap } from 'yaml';
import { keyText, resolvePlain } from './scalars.ts';
import {
	type ListTree,
	MAX_DEPTH,
	type MapEntry,
	type MapTree,
	type Offset,
	type ScalarTree,
	type Tree,
} from './tree.ts';

/** A text that can't be read: where, why, and what to do about it. */
export interface ParseProblem {
	readonly at: Offset;
	readonly code: 'BadYAML' | 'DuplicateKey' | 'TooLarge' | 'BadKey';
	readonly path: string;
	readonly message: string;
	readonly hint?: string;
}

/** The braces of a template are flow maps to YAML, one as the key of the other. */
export const TEMPLATE_HINT = 'if this is a Helm template, render it first: helm template';

/** How many nodes anchors may add to a document before it is taken for a bomb. */
const MAX_ALIASED_NODES = 100_000;

/** Ends the reading of one document. */
export class Refused extends Error {
	readonly problem: ParseProblem;
	constructor(problem: ParseProblem) {
		super(problem.message);
		this.problem = problem;
	}
}

/** Walks the nodes of one document into a tree, and resolves what failsafe YAML left open. */
export class TreeBuilder {
	readonly problems: ParseProblem[] = [];
	/** Anchors seen so far: a later one of the same name replaces an earlier one from there on. */
	readonly #anchors = new Map<string, Node>();
	readonly #open = new Set<Node>();
	#aliased = 0;
	#inAlias = 0;

	build(node: Node | null, path: string, depth: number): Tree {
		const at = node?.range?.[0] ?? -1;
		if (depth > MAX_DEPTH) {
			throw new Refused({ at, code: 'BadYAML', path, message: `nested more than ${MAX_DEPTH} levels deep` });
		}
		if (this.#inAlias > 0) {
			this.#aliased += 1;
			if (this.#aliased > MAX_ALIASED_NODES) {
				throw new Refused({ at, code: 'BadYAML', path, message: 'document contains excessive aliasing' });
			}
		}
		if (node === null) return { kind: 'scalar', at, value: null, source: '', plain: true };
		if (isAlias(node)) return this.#follow(node, path, depth, (target) => this.build(target, path, depth));
		if (node.anchor !== undefined && this.#inAlias === 0) this.#anchors.set(node.anchor, node);
		if (isScalar(node)) return scalarTree(node, at);
		if (isMap(node)) return this.#map(node, at, path, depth);
		if (isSeq(node)) {
			this.#open.add(node);
			const items = node.items.map((item, index) => this.build(asNode(item), `${path}[${index}]`, depth + 1));
			this.#open.delete(node);
			return { kind: 'list', at, items } satisfies ListTree;
		}
		throw new Refused({
			at,
			code: 'BadYAML',
			path,
			message: 'this is neither a scalar, nor a map, nor a list',
		});
	}

	#follow<T>(node: Node, path: string, depth: number, use: (target: Node) => T): T {
		const at = node.range?.[0] ?? -1;
		const name = isAlias(node) ? node.source : '';
		const target = this.#anchors.get(name);
		if (!target)
			throw new Refused({ at, code: 'BadYAML', path, message: `unknown anchor '${name}' referenced` });
		if (this.#open.has(target) || depth > MAX_DEPTH) {
			throw new Refused({ at, code: 'BadYAML', path, message: `anchor '${name}' value contains itself` });
		}
		this.#open.add(target);
		this.#inAlias += 1;
		try {
			return use(target);
		} finally {
			this.#inAlias -= 1;
			this.#open.delete(target);
		}
	}

	#map(node: YAMLMap, at: Offset, path: string, depth: number): MapTree {
		const entries = new Map<string, MapEntry>();
		const merged: MapTree[] = [];
		this.#open.add(node);
		for (const pair of node.items) {
			const keyNode = asNode(pair.key);
			const keyAt = keyNode?.range?.[0] ?? at;
			if (isScalar(keyNode) && keyNode.source === '<<' && keyNode.type === Scalar.PLAIN) {
				merged.push(...this.#mergeSources(asNode(pair.value), path, depth));
				continue;
			}
			const keyTree = this.build(keyNode, path, depth + 1);
			const key = keyTree.kind === 'scalar' ? keyText(keyTree.value) : undefined;
			if (key === undefined || keyTree.kind !== 'scalar') {
				this.problems.push({
					at: keyAt,
					code: 'BadKey',
					path,
					message: 'the key of a map must be a word, not a list or a map',
					...(keyTree.kind === 'map' ? { hint: TEMPLATE_HINT } : {}),
				});
				continue;
			}
			const inner = path === '' ? key : `${path}.${key}`;
			if (entries.has(key)) {
				this.problems.push({
					at: keyAt,
					code: 'DuplicateKey',
					path: inner,
					message: `key "${key}" already set in map`,
				});
				continue;
			}
			const value = this.build(asNode(pair.value), inner, depth + 1);
			entries.set(key, {
				keyAt,
				keySource: keyTree.source,
				value: value.at < 0 ? { ...value, at: keyAt } : value,
			});
		}
		this.#open.delete(node);
		// What the map says itself wins over what it merges, and the first merged map over the later ones.
		for (const source of merged) {
			for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry);
		}
		return { kind: 'map', at, entries };
	}

	#mergeSources(node: Node | null, path: string, depth: number): MapTree[] {
		const at = node?.range?.[0] ?? -1;
		const tree = this.build(node, path, depth + 1);
		const maps = tree.kind === 'list' ? tree.items : [tree];
		const found = maps.filter((item): item is MapTree => item.kind === 'map');
		if (found.length !== maps.length) {
			this.problems.push({
				at,
				code: 'BadYAML',
				path,
				message: 'map merge requires map or sequence of maps as the value',
			});
		}
		return found;
	}
}

function scalarTree(node: Scalar, at: Offset): ScalarTree {
	const text = typeof node.value === 'string' ? node.value : String(node.value ?? '');
	const plain = node.type === Scalar.PLAIN;
	const base = { kind: 'scalar', at, source: node.source ?? text, plain } as const;
	switch (node.tag) {
		case undefined:
		case '!':
			return { ...base, value: plain && node.tag === undefined ? resolvePlain(text) : text };
		case 'tag:yaml.org,2002:str':
			return { ...base, value: text };
		case 'tag:yaml.org,2002:binary':
			return { ...base, value: Buffer.from(text, 'base64').toString('utf8') };
		default:
			return { ...base, value: resolvePlain(text) };
	}
}

function asNode(value: unknown): Node | null {
	return isAlias(value) || isScalar(value) || isMap(value) || isSeq(value) ? value : null;
}
