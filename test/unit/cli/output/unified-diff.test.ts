/** The unified diff that `podrun diff` prints, held together with the one of diffutils. */
import { describe, expect, test } from 'vitest';
import { unifiedDiff } from '../../../../src/cli/output/unified-diff.ts';

const numbers = (count: number) => Array.from({ length: count }, (_unused, index) => `${index + 1}`);
const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');

describe('unified diff', () => {
	test('nothing differs', () => {
		expect(unifiedDiff('a', 'b', 'x\n', 'x\n')).toBe('');
	});

	test('one line, with three lines around it', () => {
		const changed = numbers(9).map((line) => (line === '5' ? 'five' : line));
		expect(unifiedDiff('a', 'b', text(numbers(9)), text(changed))).toBe(
			'--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n',
		);
	});

	test('changes far apart are hunks of their own, near ones share one', () => {
		const far = numbers(30).filter((line) => line !== '3' && line !== '25');
		const diff = unifiedDiff('a', 'b', text(numbers(30)), text(far));
		expect(diff.match(/^@@.*$/gm)).toEqual(['@@ -1,6 +1,5 @@', '@@ -22,7 +21,6 @@']);
		const near = numbers(30).filter((line) => line !== '10' && line !== '14');
		expect(unifiedDiff('a', 'b', text(numbers(30)), text(near)).match(/^@@.*$/gm)).toEqual([
			'@@ -7,11 +7,9 @@',
		]);
	});

	test('a new text', () => {
		expect(unifiedDiff('a', 'b', '', 'x\ny\n')).toBe('--- a\n+++ b\n@@ -0,0 +1,2 @@\n+x\n+y\n');
	});
});
