/** Unquoted words must mean what they mean to kubectl. */
import { expect, test } from 'vitest';
import { resolvePlain } from '../../../src/manifest/scalars.ts';

test.each([
	['yes', true],
	['On', true],
	['y', true],
	['N', false],
	['off', false],
	['~', null],
	['', null],
	['Null', null],
	['0644', 420],
	['0o644', 420],
	['08', 8],
	['0x1F', 31],
	['0b101', 5],
	['-12', -12],
	['+7', 7],
	['1_000', 1000],
	['1.50', 1.5],
	['1e3', 1000],
	['.5', 0.5],
	['22:22', '22:22'],
	['2020-01-01', '2020-01-01'],
	['1.2.3', '1.2.3'],
	['-', '-'],
	['.', '.'],
	['yEs', 'yEs'],
	['64Mi', '64Mi'],
	['.inf', Number.POSITIVE_INFINITY],
	['-.Inf', Number.NEGATIVE_INFINITY],
])('%j is read as %j', (word, value) => {
	expect(resolvePlain(word)).toBe(value);
});

test('an integer that no number holds exactly is kept whole', () => {
	expect(resolvePlain('9007199254740993')).toBe(9007199254740993n);
});
