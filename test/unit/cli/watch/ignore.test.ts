/** .dockerignore's patterns as Docker reads them. */
import { describe, expect, test } from 'vitest';
import { ALWAYS_IGNORED, IgnoreRules, linesOf } from '../../../../src/cli/watch/ignore.ts';

const rules = (...lines: string[]) => new IgnoreRules(lines);

describe('ignore patterns', () => {
	test.each([
		['node_modules', 'node_modules/x/y.js', true],
		['node_modules', 'web/node_modules/x.js', false],
		['**/node_modules', 'web/node_modules/x.js', true],
		['**/node_modules', 'node_modules', true],
		['*.md', 'README.md', true],
		['*.md', 'docs/README.md', false],
		['**/*.md', 'docs/README.md', true],
		['docs/**', 'docs/a/b', true],
		['docs/**/b', 'docs/b', true],
		['a/**/b', 'a/x/y/b/c', true],
		['temp?', 'tempa', true],
		['temp?', 'temp', false],
		['[ab].txt', 'a.txt', true],
		['[^ab].txt', 'c.txt', true],
		['[^ab].txt', 'a.txt', false],
		['/build/', 'build/out.js', true],
		['./build', 'build/out.js', true],
		['a/../b', 'b', true],
		['file\\*', 'file*', true],
		['file\\*', 'files', false],
		['a.b', 'axb', false],
		['# comment', '# comment', false],
		['', 'anything', false],
		['.', 'anything', false],
	])('%j on %s: %s', (pattern, path, ignored) => {
		expect(rules(pattern).ignores(path)).toBe(ignored);
	});

	test('the last match wins, and an exclamation mark takes back', () => {
		expect(rules('*.md', '!README.md').ignores('README.md')).toBe(false);
		expect(rules('*.md', '!README*.md', 'README-secret.md').ignores('README-secret.md')).toBe(true);
		expect(rules('cache', '!cache/keep').ignores('cache/keep')).toBe(false);
		expect(rules('cache', '!cache/keep').ignores('cache/other')).toBe(true);
		expect(rules('!README.md', '*.md').ignores('README.md')).toBe(true);
	});

	test('a folder is entered only when something in it may be wanted', () => {
		expect(rules('cache').prunes('cache')).toBe(true);
		expect(rules('cache', '!cache/keep').prunes('cache')).toBe(false);
		expect(rules('cache', '!cache/keep').prunes('cache/other')).toBe(true);
		expect(rules('cache', '!other/keep').prunes('cache')).toBe(true);
		expect(rules('node_modules', '!**/*.keep').prunes('node_modules')).toBe(false);
		expect(rules('*', '!*.yaml').prunes('folder')).toBe(true);
		expect(rules('cache').prunes('src')).toBe(false);
	});

	test("editors' files and .git never count, and the root always does", () => {
		const always = rules(...ALWAYS_IGNORED);
		for (const path of ['.git/index', 'a/.git', 'a/.b.swp', 'b~', 'x/4913', '.#lock', '.DS_Store']) {
			expect(always.ignores(path), path).toBe(true);
		}
		for (const path of ['.gitignore', 'src/swp', '']) expect(always.ignores(path), path).toBe(false);
	});

	test('a file with a byte order mark and Windows line ends', () => {
		expect(new IgnoreRules(linesOf('\uFEFFa\r\nb\r\n')).ignores('b')).toBe(true);
	});
});
