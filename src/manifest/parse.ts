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
import { type ParseProblem, Refused, TEMPLATE_HINT, TreeBuilder } from './tree-builder.ts';

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
/** Far below what exhausts the stack, far above any manifest, and brackets in texts count too. */
const RISKY_DEPTH = 10_000;
/** Lines, and items between brackets; a ConfigMap of 1 MiB may hold half a million short lines. */
const MAX_PARTS = 600_000;

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
	const danger = findDanger(text);
	if (danger) {
		for (let at = text.indexOf('\n'); at >= 0 && at < danger.at; at = text.indexOf('\n', at + 1))
			lines.addNewLine(at + 1);
		lines.lineStarts.unshift(0);
		return refused(danger.at, `error parsing YAML: line ${position(danger.at).line}: ${danger.why}`);
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
	const end = text.indexOf('\n', at);
	const around = text.slice(text.lastIndexOf('\n', at - 1) + 1, end < 0 ? undefined : end);
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
		...(around.includes('{{') ? { hint: TEMPLATE_HINT } : {}),
	};
}

/**
 * What must not reach the library: control characters, which YAML forbids, and texts on which its recursion
 * or its memory would break (about 1.3 KB for each node).
 */
export function findDanger(text: string): { at: Offset; why: string } | undefined {
	let brackets = 0;
	let dashes = 0;
	let parts = 0;
	/** Whether the line so far is but dashes: `- - - x` is three lists, `a-b - c` none. */
	let leading = true;
	for (let at = 0; at < text.length; at += 1) {
		const char = text.charCodeAt(at);
		if (char === NEWLINE) {
			dashes = 0;
			leading = true;
			parts += 1;
			continue;
		}
		if ((char < 32 && char !== TAB && char !== RETURN) || char === DELETE || char >= 0xfffe) {
			return { at, why: 'control characters are not allowed' };
		}
		if (leading && (char === DASH || char === QUESTION || char === COLON)) dashes += 1;
		else if (char !== SPACE) leading = false;
		if (char === OPEN_LIST || char === OPEN_MAP) brackets += 1;
		else if (char === CLOSE_LIST || char === CLOSE_MAP) brackets = Math.max(0, brackets - 1);
		if (brackets > 0 && (char === COMMA || char === OPEN_LIST || char === OPEN_MAP)) parts += 1;
		if (brackets > RISKY_DEPTH || dashes > RISKY_DEPTH)
			return { at, why: `nested more than ${MAX_DEPTH} levels deep` };
		if (parts > MAX_PARTS) return { at, why: `there are more than ${MAX_PARTS} lines and items` };
	}
	return undefined;
}

const [TAB, NEWLINE, RETURN, SPACE, COMMA, DASH, COLON, QUESTION] = [9, 10, 13, 32, 44, 45, 58, 63];
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP, DELETE] = [91, 93, 123, 125, 127];
