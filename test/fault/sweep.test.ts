/**
 * The sweep: every call to the engine of six things that a pod goes through, each with everything that may
 * befall a call. Afterwards the pod must be what was asked for, nothing double, nothing left, counts and IP right.
 * By default a third of the points is tried, another third for each kind of harm; PODRUN_FAULTS=all tries all.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { HARMS } from './gate.ts';
import { printTable } from './report.ts';
import { SCENARIOS } from './scenarios.ts';
import { type Point, tryPoint } from './sweep.ts';

const every = process.env['PODRUN_FAULTS'] === 'all' ? 1 : 3;

describe.each(SCENARIOS)('$name', (scenario) => {
	const tried: Point[] = [];
	const clean = tryPoint(scenario, 0, 'none');

	test('all is well without any harm', async () => {
		expect((await clean).wrong).toEqual([]);
	});

	test.each(HARMS)('at any call: %s', async (harm) => {
		const { calls } = await clean;
		const hurt: Point[] = [];
		// A few more than a clean run takes: harm makes more calls.
		for (let nth = 1 + (HARMS.indexOf(harm) % every); nth <= calls + 3; nth += every) {
			const point = await tryPoint(scenario, nth, harm);
			tried.push(point);
			if (point.wrong.length > 0) hurt.push(point);
		}
		expect(hurt.map(({ nth, method, wrong }) => `call ${nth}, ${method}: ${wrong.join('; ')}`)).toEqual([]);
	});

	afterAll(() => printTable(scenario.name, tried));
});
