/** YAML and JSON must be read as kubectl reads them, and no text may hang, crash or blow up. */
import { describe, expect, test } from 'vitest';
import { plainValue } from '../../../src/manifest/decode.ts';
import { parseText } from '../../../src/manifest/parse.ts';

function values(text: string): unknown[] {
	return parseText(text).documents.flatMap(({ tree }) => (tree ? [plainValue(tree)] : []));
}

function problems(text: string): string[] {
	const { documents, position } = parseText(text);
	return documents.flatMap((document) =>
		document.problems.map(({ at, message }) => {
			const { line, column } = position(at);
			return `${line}:${column} ${message}`;
		}),
	);
}

test('several documents are read, and empty ones are passed over', () => {
	expect(values('---\n# nothing\n---\na: 1\n---\nb: 2\n')).toEqual([{ a: 1 }, { b: 2 }]);
	expect(values('# only a comment\n')).toEqual([]);
});

test('JSON is read, with tabs and escapes', () => {
	expect(values('{\n\t"a": [1, true, null],\n\t"b": "\\ud83d\\ude00\\/"\n}')).toEqual([
		{ a: [1, true, null], b: '😀/' },
	]);
});

test('quotes keep a word from being a boolean or a number', () => {
	expect(values('a: "yes"\nb: \'0644\'\nc: !!str 12\nd: |\n  yes\n')).toEqual([
		{ a: 'yes', b: '0644', c: '12', d: 'yes\n' },
	]);
});

test('keys that are booleans or numbers become text', () => {
	expect(values('yes: 1\n8080: 2\n')).toEqual([{ true: 1, 8080: 2 }]);
});

describe('anchors', () => {
	test('are put in where they are named', () => {
		expect(values('a: &x [1, 2]\nb: *x\n')).toEqual([{ a: [1, 2], b: [1, 2] }]);
	});
	test('merge keys give what the map itself does not say', () => {
		expect(values('a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n')).toEqual([
			{ a: { p: 1, q: 2 }, b: { q: 3, p: 1 } },
		]);
		expect(values('a: &x {p: 1}\nb: &y {p: 2, r: 3}\nc: {<<: [*x, *y]}\n')).toMatchObject([
			{ c: { p: 1, r: 3 } },
		]);
	});
	test('must not contain themselves, and must be known', () => {
		expect(problems('a: &x [*x]')).toEqual(["1:8 anchor 'x' value contains itself"]);
		expect(problems('a: &x {b: *x}')).toEqual(["1:11 anchor 'x' value contains itself"]);
		expect(problems('a: *y')).toEqual(["1:4 unknown anchor 'y' referenced"]);
	});
	test('may not be a bomb', () => {
		const levels = Array.from(
			{ length: 12 },
			(_, n) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join(',')}]`,
		);
		expect(problems(`a0: &a0 [x]\n${levels.join('\n')}`)[0]).toContain(
			'document contains excessive aliasing',
		);
	});
});

test('a tab as indentation is told with its line', () => {
	expect(problems('a:\n\tb: 1\n')).toEqual([
		'2:1 error parsing YAML: line 2: found a tab where only spaces may indent',
	]);
});

test('a key that stands twice is told where it stands again', () => {
	expect(problems('a: 1\nb: {c: 1, c: 2}\na: 3\n')).toEqual([
		'2:11 key "c" already set in map',
		'3:1 key "a" already set in map',
	]);
});

test('broken text is told with its line, and the other documents are read', () => {
	expect(problems('a: b: c\n---\nd: 1\n')).toHaveLength(1);
	expect(values('a: b: c\n---\nd: 1\n')).toEqual([{ d: 1 }]);
	expect(problems('a: "open\nb: 1')[0]).toMatch(/line 2/);
	expect(problems('a: \u0001')[0]).toMatch(/control characters are not allowed/);
});

test.each([
	['brackets', '['.repeat(9000)],
	['many brackets', '{'.repeat(300_000)],
	['dashes', '- '.repeat(9000)],
	['indentation', Array.from({ length: 1500 }, (_, n) => `${' '.repeat(n)}a:`).join('\n')],
])('nesting by %s is bounded', (_how, text) => {
	expect(problems(text)[0]).toMatch(/nested more than 200 levels deep/);
});

test('a text of more than 8 MiB is not read', () => {
	expect(problems(`a: ${'x'.repeat(9 * 1024 * 1024)}`)).toEqual([
		'1:1 the text is too large: 10 MiB, at the most 8 MiB are read',
	]);
});

test('a byte order mark and line ends of Windows are no trouble', () => {
	expect(values('\ufeffa: 1\r\nb: 2\r\n')).toEqual([{ a: 1, b: 2 }]);
});

test('a text of millions of items is refused before it costs memory', () => {
	expect(problems(`a: [${'x,'.repeat(700_000)}]`)[0]).toContain('there are more than 600000 lines and items');
});

test('a long line of JSON is no nesting', () => {
	const items = Array.from({ length: 5100 }, (_, n) => `{"n": ${n}, "m": -1}`);
	expect(problems(`[${items.join(', ')}]`)).toEqual([]);
}, 60_000);
