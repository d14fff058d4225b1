/**
 * Text → documents. The YAML library only finds the structure (its failsafe schema leaves every scalar a
 * string); what an unquoted word means, merge keys, anchors and duplicate keys are settled here, by the rules
 * of the parser that kubectl uses. JSON is read by the same road: it is YAML's flow style.
 *
 * Everything is bounded: the size of a text, its depth, and how much an alias may blow it up.
 */
import {
	type Document,
	isAlias,
	isMap,
	isScalar,
	isSeq,
	LineCounter,
	type Node,
	parseAllDocuments,
	Scalar,
	type YAMLMap,
} from 'yaml';
import type { Position } from './diagnostic.ts';
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

export interface ParsedDocument {
	/** Nothing for an empty document (comments only). */
	readonly tree: Tree | undefined;
	readonly problems: readonly ParseProblem[];
	/** Where the document begins. */
	readonly at: Offset;
}

export interface ParsedText {
	readonly documents: readonly ParsedDocument[];
	readonly position: (at: Offset) => Position;
}

/** An object may have 1 MiB and a request 3 MiB on a cluster: a manifest of 8 MiB is no manifest. */
export const MAX_TEXT = 8 * 1024 * 1024;
/** How many nodes anchors may add to a document before it is taken for a bomb. */
const MAX_ALIASED_NODES = 100_000;

/** Reads all documents of a text. Never throws: what can't be read is told as problems. */
export function parseText(text: string): ParsedText {
	const lines = new LineCounter();
	const position = (at: Offset): Position => {
		if (at < 0) return { line: 1, column: 1 };
		const found = lines.linePos(at);
		return { line: Math.max(1, found.line), column: Math.max(1, found.col) };
	};
	const refused = (
		at: Offset,
		message: string,
		code: ParseProblem['code'] = 'BadYAML',
		hint?: string,
	): ParsedText => ({
		documents: [
			{ tree: undefined, at, problems: [{ at, code, path: '', message, ...(hint ? { hint } : {}) }] },
		],
		position,
	});
	if (text.length > MAX_TEXT) {
		const size = Math.ceil(text.length / 1024 / 1024);
		return refused(0, `the text is too large: ${size} MiB, at the most 8 MiB are read`, 'TooLarge');
	}
	const control = findControl(text);
	const deep = control < 0 ? findDeep(text) : -1;
	if (control >= 0 || deep >= 0) {
		for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
		lines.lineStarts.unshift(0);
		if (deep >= 0) return refused(deep, `nested more than ${MAX_DEPTH} levels deep`);
		const { line } = position(control);
		return refused(control, `error parsing YAML: line ${line}: control characters are not allowed`);
	}
	let documents: readonly Document.Parsed[];
	try {
		const parsed = parseAllDocuments(text, {
			version: '1.1',
			schema: 'failsafe',
			lineCounter: lines,
			uniqueKeys: false,
			prettyErrors: false,
			logLevel: 'silent',
			keepSourceTokens: false,
		});
		documents = Array.isArray(parsed) ? parsed : [];
	} catch (error) {
		if (error instanceof RangeError) return refused(0, `nested more than ${MAX_DEPTH} levels deep`);
		return refused(
			0,
			`error parsing YAML: line 1: ${error instanceof Error ? error.message : String(error)}`,
		);
	}
	return { documents: documents.map((document) => readDocument(document, text, position)), position };
}

function readDocument(
	document: Document.Parsed,
	text: string,
	position: (at: Offset) => Position,
): ParsedDocument {
	const at = document.contents?.range?.[0] ?? document.range[0];
	const first = document.errors[0];
	if (first) {
		const where = Math.min(first.pos[0], text.length);
		return {
			tree: undefined,
			at,
			problems: [yamlProblem(first.code, first.message, where, position(where).line, text)],
		};
	}
	if (!document.contents) return { tree: undefined, at, problems: [] };
	const builder = new TreeBuilder();
	try {
		const tree = builder.build(document.contents, '', 0);
		if (tree.kind === 'scalar' && tree.value === null) return { tree: undefined, at, problems: [] };
		return { tree, at, problems: builder.problems };
	} catch (error) {
		if (error instanceof Refused) return { tree: undefined, at, problems: [error.problem] };
		throw error;
	}
}

function yamlProblem(code: string, message: string, at: Offset, line: number, text: string): ParseProblem {
	const prefix = `error parsing YAML: line ${line}: `;
	if (/call stack/.test(message)) {
		return { at, code: 'BadYAML', path: '', message: `${prefix}nested more than ${MAX_DEPTH} levels deep` };
	}
	if (code === 'TAB_AS_INDENT' || (text[at] === '\t' && code !== 'BAD_ALIAS')) {
		return {
			at,
			code: 'BadYAML',
			path: '',
			message: `${prefix}found a tab where only spaces may indent`,
			hint: 'replace the tabs by spaces',
		};
	}
	return {
		at,
		code: 'BadYAML',
		path: '',
		message: `${prefix}${message.replace(/ at line \d+, column \d+[\s\S]*$/, '')}`,
	};
}

/** The first control character that YAML forbids, or -1. */
function findControl(text: string): number {
	for (let at = 0; at < text.length; at += 1) {
		const code = text.charCodeAt(at);
		if (code < 32 && code !== 9 && code !== 10 && code !== 13) return at;
		if (code === 127 || code === 0xfffe || code === 0xffff) return at;
	}
	return -1;
}

/** Where brackets or one line's dashes nest so deep that the library's recursion would be at risk, or -1. */
function findDeep(text: string): number {
	let depth = 0;
	let dashes = 0;
	for (let at = 0; at < text.length; at += 1) {
		const char = text.charCodeAt(at);
		if (char === 91 || char === 123) depth += 1;
		else if (char === 93 || char === 125) depth = Math.max(0, depth - 1);
		else if (char === 10) dashes = 0;
		else if ((char === 45 || char === 63 || char === 58) && (text.charCodeAt(at + 1) | 0) === 32) dashes += 1;
		if (depth > 10_000 || dashes > 10_000) return at;
	}
	return -1;
}

/** Ends the reading of one document. */
class Refused extends Error {
	readonly problem: ParseProblem;
	constructor(problem: ParseProblem) {
		super(problem.message);
		this.problem = problem;
	}
}

/** Walks the nodes of one document into a tree, and resolves what failsafe YAML left open. */
class TreeBuilder {
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
