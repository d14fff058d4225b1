/**
 * How Kubernetes reads an unquoted word of YAML: by the table of Go's yaml.v2, which is YAML 1.1 with a few
 * words of its own. `yes`, `y` and `on` are booleans, `0644` is octal, `22:22` and dates stay text.
 */

export type Scalar = string | number | bigint | boolean | null;

const TRUE = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const FALSE = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);
const NULL = new Set(['', '~', 'null', 'Null', 'NULL']);
const NOT_FINITE = new Map([
	['.nan', Number.NaN],
	['.NaN', Number.NaN],
	['.NAN', Number.NaN],
	...['.inf', '.Inf', '.INF'].flatMap((word): [string, number][] => [
		[word, Number.POSITIVE_INFINITY],
		[`+${word}`, Number.POSITIVE_INFINITY],
		[`-${word}`, Number.NEGATIVE_INFINITY],
	]),
]);

const INTEGERS: readonly [RegExp, string][] = [
	[/^0[bB]([01]+)$/, '0b'],
	[/^0[xX]([0-9a-fA-F]+)$/, '0x'],
	[/^0[oO]?([0-7]+)$/, '0o'],
	[/^(0|[1-9]\d*)$/, ''],
];
const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;
/** Beyond these an integer is read as a floating-point number, as Go does with what fits no 64 bits. */
const MAX_INT = 2n ** 64n - 1n;
const MIN_INT = -(2n ** 63n);

/** The value of an unquoted word. Integers that a number can't hold exactly are bigints. */
export function resolvePlain(word: string): Scalar {
	if (NULL.has(word)) return null;
	if (TRUE.has(word)) return true;
	if (FALSE.has(word)) return false;
	const first = word.charCodeAt(0);
	const numberLike = first === 43 || first === 45 || first === 46 || (first >= 48 && first <= 57);
	if (!numberLike || word.length > 400) return word;
	const special = NOT_FINITE.get(word);
	if (special !== undefined) return special;
	return resolveNumber(word.replaceAll('_', '')) ?? word;
}

function resolveNumber(word: string): number | bigint | undefined {
	const negative = word.startsWith('-');
	const unsigned = word.replace(/^[-+]/, '');
	for (const [pattern, prefix] of INTEGERS) {
		const digits = pattern.exec(unsigned)?.[1];
		if (digits === undefined) continue;
		const value = BigInt(`${prefix}${digits}`) * (negative ? -1n : 1n);
		if (value > MAX_INT || value < MIN_INT) return Number(value);
		return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;
	}
	return FLOAT.test(word) ? Number(word) : undefined;
}

/** A key of a map as text: Kubernetes turns `yes:` into "true" and `8080:` into "8080". */
export function keyText(value: Scalar): string | undefined {
	if (value === null) return undefined;
	return String(value);
}
