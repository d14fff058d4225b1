/** Walks, what has changed since, and the watcher's batches, on a folder of the disk. */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { IgnoreRules } from '../../../../src/cli/watch/ignore.ts';
import { KnownTree, type Root, walk } from '../../../../src/cli/watch/tree.ts';
import { watchRoots } from '../../../../src/cli/watch/watcher.ts';

let folder: string;
const at = (path: string) => join(folder, path);
const root = (...ignore: string[]): Root[] => [{ path: folder, ignore: new IgnoreRules(ignore) }];

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-tree-'));
	for (const path of ['src/deep', 'cache']) mkdirSync(at(path), { recursive: true });
	for (const path of ['src/a', 'src/deep/b', 'cache/keep', 'cache/other']) writeFileSync(at(path), 'one');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('walk', () => {
	test('ignored folders are left out, but for what is taken back', async () => {
		const found = [...(await walk(root('cache', '!cache/keep'))).keys()].map((path) =>
			path.slice(folder.length),
		);
		expect(found.sort()).toEqual(['', '/cache/keep', '/src', '/src/a', '/src/deep', '/src/deep/b']);
	});

	test('differences: content, mode, new, gone', async () => {
		const known = new KnownTree();
		known.compare(await walk(root()));
		expect(known.compare(await walk(root()))).toEqual([]);
		writeFileSync(at('src/a'), 'twos');
		chmodSync(at('cache/keep'), 0o600);
		writeFileSync(at('new'), '');
		rmSync(at('src/deep'), { recursive: true });
		const changes = known.compare(await walk(root()));
		expect(
			changes.map(({ path, gone, folder: isFolder }) => [path.slice(folder.length), gone, isFolder]),
		).toEqual(
			expect.arrayContaining([
				['/src/a', false, false],
				['/cache/keep', false, false],
				['/new', false, false],
				['/src/deep', true, true],
				['/src/deep/b', true, false],
			]),
		);
		expect(changes).toHaveLength(5);
		expect(await known.changed([at('src/a'), at('never')])).toEqual([]);
	});
});

describe('watcher', () => {
	async function collect(roots: readonly Root[], deed: () => void, wanted: string): Promise<string[]> {
		const watcher = await watchRoots(roots, (error) => {
			throw error;
		});
		await watcher.ready;
		deed();
		const signal = AbortSignal.timeout(5000);
		const seen: string[] = [];
		while (!seen.includes(at(wanted))) seen.push(...(await watcher.next(signal)).paths);
		await watcher.close();
		return seen;
	}

	test('a save, in one batch with its neighbours', async () => {
		const save = () => ['src/a', 'src/deep/b'].forEach((path) => void writeFileSync(at(path), 'new text'));
		expect(await collect(root(), save, 'src/deep/b')).toContain(at('src/a'));
	});

	test('an atomic save of a file that is watched alone', async () => {
		const roots = [{ path: at('src/a'), ignore: new IgnoreRules([]) }];
		const save = () => {
			writeFileSync(at('src/.a.tmp'), 'x');
			renameSync(at('src/.a.tmp'), at('src/a'));
		};
		expect(new Set(await collect(roots, save, 'src/a'))).toEqual(new Set([at('src/a')]));
	});

	test('a path that appears later', async () => {
		const roots = [{ path: at('later/on'), ignore: new IgnoreRules([]) }];
		const appear = () => {
			mkdirSync(at('later/on'), { recursive: true });
			writeFileSync(at('later/on/file'), 'x');
		};
		await collect(roots, appear, 'later/on');
	});
});
