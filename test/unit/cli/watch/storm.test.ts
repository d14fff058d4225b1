/** A storm is one batch: it is over when two looks at the disk are the same. */
import { expect, test } from 'vitest';
import type { Change } from '../../../../src/cli/watch/rules.ts';
import { mayGoOn, untilCalm } from '../../../../src/cli/watch/storm.ts';

const change = (path: string, extra: Partial<Change> = {}): Change => ({
	path,
	gone: false,
	folder: false,
	...extra,
});
const files = (from: number, to: number) =>
	Array.from({ length: to - from }, (_, index) => change(`/src/${from + index}`));

/** A disk that shows these changes one look after the other, and how long was waited. */
function disk(...looks: Change[][]) {
	const waits: number[] = [];
	return {
		waits,
		look: async () => looks.shift() ?? [],
		wait: async (milliseconds: number) => waits.push(milliseconds),
	};
}

test('a save, or a few at once, are no storm; many changes or a new folder may be one', () => {
	expect(mayGoOn(files(0, 3))).toBe(false);
	expect(mayGoOn([change('/src', { folder: true, gone: true })])).toBe(false);
	expect(mayGoOn([change('/src/new', { folder: true })])).toBe(true);
	expect(mayGoOn(files(0, 100))).toBe(true);
});

test('what comes until the disk is calm is one batch, each path as it was seen last', async () => {
	const { look, wait, waits } = disk(
		files(100, 5000),
		[...files(5000, 10_000), change('/src/1', { gone: true })],
		[],
		files(0, 5),
	);
	const all = await untilCalm(files(0, 100), look, wait);
	expect(all).toHaveLength(10_000);
	expect(all).toContainEqual(change('/src/1', { gone: true }));
	expect(waits).toEqual([150, 300, 300]);
});

test('a folder that is alone waits for one look', async () => {
	const { look, wait, waits } = disk();
	await untilCalm([change('/src/new', { folder: true })], look, wait);
	expect(waits).toEqual([150]);
});

test('a storm without an end goes over after ten seconds', async () => {
	let turn = 0;
	let waited = 0;
	const all = await untilCalm(
		files(0, 10),
		async () => [change(`/src/more${turn++}`)],
		async (milliseconds) => {
			waited += milliseconds;
		},
	);
	expect(waited).toBeLessThanOrEqual(10_300);
	expect(all).toHaveLength(10 + turn);
});
