/** The supervisor's lock: one holder, and a dead one does not count. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { acquireLock, readHolder } from '../../../src/apiserver/lock.ts';

let folder: string;
let path: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-lock-'));
	path = join(folder, 'supervisor.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('is held by one, told by its file, and free after release', () => {
	const lock = acquireLock(path, '1.0.0');
	expect(lock?.held()).toBe(true);
	expect(acquireLock(path, '1.0.0')).toBeUndefined();
	expect(readHolder(path)).toMatchObject({ pid: process.pid, version: '1.0.0' });
	lock?.release();
	const again = acquireLock(path, '1.0.0');
	expect(again?.held()).toBe(true);
	again?.release();
	expect(readdirSync(folder)).toEqual([]);
});

it.each([
	['a pid that is gone', { pid: 2 ** 22 - 3, began: 'x', version: '1', startedAt: '' }],
	['a pid that was given out anew', { pid: process.pid, began: 'another boot', version: '1', startedAt: '' }],
])('is taken over from %s', (_what, holder) => {
	writeFileSync(path, JSON.stringify(holder));
	expect(acquireLock(path, '2.0.0')?.held()).toBe(true);
	expect(readHolder(path)).toMatchObject({ pid: process.pid, version: '2.0.0' });
});

it('is taken over from a file that says nothing, and lost when it is taken away', () => {
	writeFileSync(path, 'half a li');
	const lock = acquireLock(path, '1.0.0');
	expect(lock?.held()).toBe(true);
	rmSync(path);
	expect(lock?.held()).toBe(false);
});
