/** The short form of the soak; `npm run soak` is the long one. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { printFault } from './report.ts';
import { growth, percentile, soak } from './soak.ts';

test('pods that crash, come and go under many watches: nothing grows, nothing is lost, nothing is told late', async () => {
	const { samples, lags, changes, ...found } = await soak({
		bin: process.env.PODRUN_BIN ?? fileURLToPath(new URL('../../dist/podrun.js', import.meta.url)),
		pods: 6,
		seconds: 25,
		churned: 2,
		churnEvery: 500,
	});
	expect(found).toMatchObject({ lost: [], untold: [], bugs: [], left: [] });
	expect(growth(samples)).toEqual([]);
	expect(found.applied).toBeGreaterThan(3);
	expect(changes).toBeGreaterThan(100);
	expect(lags.length).toBeGreaterThan(30);
	// A machine that does other things as well may be late now and then.
	expect(percentile(lags, 0.95)).toBeLessThan(2_000);
	expect(percentile(lags, 1)).toBeLessThan(10_000);
	printFault(
		'a soak: pods of which a third crashes, applied and deleted all the time, watches that open and close',
		'memory, files and timers are flat, no change is lost, statuses are told within 2 s',
	);
});
