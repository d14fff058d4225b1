/** Bugs that the sweep has found, each at the point where it showed. */
import { describe, expect, test } from 'vitest';
import { SCENARIOS } from './scenarios.ts';
import { tryPoint } from './sweep.ts';
import type { Harm } from './world.ts';

async function wrongWhen(name: string, nth: number, harm: Harm): Promise<readonly string[]> {
	const scenario = SCENARIOS.find((one) => one.name === name);
	if (scenario === undefined) throw new Error(`no scenario ${name}`);
	return (await tryPoint(scenario, nth, harm)).wrong;
}

describe('what the sweep has found stays mended', () => {
	test('a pod on its way out does not make the network anew that went with it', async () => {
		for (const nth of [15, 18]) {
			expect(await wrongWhen('teardown', nth, 'slow')).toEqual([]);
			expect(await wrongWhen('teardown', nth, 'error')).toEqual([]);
		}
	});

	test('a second pause that has no files yet when the supervisor is killed is not forgotten', async () => {
		for (const nth of [14, 15, 16, 17, 18]) {
			expect(await wrongWhen('new sandbox', nth, 'kill before')).toEqual([]);
			expect(await wrongWhen('new sandbox', nth, 'kill after')).toEqual([]);
		}
	});

	test('nothing is done for an update that a killed supervisor had not written yet', async () => {
		for (const nth of [1, 2, 5, 8]) expect(await wrongWhen('update', nth, 'kill before')).toEqual([]);
	});
});
