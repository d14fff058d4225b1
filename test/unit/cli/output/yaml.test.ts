/** Data must come out as kubectl prints it: each text here was printed by kubectl 1.36. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { toYaml } from '../../../../src/cli/output/yaml.ts';

describe('texts', () => {
	const LOREM =
		'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore';
	test.each([
		['plain', 'plain'],
		['', '""'],
		['012', '"012"'],
		['0o17', '"0o17"'],
		['1_000', '"1_000"'],
		['1e3', '"1e3"'],
		['2026-01-01', '"2026-01-01"'],
		['22:22', '"22:22"'],
		['yes', '"yes"'],
		['~', '"~"'],
		['.inf', '".inf"'],
		['=', '='],
		['<<', '<<'],
		['- x', "'- x'"],
		['@x', "'@x'"],
		['a:', "'a:'"],
		['a #b', "'a #b'"],
		['a ', "'a '"],
		['\'single\' and "double"', `'''single'' and "double"'`],
		['back\\slash and "q"', 'back\\slash and "q"'],
		['a\tb', '"a\\tb"'],
		['a\r\nb', '"a\\r\\nb"'],
		['bell\u0007', '"bell\\a"'],
		['äöü ✓ 🎉', '"äöü ✓ \\U0001F389"'],
		['äöü ✓', 'äöü ✓'],
		['\ufeffx', '"\\uFEFF\\x78"'],
		['one\ntwo\n', '|\n  one\n  two'],
		['one\ntwo', '|-\n  one\n  two'],
		['one\n\n', '|+\n  one\n'],
		['  one\ntwo', '|2-\n    one\n  two'],
		['\nabc', '|2-\n\n  abc'],
		['one \ntwo', '"one \\ntwo"'],
		['a\n\tb\n', '"a\\n\\tb\\n"'],
		[
			LOREM,
			'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor\n  incididunt ut labore',
		],
		[
			`${LOREM}: "x"`,
			'\'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor\n  incididunt ut labore: "x"\'',
		],
		[
			`${LOREM}\t`,
			'"Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor\n  incididunt ut labore\\t"',
		],
		['x'.repeat(100), 'x'.repeat(100)],
	])('%j', (text, expected) => {
		const yaml = toYaml({ k: text });
		expect(yaml).toBe(`k: ${expected}`);
		expect(parse(`${yaml}\n`, { version: '1.1' })).toEqual({ k: text });
	});
});

test('lists are not indented below their key, empty ones and maps stand on its line, undefined goes', () => {
	const data = {
		spec: { b: [{ z: 1, a: ['x', []] }, [1, 2]], a: {}, c: [], d: null, gone: undefined, t: true, f: 0.5 },
	};
	expect(toYaml(data)).toBe(`spec:
  a: {}
  b:
  - a:
    - x
    - []
    z: 1
  - - 1
    - 2
  c: []
  d: null
  f: 0.5
  t: true`);
});

test('keys are sorted with their digits as numbers, quoted where they must be, and long ones stand alone', () => {
	const long = 'k'.repeat(129);
	const keys = ['B', 'a10', 'a2', 'a1.10', 'a1.2', 'a-b', 'true', '10', '9', 'a01', 'b', long];
	expect(toYaml(Object.fromEntries(keys.map((key) => [key, 1])))).toBe(`"9": 1
"10": 1
B: 1
a-b: 1
a1.2: 1
a1.10: 1
a01: 1
a2: 1
a10: 1
b: 1
? ${long}
: 1
"true": 1`);
});
