/** Bytecode that one run leaves to the next, by processes of their own. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';

const LOADER = new URL('../../../src/cli/code-cache.ts', import.meta.url).href;
let folder: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-code-'));
	bundle('first');
});
afterEach(() => rmSync(folder, { recursive: true }));

function bundle(says: string): void {
	writeFileSync(join(folder, 'it.cjs'), `exports.says = () => require('node:path').join('${says}', 'x');`);
}

/** What the bundle says, or what stood in the way. */
async function run(verb = 'up', exitCode = 0): Promise<string> {
	const script = `
		const { loadCached } = await import(${JSON.stringify(LOADER)});
		process.getBuiltinModule('node:module').enableCompileCache(${JSON.stringify(join(folder, 'cache'))});
		console.log(loadCached(${JSON.stringify(join(folder, 'it.cjs'))}, ${JSON.stringify(verb)}).says());
		process.exitCode = ${exitCode};`;
	const args = ['--input-type=module', '-e', script];
	const { stdout } = await promisify(execFile)(process.execPath, args).catch(
		(error: { stdout: string }) => error,
	);
	return stdout.trim();
}

function kept(): string[] {
	const all = readdirSync(join(folder, 'cache'), { recursive: true, encoding: 'utf8' });
	return all.filter((name) => name.includes('podrun-')).map((name) => join(folder, 'cache', name));
}

it('is kept by the first run that succeeds, one for each verb, for its user alone', async () => {
	expect(await run('up', 1)).toBe('first/x');
	expect(kept()).toEqual([]);
	expect(await run('up')).toBe('first/x');
	expect(await run('ps')).toBe('first/x');
	expect(kept()).toHaveLength(2);
	expect(kept().map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600]);
	const times = kept().map((path) => statSync(path).mtimeMs);
	expect(await run('up')).toBe('first/x');
	expect(kept().map((path) => statSync(path).mtimeMs)).toEqual(times);
});

it('of another file, or broken, it is not used', async () => {
	await run();
	// Of the same length: V8 alone would not see it.
	bundle('other');
	expect(await run()).toBe('other/x');
	const [path = ''] = kept();
	writeFileSync(path, 'no bytecode');
	expect(await run()).toBe('other/x');
	expect(await run()).toBe('other/x');
});

it('nothing is kept where others may write', async () => {
	await run();
	const [path = ''] = kept();
	rmSync(path);
	chmodSync(join(path, '..'), 0o777);
	expect(await run()).toBe('first/x');
	expect(kept()).toEqual([]);
});
