/** When events are worth a look. */
import { expect, test } from 'vitest';
import { flushAt } from '../../../../src/cli/watch/debounce.ts';

test('one save waits 50 ms', () => {
	expect(flushAt({ first: 1000, last: 1000 })).toBe(1050);
});

test('a file that never rests is taken after a third of a second', () => {
	expect(flushAt({ first: 1000, last: 1290 })).toBe(1300);
});
