import { describe, expect, it } from 'vitest';
import { generateName, keyOf, objectKey, sameJson, shortHash, stableJson } from '../../../src/api/object.ts';

describe('keys of objects', () => {
	it('join namespace and name', () => {
		expect(objectKey('team', 'db')).toBe('team/db');
		expect(keyOf({ metadata: { name: 'db' } })).toBe('db');
	});
});

describe('stable JSON', () => {
	it('does not depend on the order of keys, but on the order of lists', () => {
		expect(stableJson({ b: 1, a: { d: 2, c: [3, 4] } })).toBe('{"a":{"c":[3,4],"d":2},"b":1}');
		expect(sameJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
		expect(sameJson([1, 2], [2, 1])).toBe(false);
	});

	it('survives keys that mean something to JavaScript', () => {
		expect(stableJson(JSON.parse('{"__proto__": {"x": 1}}'))).toBe('{"__proto__":{"x":1}}');
	});

	it('gives hashes that change with the value only', () => {
		expect(shortHash({ a: 1, b: 2 })).toBe(shortHash({ b: 2, a: 1 }));
		expect(shortHash({ a: 1 })).not.toBe(shortHash({ a: 2 }));
		expect(shortHash({})).toMatch(/^[0-9a-f]{16}$/);
	});
});

describe('a generated name', () => {
	it('adds five characters to the base', () => {
		expect(generateName('web-', () => 0)).toBe('web-bbbbb');
		expect(generateName('web-', () => 0.999)).toBe('web-99999');
	});

	it('is never longer than a DNS label', () => {
		expect(generateName('x'.repeat(80), () => 0.5)).toHaveLength(63);
	});
});
