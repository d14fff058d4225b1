/**
 * A text as a YAML scalar, as libyaml writes it (kubectl's printer is a port of that): which style it gets, and
 * where it is folded. Long texts are broken at the first space beyond column 80; what YAML 1.1 would read as
 * another type is quoted; texts of several lines stand as blocks wherever a block can hold them.
 */

/** Columns after which a text is folded at its next space. */
const BEST_WIDTH = 80;

/** How a scalar stands in its document. */
export interface Place {
	/** Column at which it begins, after the space that parts it from what it belongs to. */
	readonly column: number;
	/** Of its further lines. */
	readonly indent: number;
	/** A key before its colon, which must stay on one line. */
	readonly key: boolean;
}

/** Without a newline at its end, but for blocks that end in one of their own. */
export function scalar(text: string, place: Place): string {
	if (text.includes('\n'))
		return place.key || !fitsBlock(text) ? doubleQuoted(text, place) : block(text, place);
	if (isTypedPlain(text)) return doubleQuoted(text, place);
	const looks = analyze(text);
	if (looks.special) return doubleQuoted(text, place);
	return looks.plain ? folded(text, place) : singleQuoted(text, place);
}

/** Whether YAML 1.1 reads a bare text as something else: null, boolean, number, date or base 60. */
function isTypedPlain(text: string): boolean {
	if (WORDS.has(text)) return true;
	if (!/^[-+.\d]/.test(text)) return false;
	if (/^[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?$/.test(text)) return true;
	if (/^\d{4}-\d{1,2}-\d{1,2}([Tt ]\d{1,2}:\d{1,2}:\d{1,2}(\.\d+)?(Z|[-+]\d\d:\d\d)?)?$/.test(text))
		return true;
	const plain = text.startsWith('.') ? text : text.replaceAll('_', '');
	return (
		/^[-+]?(0x[\da-f]+|0b[01]+|0o?[0-7]+)$/i.test(plain) ||
		/^[-+]?(\.\d+|\d+(\.\d*)?)(e[-+]?\d+)?$/i.test(plain)
	);
}

const WORDS: ReadonlySet<string> = new Set(
	['y', 'n', 'yes', 'no', 'true', 'false', 'on', 'off', 'null']
		.flatMap((word) => [word, `${word.charAt(0).toUpperCase()}${word.slice(1)}`, word.toUpperCase()])
		.concat(['', '~'], ['.nan', '.NaN', '.NAN'])
		.concat(['', '+', '-'].flatMap((sign) => ['.inf', '.Inf', '.INF'].map((inf) => `${sign}${inf}`))),
);

/** What can stand bare, and what can't be shown as it is. The text has no newline. */
function analyze(text: string): { readonly plain: boolean; readonly special: boolean } {
	const special = /[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/.test(text);
	const outer = text.startsWith(' ') || text.endsWith(' ') || /^(---|\.\.\.)/.test(text);
	const indicator = /^[#,[\]{}&*!|>'"%@`]/.test(text) || /^[-?:]( |$)/.test(text);
	return { plain: !outer && !indicator && !/:( |$)| #/.test(text), special };
}

/** A block shows no space at the end of a line, and nothing that is not printable. */
function fitsBlock(text: string): boolean {
	if (text.endsWith(' ') || / \n/.test(text)) return false;
	return !/[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/.test(text);
}

function block(text: string, { indent }: Place): string {
	const hint = /^[ \n]/.test(text) ? '2' : '';
	const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : '';
	const pad = ' '.repeat(indent);
	const lines = text.split('\n').map((line) => (line === '' ? '' : `${pad}${line}`));
	return `|${hint}${chomp}\n${lines.join('\n')}`;
}

/** Bare: broken at single spaces. */
function folded(text: string, place: Place): string {
	return fold([...text], place, (at, chars) => chars[at + 1] !== ' ');
}

function singleQuoted(text: string, place: Place): string {
	const chars = [...text].map((char) => (char === "'" ? "''" : char));
	const inner = fold(
		chars,
		{ ...place, column: place.column + 1 },
		(at) => isInner(at, chars) && chars[at + 1] !== ' ',
	);
	return `'${inner}'`;
}

function doubleQuoted(text: string, place: Place): string {
	// libyaml takes every character of a text that begins with a byte order mark for one.
	const all = text.startsWith('\ufeff');
	const chars = [...text].map((char) => (all || mustEscape(char) ? escaped(char) : char));
	const inner = fold(chars, { ...place, column: place.column + 1 }, (at) => isInner(at, chars), '\\');
	return `"${inner}"`;
}

function isInner(at: number, chars: readonly string[]): boolean {
	return at > 0 && at < chars.length - 1;
}

/** Line breaks instead of those spaces beyond the width that may be one; `guard` keeps a space that follows. */
function fold(
	chars: readonly string[],
	{ column, indent, key }: Place,
	mayBreak: (at: number, chars: readonly string[]) => boolean,
	guard = '',
): string {
	let text = '';
	let at = column;
	let afterSpace = false;
	for (const [index, char] of chars.entries()) {
		if (char === ' ' && !key && !afterSpace && at > BEST_WIDTH && mayBreak(index, chars)) {
			const kept = chars[index + 1] === ' ' ? guard : '';
			text += `\n${' '.repeat(indent)}${kept}`;
			at = indent + kept.length;
		} else {
			text += char;
			at += char.length > 2 || char.startsWith('\\') || char === "''" ? char.length : 1;
		}
		afterSpace = char === ' ';
	}
	return text;
}

function mustEscape(char: string): boolean {
	return (
		char === '"' ||
		char === '\\' ||
		!/^[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]$/.test(char)
	);
}

const SHORT: Readonly<Record<string, string>> = {
	'\0': '0',
	'\x07': 'a',
	'\b': 'b',
	'\t': 't',
	'\n': 'n',
	'\v': 'v',
	'\f': 'f',
	'\r': 'r',
	'\x1b': 'e',
	'"': '"',
	'\\': '\\',
	'\x85': 'N',
	'\xa0': '_',
	'\u2028': 'L',
	'\u2029': 'P',
};

function escaped(char: string): string {
	const short = SHORT[char];
	if (short !== undefined) return `\\${short}`;
	const code = char.codePointAt(0) ?? 0;
	const hex = code.toString(16).toUpperCase();
	if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
	return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
