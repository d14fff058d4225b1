/** A misspelt word must lead to the one that was meant, and a strange one to none. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearest } from '../../../src/manifest/suggest.ts';

const FIELDS = [
	'containers',
	'initContainers',
	'hostNetwork',
	'hostname',
	'image',
	'imagePullPolicy',
	'env',
	'envFrom',
];

test.each([
	['contianers', 'containers'],
	['container', 'containers'],
	['hostnetwork', 'hostNetwork'],
	['imagee', 'image'],
	['imagepullpolicy', 'imagePullPolicy'],
	['emv', 'env'],
	['nothing-like-it', undefined],
	['x', undefined],
])('%s means %s', (word, meant) => {
	expect(nearest(word, FIELDS)).toBe(meant);
});

test('the distance is that of single edits and swaps', () => {
	expect(editDistance('abc', 'abc')).toBe(0);
	expect(editDistance('abc', 'acb')).toBe(1);
	expect(editDistance('', 'abc')).toBe(3);
	fc.assert(
		fc.property(
			fc.string({ maxLength: 12 }),
			fc.string({ maxLength: 12 }),
			(a, b) => editDistance(a, b) === editDistance(b, a),
		),
	);
});
