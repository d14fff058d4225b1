/** The arguments of label and annotate. */
import { describe, expect, test } from 'vitest';
import { parseChanges } from '../../../src/cli/metadata-change.ts';

describe('parseChanges', () => {
	test('what is meant comes before the first change', () => {
		expect(parseChanges(['pod', 'web', 'a=b', 'c-', 'd=e=f', 'g='])).toEqual({
			subjects: ['pod', 'web'],
			changes: { a: 'b', c: null, d: 'e=f', g: '' },
		});
		expect(parseChanges(['pod/x', 'pod/y'])).toEqual({ subjects: ['pod/x', 'pod/y'], changes: {} });
	});

	test('a stray word, an empty key and a key twice are refused', () => {
		expect(() => parseChanges(['pod', 'web', 'a=b', 'stray'])).toThrow(
			'"stray" is neither KEY=VALUE nor KEY-',
		);
		expect(() => parseChanges(['pod', 'web', '=b'])).toThrow('neither');
		expect(() => parseChanges(['pod', 'web', 'a=b', 'a-'])).toThrow('a can not be changed twice');
	});
});
