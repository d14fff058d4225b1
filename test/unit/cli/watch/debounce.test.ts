/** When a batch is complete. */
import { expect, test } from 'vitest';
import { flushAt } from '../../../../src/cli/watch/debounce.ts';

test('one save waits 50 ms', () => {
	expect(flushAt({ first: 1000, last: 1000, paths: 1 })).toBe(1050);
});

test('a file that never rests is taken after a third of a second', () => {
	expect(flushAt({ first: 1000, last: 1305, paths: 1 })).toBe(1310);
});

test('thousands of files are one batch, but not for ever', () => {
	expect(flushAt({ first: 1000, last: 3000, paths: 5000 })).toBe(3300);
	expect(flushAt({ first: 1000, last: 3900, paths: 5000 })).toBe(4000);
});
