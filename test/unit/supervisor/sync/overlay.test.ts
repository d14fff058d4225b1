/** The overlay of a container: the latest of every path, on disk, whatever the supervisor lived through. */
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeSync, encodeSync, type SyncEntry } from '../../../../src/api/sync.ts';
import { Overlay } from '../../../../src/supervisor/sync/overlay.ts';

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-overlay-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Files = Readonly<Record<string, string | null>>;

/** Texts of files; null: a folder. */
function body(files: Files, removed: readonly string[] = []): Buffer {
	const entries = Object.entries(files).map(
		([path, text]): SyncEntry => ({
			path,
			type: text === null ? 'directory' : 'file',
			mode: 0o644,
			seconds: 1,
			size: Buffer.byteLength(text ?? ''),
		}),
	);
	const contents = Object.values(files).flatMap((text) => (text === null ? [] : [Buffer.from(text)]));
	return encodeSync({ removed, entries }, contents);
}

async function contents(overlay: Overlay): Promise<Files> {
	const found: Record<string, string | null> = {};
	for await (const { entry, content } of overlay.entries()) {
		found[entry.path] = entry.type === 'directory' ? null : content.toString();
	}
	return found;
}

describe('overlay', () => {
	test('the last body wins; what is removed is gone, with all below it', async () => {
		const overlay = await Overlay.load(folder);
		await overlay.add(
			body({ '/app': null, '/app/a': 'one', '/app/b': 'one', '/app/lib': null, '/app/lib/c': 'c' }),
		);
		await overlay.add(body({ '/app/a': 'twö' }, ['/app/lib']));
		expect(await contents(overlay)).toEqual({ '/app': null, '/app/a': 'twö', '/app/b': 'one' });
		expect(overlay.removed()).toEqual(['/app/lib']);
		await overlay.add(body({ '/app/lib': 'a file now' }));
		expect(overlay.removed()).toEqual([]);
	});

	test('another supervisor finds it as it was', async () => {
		const overlay = await Overlay.load(folder);
		await overlay.add(body({ '/a': 'one', '/b': 'b' }));
		await overlay.add(body({ '/a': 'two' }, ['/b', '/c']));
		const next = await Overlay.load(folder);
		expect(await contents(next)).toEqual({ '/a': 'two' });
		expect(next.removed()).toEqual(['/b', '/c']);
	});

	test('a body that is not whole changes nothing; a segment that lost its end is left out', async () => {
		const overlay = await Overlay.load(folder);
		await overlay.add(body({ '/a': 'one' }));
		await expect(overlay.add(body({ '/a': 'longer text' }).subarray(0, -3))).rejects.toThrow('not complete');
		expect(await contents(overlay)).toEqual({ '/a': 'one' });
		await overlay.add(body({ '/a': 'two' }));
		const last = readdirSync(folder).sort().at(-1) ?? '';
		truncateSync(join(folder, last), 20);
		expect(await contents(await Overlay.load(folder))).toEqual({ '/a': 'one' });
	});

	test('a file that changes for ever takes no more room for ever', async () => {
		const overlay = await Overlay.load(folder);
		await overlay.add(body({ '/kept': 'kept' }, ['/gone']));
		for (let turn = 0; turn < 450; turn += 1) await overlay.add(body({ '/a': `turn ${turn}` }));
		expect(readdirSync(folder).length).toBeLessThan(210);
		const next = await Overlay.load(folder);
		expect(await contents(next)).toEqual({ '/a': 'turn 449', '/kept': 'kept' });
		expect(next.removed()).toEqual(['/gone']);
	});

	test.each(['relative', '/', '/a/../b', '/a//b', '/a/./b', '/a\0b'])('no path such as %j', (path) => {
		expect(() => decodeSync(body({ [path]: '' }))).toThrow('not an absolute, plain path');
		expect(() => decodeSync(body({}, [path]))).toThrow('not an absolute, plain path');
	});
});
