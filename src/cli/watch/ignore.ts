/**
 * .dockerignore's patterns: each line is matched against the path from the context's root and against every
 * folder above it; `*` and `?` stay within one name, `**` does not, `!` takes back, the last match wins. A
 * folder that is ignored needs no look inside unless a later `!` pattern may reach below it. Pure.
 */

interface Pattern {
	readonly negated: boolean;
	readonly regex: RegExp;
	/** Names of the pattern up to its first wildcard: what it can reach at all. */
	readonly fixed: readonly string[];
	/** It names an exact depth: no `**`. */
	readonly parts: number | undefined;
}

/** What editors write beside the file that is meant, and what version control writes all the time. */
export const ALWAYS_IGNORED: readonly string[] = [
	'**/.git',
	'**/*~',
	'**/.*.swp',
	'**/.*.swo',
	'**/.*.swx',
	'**/.#*',
	'**/#*#',
	'**/4913',
	'**/*___jb_tmp___',
	'**/*___jb_old___',
	'**/.goutputstream-*',
	'**/.DS_Store',
	'**/*.crswap',
	'**/.sync-conflict-*',
];

export class IgnoreRules {
	readonly #patterns: readonly Pattern[];

	/** Lines of a .dockerignore; empty ones and `#` comments are skipped. Throws nothing: odd patterns match literally. */
	constructor(lines: readonly string[]) {
		this.#patterns = lines.flatMap((line) => patternOf(line) ?? []);
	}

	/** Whether a path (relative to the root, `/` between names) is ignored. The root itself never is. */
	ignores(path: string): boolean {
		if (path === '' || path === '.') return false;
		const names = path.split('/');
		let ignored = false;
		for (const { negated, regex } of this.#patterns) {
			if (negated !== ignored) continue;
			if (names.some((_name, index) => regex.test(names.slice(0, index + 1).join('/')))) ignored = !negated;
		}
		return ignored;
	}

	/** Whether nothing below this folder can matter: it is ignored and no `!` pattern reaches into it. */
	prunes(folder: string): boolean {
		if (!this.ignores(folder)) return false;
		const names = folder.split('/');
		return !this.#patterns.some(({ negated, fixed, parts }) => {
			if (!negated || (parts !== undefined && parts <= names.length)) return false;
			return fixed.every((name, index) => index >= names.length || name === names[index]);
		});
	}
}

/** Lines of a file's text. */
export function linesOf(text: string): string[] {
	return text.replace(/^\uFEFF/, '').split(/\r?\n/);
}

function patternOf(line: string): Pattern | undefined {
	if (line.startsWith('#')) return undefined;
	let text = line.trim();
	const negated = text.startsWith('!');
	if (negated) text = text.slice(1).trim();
	const names = cleaned(text);
	if (names.length === 0) return undefined;
	const wild = names.findIndex((name) => /[*?[\\]/.test(name));
	return {
		negated,
		regex: regexOf(names),
		fixed: wild < 0 ? names : names.slice(0, wild),
		parts: names.includes('**') ? undefined : names.length,
	};
}

/** As filepath.Clean does it: `/a/./b/../c/` is `a/c`. */
function cleaned(text: string): string[] {
	const names: string[] = [];
	for (const name of text.split('/')) {
		if (name === '' || name === '.') continue;
		if (name === '..') names.pop();
		else names.push(name);
	}
	return names;
}

function regexOf(names: readonly string[]): RegExp {
	let source = '^';
	names.forEach((name, index) => {
		const last = index === names.length - 1;
		if (name === '**') source += last ? '.*' : '(?:.*/)?';
		else source += nameSource(name) + (last ? '' : '/');
	});
	try {
		return new RegExp(`${source}$`, 's');
	} catch {
		return new RegExp(`^${names.join('/').replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 's');
	}
}

function nameSource(name: string): string {
	let source = '';
	for (let at = 0; at < name.length; at += 1) {
		const char = name[at] ?? '';
		if (char === '*') {
			const double = name[at + 1] === '*';
			source += double ? '.*' : '[^/]*';
			if (double) at += 1;
		} else if (char === '?') source += '[^/]';
		else if (char === '[' && name.indexOf(']', at + 2) > 0) {
			const end = name.indexOf(']', at + 2);
			source += `[${name.slice(at + 1, end).replace(/\\(?=$)/, '\\\\')}]`;
			at = end;
		} else {
			const literal = char === '\\' && at + 1 < name.length ? (name[++at] ?? '') : char;
			source += literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
		}
	}
	return source;
}
