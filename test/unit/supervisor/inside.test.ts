/** Folders made where containers may put links in the way. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openFolder, readEnd } from '../../../src/supervisor/inside.ts';

let top: string;
let root: string;
let outside: string;
beforeEach(() => {
	top = mkdtempSync(join(tmpdir(), 'podrun-inside-'));
	root = join(top, 'root');
	outside = join(top, 'outside');
	mkdirSync(root);
	mkdirSync(outside);
});
afterEach(() => rmSync(top, { recursive: true }));

async function make(path: string, mode = 0o750): Promise<void> {
	await (await openFolder(root, path, { mode })).close();
}

it('makes what is missing with its mode, whatever the umask, and leaves what is there as it is', async () => {
	mkdirSync(join(root, 'there'), { mode: 0o700 });
	await make('there/a/./b', 0o777);
	expect(statSync(join(root, 'there')).mode & 0o777).toBe(0o700);
	expect(statSync(join(root, 'there/a')).mode & 0o777).toBe(0o777);
	expect(statSync(join(root, 'there/a/b')).mode & 0o777).toBe(0o777);
});

it('follows no link, wherever it leads', async () => {
	symlinkSync(outside, join(root, 'link'));
	symlinkSync('.', join(root, 'here'));
	for (const path of ['link', 'link/a', 'here/a', 'link/../a', '..', '../outside/a']) {
		await expect(make(path)).rejects.toThrow(/symbolic link|leads out/);
	}
	expect(readdirSync(outside)).toEqual([]);
});

it('refuses a file in the way', async () => {
	writeFileSync(join(root, 'file'), '');
	await expect(make('file/a')).rejects.toThrow('no folder');
});

it('makes nothing outside while somebody puts links in its way', async () => {
	let round = 0;
	const swap = setInterval(() => {
		round += 1;
		try {
			rmSync(join(root, 'a'), { recursive: true, force: true });
			if (round % 2 === 0) symlinkSync(outside, join(root, 'a'));
			else mkdirSync(join(root, 'a'));
		} catch {
			// The other one was quicker.
		}
	}, 0);
	try {
		for (let i = 0; i < 50; i += 1) await make(`a/made-${i}`).catch(() => undefined);
	} finally {
		clearInterval(swap);
	}
	expect(readdirSync(outside)).toEqual([]);
});

it('reads the end of a file, and nothing through a link or of what is no file', async () => {
	writeFileSync(join(root, 'message'), '0123456789');
	symlinkSync(join(root, 'message'), join(root, 'link'));
	expect((await readEnd(join(root, 'message'), 4)).toString()).toBe('6789');
	expect((await readEnd(join(root, 'message'), 40)).toString()).toBe('0123456789');
	for (const name of ['link', 'missing', '.']) {
		expect((await readEnd(join(root, name), 4)).length).toBe(0);
	}
});
