/**
 * Data as YAML, byte by byte as kubectl prints it: block style, lists not indented below their key, keys in the
 * order of Go's printer, which counts digits as numbers. How texts look is in yaml-scalar.ts.
 */
import { scalar } from './yaml-scalar.ts';

/** Bytes of a key that may stand before its colon; a longer one gets a `?` and lines of its own. */
const LONGEST_KEY = 128;

/** Undefined values go. Whoever prints it adds the last newline. */
export function toYaml(value: unknown): string {
	return node(value, { indent: 0, column: 0, afterDash: false, listIndent: 0 }).replace(/\n$/, '');
}

interface Where {
	/** Of the lines of a map. */
	readonly indent: number;
	/** Where a scalar begins. */
	readonly column: number;
	/** The first line goes on after `- `. */
	readonly afterDash: boolean;
	/** Of the lines of a list. */
	readonly listIndent: number;
}

/** With a newline at its end. */
function node(value: unknown, where: Where): string {
	if (Array.isArray(value)) return value.length === 0 ? '[]\n' : list(value, where);
	if (typeof value === 'object' && value !== null) {
		const entries = Object.entries(value).filter(([, item]) => item !== undefined);
		return entries.length === 0 ? '{}\n' : map(entries, where);
	}
	if (typeof value === 'string') {
		const text = scalar(value, { column: where.column, indent: where.indent, key: false });
		return text.startsWith('|') && text.endsWith('\n') ? text : `${text}\n`;
	}
	return `${String(value ?? null)}\n`;
}

function list(items: readonly unknown[], { listIndent, afterDash }: Where): string {
	const pad = ' '.repeat(listIndent);
	const inner = listIndent + 2;
	const lines = items.map((item, index) => {
		const text = node(item ?? null, {
			indent: inner,
			column: inner,
			afterDash: true,
			listIndent: inner,
		});
		return `${index === 0 && afterDash ? '' : pad}- ${text}`;
	});
	return lines.join('');
}

function map(entries: [string, unknown][], { indent, afterDash }: Where): string {
	const pad = ' '.repeat(indent);
	entries.sort(([a], [b]) => compareKeys(a, b));
	const lines = entries.map(([key, value], index) => {
		const head = index === 0 && afterDash ? '' : pad;
		const simple = !key.includes('\n') && Buffer.byteLength(key) <= LONGEST_KEY;
		const place = { column: indent + (simple ? 0 : 2), indent: indent + 2, key: simple };
		const name = scalar(key, place);
		if (!simple) {
			const below = node(value, {
				indent: indent + 2,
				column: indent + 2,
				afterDash: true,
				listIndent: indent + 2,
			});
			return `${head}? ${name}${name.endsWith('\n') ? '' : '\n'}${pad}: ${below}`;
		}
		const where = {
			indent: indent + 2,
			column: indent + [...name].length + 2,
			afterDash: false,
			listIndent: indent,
		};
		return `${head}${name}:${isBelow(value) ? '\n' : ' '}${node(value, where)}`;
	});
	return lines.join('');
}

/** Whether a value begins on the line after its key. */
function isBelow(value: unknown): boolean {
	if (typeof value !== 'object' || value === null) return false;
	return (
		Object.values(value).some((item) => item !== undefined) || (Array.isArray(value) && value.length > 0)
	);
}

/** As go-yaml sorts: letters after everything else, runs of digits by their number. */
function compareKeys(a: string, b: string): number {
	const [left, right] = [[...a], [...b]];
	for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
		const [l = '', r = ''] = [left[i], right[i]];
		if (l === r) continue;
		const [isLeft, isRight] = [isLetter(l), isLetter(r)];
		if (isLeft && isRight) return (l.codePointAt(0) ?? 0) - (r.codePointAt(0) ?? 0);
		if (isLeft || isRight) return isRight ? -1 : 1;
		return compareNumbers(left, right, i);
	}
	return left.length - right.length;
}

/** Two runs of digits that differ from `at` on; zeros in front count only after a number has begun. */
function compareNumbers(left: readonly string[], right: readonly string[], at: number): number {
	const zero = left[at] === '0' || right[at] === '0';
	const begun = zero && hasNumberBefore(left, at) ? '1' : '0';
	const [a, b] = [digitsFrom(left, at), digitsFrom(right, at)];
	const [m, n] = [BigInt(begun + a), BigInt(begun + b)];
	if (m !== n) return m < n ? -1 : 1;
	if (a.length !== b.length) return a.length - b.length;
	return (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
}

function hasNumberBefore(chars: readonly string[], at: number): boolean {
	for (let i = at - 1; i >= 0 && /\d/.test(chars[i] ?? ''); i -= 1) if (chars[i] !== '0') return true;
	return false;
}

function digitsFrom(chars: readonly string[], at: number): string {
	let end = at;
	while (end < chars.length && /\d/.test(chars[end] ?? '')) end += 1;
	return chars.slice(at, end).join('');
}

function isLetter(char: string): boolean {
	return /\p{L}/u.test(char);
}
