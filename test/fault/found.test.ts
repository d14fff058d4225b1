/** Bugs that the sweep has found, each at the point where it showed. */
import { describe, expect, test } from 'vitest';
import type { Harm } from './gate.ts';
import { NAME, program } from './pod.ts';
import { create, SCENARIOS } from './scenarios.ts';
import { tryPoint } from './sweep.ts';
import { World } from './world.ts';

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

	test('a pod that is deleted by force at any call of its bring-up leaves nothing', async () => {
		const left: string[] = [];
		for (let nth = 1; nth <= 50; nth += 1) {
			const world = new World({ program });
			await world.start();
			world.arm(nth, 'slow');
			world.onCall = (now) => {
				if (now !== nth) return;
				world.backend.delete('Pod', 'default', NAME, { gracePeriodSeconds: 0 }).catch(() => undefined);
			};
			await create(world);
			await world.until(
				async () => world.calls.length >= nth && (await world.pod(NAME)) === undefined,
				20_000,
			);
			await world.pass(5_000);
			for (const { names } of await world.engine.listContainers([])) left.push(`call ${nth}: ${names[0]}`);
			await world.end();
		}
		expect(left).toEqual([]);
	});
});
