/** One fault point: a world of its own, harm at the n-th call, and everything that is wrong afterwards. */
import type { Harm } from './gate.ts';
import { NAME, program } from './pod.ts';
import { leftovers, type Scenario } from './scenarios.ts';
import { World } from './world.ts';

export interface Point {
	readonly scenario: string;
	readonly nth: number;
	readonly harm: Harm | 'none';
	/** The call that was hit. */
	readonly method: string;
	readonly wrong: readonly string[];
	/** ms of the world's clock until it was well again. */
	readonly took: number;
	/** Calls that the whole of it took. */
	readonly calls: number;
	readonly log: readonly string[];
}

/** Resolves when the world is well again or is clearly not. `nth` 0: without harm. */
export async function tryPoint(
	scenario: Scenario,
	nth: number,
	harm: Harm | 'none',
	more = 0,
): Promise<Point> {
	const world = new World({ program });
	const wrong: string[] = [];
	try {
		await world.start();
		const memory = await scenario.prepare(world);
		const ip = memory.pod?.status?.podIP;
		if (harm === 'none') world.arm();
		else world.arm(nth, harm, more);
		const begun = world.engine.now;
		let seen = ip;
		await scenario.act(world);
		if (world.killed && scenario.asked) {
			await world.start();
			await scenario.act(world);
		}
		const reached = await world.until(async () => {
			const now = (await world.pod(NAME))?.status?.podIP;
			if (now !== undefined && now !== '') {
				if (seen !== undefined && now !== seen) wrong.push(`the IP changed from ${seen} to ${now}`);
				seen = now;
			}
			return scenario.reached(world, memory);
		});
		const took = world.engine.now - begun;
		const { calls } = world;
		const method = calls[nth - 1] ?? '';
		world.arm();
		if (!reached) wrong.push(`not reached: ${JSON.stringify((await world.pod(NAME))?.status)}`);
		// What was decided must also last.
		await world.pass(30_000);
		// A hook that could not be run has failed, and its container is killed for it, as by a kubelet.
		const excused = method === 'exec' && harm !== 'none' ? ['web'] : [];
		wrong.push(...(await scenario.wrong(world, memory, excused)));
		wrong.push(...(await taken(world, harm === 'conflict' && method === 'removeNetwork')));
		return { scenario: scenario.name, nth, harm, method, wrong, took, calls: calls.length, log: world.log };
	} finally {
		await world.end();
	}
}

/** Takes all away, and tells what is left. */
async function taken(world: World, refused: boolean): Promise<string[]> {
	const remove = (kind: 'Pod' | 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim', name: string) =>
		world.backend.delete(kind, 'default', name).catch(() => undefined);
	await remove('Pod', NAME);
	const gone = await world.until(async () => (await world.pod(NAME)) === undefined);
	await remove('ConfigMap', 'settings');
	await remove('Secret', 'keys');
	await remove('PersistentVolumeClaim', 'data');
	await world.pass(15_000);
	// What the engine refused to give up, a network with an endpoint of somebody else's, goes with the supervisor.
	if (refused) await world.leave();
	const left = (await leftovers(world)).map((what) => `left: ${what}`);
	return gone ? left : ['the pod can not be deleted', ...left];
}
