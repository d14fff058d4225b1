/** Quantities must read, compare, add and print as Kubernetes' resource.Quantity does. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
	addQuantities,
	canonicalQuantity,
	compareQuantities,
	formatQuantity,
	parseQuantity,
	quantityMilliValue,
	quantityValue,
	tryParseQuantity,
} from '../../../src/api/quantity.ts';

describe('a quantity is printed canonically', () => {
	test.each([
		['0', '0'],
		['-0', '0'],
		['0.5', '500m'],
		['.5', '500m'],
		['1.', '1'],
		['100m', '100m'],
		['1000m', '1'],
		['1500m', '1500m'],
		['1024Mi', '1Gi'],
		['1.5Gi', '1536Mi'],
		['1023', '1023'],
		['1000', '1k'],
		['1Ki', '1Ki'],
		['0.5Ki', '512'],
		['1000Ki', '1000Ki'],
		['64M', '64M'],
		['1e3', '1e3'],
		['1E3', '1e3'],
		['12e6', '12e6'],
		['1E', '1E'],
		['100', '100'],
		['-200m', '-200m'],
		['+5', '5'],
		['0.0000000001', '1n'],
		['123456789012345678901234567890', '9223372036854775807'],
		['1e100', '9223372036854775807'],
	])('%s becomes %s', (text, canonical) => {
		expect(canonicalQuantity(text)).toBe(canonical);
	});
});

describe('what is no quantity is refused in the words of the API server', () => {
	test.each(['', '64MB', 'lots', '1.2.3', '--1', '1 Gi', ' 1', '0x10', '1e3Mi!', 'NaN', '.'])(
		'%j',
		(text) => {
			expect(() => parseQuantity(text)).toThrow('quantities must match the regular expression');
			expect(tryParseQuantity(text)).toBeUndefined();
		},
	);
	test.each(['1MM', '1e', '1ki', '1Kii'])('%j has a wrong suffix', (text) => {
		expect(() => parseQuantity(text)).toThrow("unable to parse quantity's suffix");
	});
	test('a number of a million digits costs nothing', () => {
		expect(() => parseQuantity('9'.repeat(1_000_000))).toThrow('quantities must match');
	});
});

test('quantities compare by value, whatever their suffix', () => {
	expect(compareQuantities('1Gi', '1024Mi')).toBe(0);
	expect(compareQuantities('1G', '1Gi')).toBe(-1);
	expect(compareQuantities('1', '999m')).toBe(1);
	expect(compareQuantities('9007199254740993', '9007199254740992')).toBe(1);
});

test('sums keep the format of the first that is not zero', () => {
	expect(formatQuantity(addQuantities('512Mi', '512Mi'))).toBe('1Gi');
	expect(formatQuantity(addQuantities('0', '1Gi', '1Gi'))).toBe('2Gi');
	expect(formatQuantity(addQuantities('250m', '0.25'))).toBe('500m');
	expect(formatQuantity(addQuantities())).toBe('0');
});

test('bytes and millicores are rounded up to whole ones', () => {
	expect(quantityValue('64Mi')).toBe(67108864n);
	expect(quantityValue('1500m')).toBe(2n);
	expect(quantityValue('-1500m')).toBe(-1n);
	expect(quantityMilliValue('0.1')).toBe(100n);
	expect(quantityMilliValue('1u')).toBe(1n);
});

test('printing and reading again never changes a value', () => {
	const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e2', 'E-3');
	fc.assert(
		fc.property(fc.integer(), fc.nat(999), suffix, (whole, fraction, unit) => {
			const parsed = parseQuantity(`${whole}.${fraction}${unit}`);
			const printed = formatQuantity(parsed);
			expect(parseQuantity(printed).nano).toBe(parsed.nano);
			expect(canonicalQuantity(printed)).toBe(printed);
		}),
		{ numRuns: 300 },
	);
});

test('any text either is a quantity or is refused as one', () => {
	fc.assert(
		fc.property(
			fc.string(),
			(text) => tryParseQuantity(text) === undefined || canonicalQuantity(text) !== '',
		),
	);
});
