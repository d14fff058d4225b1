/**
 * kubectl's JSONPath templates, the reading half: text, `{expression}`, `{range …}{end}`, quoted text, and
 * paths of fields, indexes, slices, unions, wildcards, recursive descent and filters.
 */
import { usage } from './errors.ts';

export type Step =
	| { readonly type: 'field'; readonly name: string }
	| { readonly type: 'wildcard' }
	| { readonly type: 'recursive' }
	| { readonly type: 'index'; readonly index: number }
	| { readonly type: 'slice'; readonly from?: number; readonly to?: number; readonly step: number }
	| { readonly type: 'union'; readonly steps: readonly Step[] }
	| { readonly type: 'filter'; readonly left: Operand; readonly operator: string; readonly right?: Operand };

export type Operand =
	| { readonly type: 'literal'; readonly value: string | number | boolean }
	| { readonly type: 'path'; readonly steps: readonly Step[]; readonly root: boolean };

export type Node =
	| { readonly type: 'text'; readonly text: string }
	| { readonly type: 'path'; readonly steps: readonly Step[] }
	| { readonly type: 'range'; readonly steps: readonly Step[]; readonly body: readonly Node[] };

function broken(template: string, why: string): never {
	throw usage(`jsonpath ${template}: ${why}`);
}

/** Throws UserError USAGE for a template that can't be read. */
export function parseTemplate(template: string): readonly Node[] {
	const stack: { steps: readonly Step[]; body: Node[] }[] = [{ steps: [], body: [] }];
	const add = (node: Node) => stack.at(-1)?.body.push(node);
	let at = 0;
	while (at < template.length) {
		const open = template.indexOf('{', at);
		if (open !== at) {
			const end = open < 0 ? template.length : open;
			add({ type: 'text', text: unquoted(template.slice(at, end)) });
			at = end;
			continue;
		}
		const close = closing(template, open);
		if (close < 0) {
			broken(template, 'unclosed action');
		}
		const inner = template.slice(open + 1, close).trim();
		at = close + 1;
		if (inner === 'end') {
			const range = stack.pop();
			if (!range || stack.length === 0) {
				broken(template, 'not in range');
			}
			add({ type: 'range', steps: range.steps, body: range.body });
		} else if (/^range\s/.test(inner)) {
			stack.push({ steps: parsePath(inner.slice(5).trim()), body: [] });
		} else if (/^(["']).*\1$/s.test(inner)) {
			add({ type: 'text', text: unquoted(inner.slice(1, -1)) });
		} else {
			add({ type: 'path', steps: parsePath(inner) });
		}
	}
	if (stack.length > 1) {
		broken(template, 'range without end');
	}
	return stack[0]?.body ?? [];
}

/** `.status.phase`, `status.phase` or `{.status.phase}` → a template; as `wait` and custom-columns take it. */
export function relaxed(expression: string): string {
	const inner = expression.trim().replace(/^\{(.*)\}$/s, '$1');
	return `{${inner.startsWith('.') || inner.startsWith('$') || inner.startsWith('[') ? inner : `.${inner}`}}`;
}

function closing(text: string, open: number): number {
	let quote = '';
	for (let at = open + 1; at < text.length; at++) {
		const char = text[at] as string;
		if (quote) {
			if (char === '\\') {
				at++;
			} else if (char === quote) {
				quote = '';
			}
		} else if (char === '"' || char === "'") {
			quote = char;
		} else if (char === '}') {
			return at;
		}
	}
	return -1;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function unquoted(text: string): string {
	return text.replace(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char);
}

/** A path as it stands between braces: `$.items[*].metadata.name`, `@.x`, `..image`. */
function parsePath(path: string): readonly Step[] {
	const steps: Step[] = [];
	let at = path.startsWith('$') || path.startsWith('@') ? 1 : 0;
	while (at < path.length) {
		if (path.startsWith('..', at)) {
			steps.push({ type: 'recursive' });
			// The second dot introduces the next field, unless a bracket does.
			at += path[at + 2] === '[' ? 2 : 1;
		} else if (path[at] === '.') {
			at++;
			if (path[at] === '*') {
				steps.push({ type: 'wildcard' });
				at++;
				continue;
			}
			const start = at;
			let name = '';
			while (at < path.length && path[at] !== '.' && path[at] !== '[') {
				if (path[at] === '\\') {
					at++;
				}
				name += path[at] ?? '';
				at++;
			}
			if (at > start) {
				steps.push({ type: 'field', name });
			}
		} else if (path[at] === '[') {
			const end = bracketEnd(path, at);
			steps.push(parseBracket(path.slice(at + 1, end).trim(), path));
			at = end + 1;
		} else {
			broken(path, `unexpected ${JSON.stringify(path[at])}, a field begins with a dot`);
		}
	}
	return steps;
}

function bracketEnd(path: string, open: number): number {
	let depth = 0;
	let quote = '';
	for (let at = open; at < path.length; at++) {
		const char = path[at] as string;
		if (quote) {
			quote = char === quote ? '' : quote;
		} else if (char === '"' || char === "'") {
			quote = char;
		} else if (char === '[') {
			depth++;
		} else if (char === ']' && --depth === 0) {
			return at;
		}
	}
	return broken(path, 'unclosed [');
}

function parseBracket(inner: string, path: string): Step {
	const filter = /^\?\((.*)\)$/s.exec(inner);
	if (filter) {
		return parseFilter((filter[1] as string).trim(), path);
	}
	if (inner === '*') {
		return { type: 'wildcard' };
	}
	const parts = splitOutside(inner, ',');
	if (parts.length > 1) {
		return { type: 'union', steps: parts.map((part) => parseBracket(part.trim(), path)) };
	}
	const quoted = /^(["'])(.*)\1$/s.exec(inner);
	if (quoted) {
		return { type: 'field', name: quoted[2] as string };
	}
	if (/^-?\d+$/.test(inner)) {
		return { type: 'index', index: Number(inner) };
	}
	const slice = /^(-?\d+)?:(-?\d+)?(?::(\d+))?$/.exec(inner);
	if (slice) {
		return {
			type: 'slice',
			...(slice[1] === undefined ? {} : { from: Number(slice[1]) }),
			...(slice[2] === undefined ? {} : { to: Number(slice[2]) }),
			step: slice[3] === undefined ? 1 : Number(slice[3]),
		};
	}
	return broken(path, `invalid array index ${inner}`);
}

function parseFilter(text: string, path: string): Step {
	for (const operator of ['==', '!=', '<=', '>=', '<', '>']) {
		const parts = splitOutside(text, operator);
		if (parts.length === 2) {
			return {
				type: 'filter',
				left: parseOperand((parts[0] as string).trim(), path),
				operator,
				right: parseOperand((parts[1] as string).trim(), path),
			};
		}
	}
	return { type: 'filter', left: parseOperand(text, path), operator: 'exists' };
}

function parseOperand(text: string, path: string): Operand {
	const quoted = /^(["'])(.*)\1$/s.exec(text);
	if (quoted) {
		return { type: 'literal', value: unquoted(quoted[2] as string) };
	}
	if (text === 'true' || text === 'false') {
		return { type: 'literal', value: text === 'true' };
	}
	if (text !== '' && Number.isFinite(Number(text))) {
		return { type: 'literal', value: Number(text) };
	}
	if (text.startsWith('@') || text.startsWith('$') || text.startsWith('.')) {
		return { type: 'path', steps: parsePath(text), root: text.startsWith('$') };
	}
	return broken(path, `can't read ${text} in the filter`);
}

function splitOutside(text: string, separator: string): string[] {
	const parts: string[] = [];
	let quote = '';
	let depth = 0;
	let start = 0;
	for (let at = 0; at < text.length; at++) {
		const char = text[at] as string;
		if (quote) {
			quote = char === quote ? '' : quote;
		} else if (char === '"' || char === "'") {
			quote = char;
		} else if (char === '[' || char === '(') {
			depth++;
		} else if (char === ']' || char === ')') {
			depth--;
		} else if (depth === 0 && text.startsWith(separator, at)) {
			parts.push(text.slice(start, at));
			start = at + separator.length;
			at += separator.length - 1;
		}
	}
	parts.push(text.slice(start));
	return parts;
}
