/**
 * Text → documents. The YAML library only finds the structure (its failsafe schema leaves every scalar a
 * string); what an unquoted word means, merge keys, anchors and duplicate keys are settled here, by the rules
 * of the parser that kubectl uses. JSON is read by the same road: it is YAML's flow style.
 *
 * Everything is bounded: the size of a text, its depth, and how much an alias may blow it up.
 */
import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import type { Position } from './diagnostic.ts';
import { MAX_DEPTH, type Offset, type Tree } from './tree.ts';
import { type ParseProblem, Refused, TreeBuilder } from './tree-builder.ts';

export type { ParseProblem } from './tree-builder.ts';

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
