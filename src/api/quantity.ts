/**
 * resource.Quantity: the numbers with suffixes of requests, limits and sizes (500m, 64Mi, 1.5G, 2e3).
 *
 * A value is held as a whole count of nano units in a bigint, so nothing is ever rounded by floating point.
 * As in Kubernetes, what is finer than a nano unit is rounded up (away from zero), what is larger than an
 * int64 is capped, and the printed form is canonical: no fraction, the largest suffix that fits, in the
 * family of suffixes (binary, decimal, exponent) in which it was written.
 */

/** In which family of suffixes a quantity was written, and is printed again. */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

export interface Quantity {
	/** The value in billionths. */
	readonly nano: bigint;
	readonly format: QuantityFormat;
}

/** The text is no quantity. The message is the API server's. */
export class QuantityError extends Error {
	override readonly name = 'QuantityError';
}

const NANO = 1_000_000_000n;
const MAX = (2n ** 63n - 1n) * NANO;
/** No sensible quantity is longer; the bound keeps hostile input from costing quadratic time. */
const MAX_LENGTH = 256;

const BINARY: Readonly<Record<string, bigint>> = {
	Ki: 1024n,
	Mi: 1024n ** 2n,
	Gi: 1024n ** 3n,
	Ti: 1024n ** 4n,
	Pi: 1024n ** 5n,
	Ei: 1024n ** 6n,
};
/** Power of ten of each decimal suffix. */
const DECIMAL: Readonly<Record<string, number>> = {
	n: -9,
	u: -6,
	m: -3,
	'': 0,
	k: 3,
	M: 6,
	G: 9,
	T: 12,
	P: 15,
	E: 18,
};

const WRONG_FORMAT =
	"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_SUFFIX = "unable to parse quantity's suffix";

/**
 * Reads a quantity as it stands in a manifest; numbers are allowed, as in YAML.
 * @throws QuantityError in the API server's words.
 */
export function parseQuantity(text: string | number): Quantity {
	const source = String(text);
	const match =
		source.length <= MAX_LENGTH
			? /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))([eEinumkKMGTP]*[-+]?\d*)$/.exec(source)
			: null;
	if (!match) throw new QuantityError(WRONG_FORMAT);
	const [, sign = '', whole = '', fractionAfter, fractionAlone, suffix = ''] = match;
	const fraction = fractionAfter ?? fractionAlone ?? '';
	const digits = BigInt(`${whole}${fraction}` || '0');
	const negative = sign === '-';

	const binary = Object.hasOwn(BINARY, suffix) ? BINARY[suffix] : undefined;
	if (binary !== undefined) {
		return {
			nano: signed(divideUp(digits * binary * NANO, 10n ** BigInt(fraction.length)), negative),
			format: 'BinarySI',
		};
	}
	const decimal = Object.hasOwn(DECIMAL, suffix) ? DECIMAL[suffix] : undefined;
	const exponent = decimal ?? exponentOf(suffix);
	const nano = scale(digits, exponent - fraction.length + 9);
	return { nano: signed(nano, negative), format: decimal === undefined ? 'DecimalExponent' : 'DecimalSI' };
}

/** The quantity, or nothing when the text is none. */
export function tryParseQuantity(text: string | number | undefined): Quantity | undefined {
	if (text === undefined) return undefined;
	try {
		return parseQuantity(text);
	} catch (error) {
		if (error instanceof QuantityError) return undefined;
		throw error;
	}
}

/** The canonical text, as the API server would store it: 0.5 is 500m, 1024Mi is 1Gi. */
export function formatQuantity(quantity: Quantity): string {
	const { nano } = quantity;
	if (nano === 0n) return '0';
	const small = nano > -1024n * NANO && nano < 1024n * NANO;
	if (quantity.format === 'BinarySI' && !small && nano % NANO === 0n) {
		let value = nano / NANO;
		let power = 0;
		while (power < 6 && value % 1024n === 0n) {
			value /= 1024n;
			power += 1;
		}
		return `${value}${['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'][power]}`;
	}
	let value = nano;
	let exponent = -9;
	while (exponent < 18 && value % 1000n === 0n) {
		value /= 1000n;
		exponent += 3;
	}
	if (quantity.format === 'DecimalExponent') return exponent === 0 ? `${value}` : `${value}e${exponent}`;
	const suffix = Object.keys(DECIMAL).find((name) => DECIMAL[name] === exponent) ?? '';
	return `${value}${suffix}`;
}

/** The canonical text of a quantity given as text. @throws QuantityError */
export function canonicalQuantity(text: string | number): string {
	return formatQuantity(parseQuantity(text));
}

/** Negative, zero or positive, as a is less than, equal to or more than b. @throws QuantityError */
export function compareQuantities(a: Quantity | string, b: Quantity | string): number {
	const [x, y] = [asQuantity(a).nano, asQuantity(b).nano];
	return x < y ? -1 : x > y ? 1 : 0;
}

/** The sum, in the format of the first that is not zero. @throws QuantityError */
export function addQuantities(...terms: readonly (Quantity | string)[]): Quantity {
	const parsed = terms.map(asQuantity);
	const first = parsed.find((term) => term.nano !== 0n) ?? parsed[0];
	const nano = parsed.reduce((sum, term) => sum + term.nano, 0n);
	return { nano: capped(nano), format: first?.format ?? 'DecimalSI' };
}

/** Whole units, rounded up: bytes of a memory quantity, cores of a CPU one. @throws QuantityError */
export function quantityValue(quantity: Quantity | string): bigint {
	return roundUp(asQuantity(quantity).nano, NANO);
}

/** Thousandths, rounded up: the millicores of a CPU quantity. @throws QuantityError */
export function quantityMilliValue(quantity: Quantity | string): bigint {
	return roundUp(asQuantity(quantity).nano, 1_000_000n);
}

/** A count of whole units as a quantity. */
export function quantityOf(value: bigint | number, format: QuantityFormat = 'BinarySI'): Quantity {
	return { nano: capped(BigInt(value) * NANO), format };
}

function asQuantity(value: Quantity | string): Quantity {
	return typeof value === 'string' ? parseQuantity(value) : value;
}

/** `e3`, `E-2`; a bare `e` or anything else is no suffix. */
function exponentOf(suffix: string): number {
	const match = /^[eE]([-+]?\d+)$/.exec(suffix);
	if (!match?.[1]) throw new QuantityError(WRONG_SUFFIX);
	return Math.max(-100, Math.min(100, Number(match[1])));
}

function scale(digits: bigint, exponent: number): bigint {
	if (digits === 0n) return 0n;
	return exponent >= 0 ? digits * 10n ** BigInt(exponent) : divideUp(digits, 10n ** BigInt(-exponent));
}

/** Of two numbers that are not negative. */
function divideUp(value: bigint, by: bigint): bigint {
	return (value + by - 1n) / by;
}

/** Towards positive infinity, as ScaledValue does. */
function roundUp(value: bigint, by: bigint): bigint {
	return value >= 0n ? divideUp(value, by) : -(-value / by);
}

function signed(value: bigint, negative: boolean): bigint {
	return capped(negative ? -value : value);
}

function capped(value: bigint): bigint {
	return value > MAX ? MAX : value < -MAX ? -MAX : value;
}
