/** Lines of a log, however its bytes come. */
import { expect, it } from 'vitest';
import { LineSplitter } from '../../../../src/cli/output/lines.ts';

it('gives whole lines, and at the end what has none', () => {
	const splitter = new LineSplitter();
	const told = ['a', 'b\nc', '\n\n', 'd'].flatMap((text) => splitter.push(Buffer.from(text)).map(String));
	expect(told).toEqual(['ab\n', 'c\n', '\n']);
	expect(String(splitter.end())).toBe('d');
	expect(splitter.end()).toHaveLength(0);
});

it('cuts a line that does not end, and loses none of it', () => {
	const splitter = new LineSplitter();
	const chunk = Buffer.alloc(64 * 1024, 'x');
	let bytes = 0;
	let longest = 0;
	for (let i = 0; i < 100; i += 1) {
		for (const line of splitter.push(chunk)) {
			bytes += line.length - 1;
			longest = Math.max(longest, line.length);
		}
	}
	expect(longest).toBe(1024 * 1024 + 1);
	expect(bytes + splitter.end().length).toBe(100 * chunk.length);
});
