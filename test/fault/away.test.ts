/**
 * The engine away for half a minute, from any call on: on the fake, so that every call can be the last one that is
 * answered. What befalls a real engine stands in engine-faults.ts.
 */
import { expect, test } from 'vitest';
import type { Event } from '../../src/api/types.ts';
import { INITS, idOf, isReady, NAME, program, RUNNING, restartsOf } from './pod.ts';
import { create, leftovers } from './scenarios.ts';
import { World } from './world.ts';

/** ms of the world's clock. */
const AWAY = 30_000;

/** Takes the engine away at the n-th call from now on; it comes back by itself. */
function vanish(world: World, nth: number): void {
	world.arm();
	let gone = false;
	world.onCall = (now) => {
		if (now !== nth || gone) return;
		gone = true;
		world.engine.down({ live: true });
		world.after(AWAY, () => world.engine.up());
	};
}

async function reasons(world: World): Promise<string[]> {
	const { items } = await world.backend.list('Event', 'default');
	return (items as unknown as Event[]).map(({ reason, type }) => `${type} ${reason}`);
}

test('a pod that is coming up comes up, with nothing to its discredit', async () => {
	const wrong: string[] = [];
	for (let nth = 1; nth <= 52; nth += 3) {
		const world = new World({ program });
		await world.start();
		vanish(world, nth);
		await create(world);
		const begun = world.engine.now;
		const reached = await world.until(async () => isReady(await world.pod(NAME)), 60_000);
		const pod = await world.pod(NAME);
		const told = (await reasons(world)).filter((one) => one.startsWith('Warning'));
		const restarts = [...INITS, ...RUNNING].map((name) => restartsOf(pod, name) ?? 0);
		if (!reached) wrong.push(`call ${nth}: not reached: ${JSON.stringify(pod?.status)}`);
		if (told.some((one) => one !== 'Warning NodeNotReady')) wrong.push(`call ${nth}: ${told.join()}`);
		if (restarts.some((count) => count > 0)) wrong.push(`call ${nth}: restarts ${restarts.join()}`);
		if (world.engine.now - begun > AWAY + 5_000) wrong.push(`call ${nth}: ${world.engine.now - begun} ms`);
		await world.end();
	}
	expect(wrong).toEqual([]);
});

test('a pod that runs is left alone, and a pod that goes is gone afterwards', async () => {
	const world = new World({ program });
	await world.start();
	await create(world);
	await world.until(async () => isReady(await world.pod(NAME)));
	const before = await world.pod(NAME);
	world.engine.down({ live: true });
	world.after(AWAY, () => world.engine.up());
	await world.pass(2 * AWAY);
	const after = await world.pod(NAME);
	expect(RUNNING.map((name) => idOf(after, name))).toEqual(RUNNING.map((name) => idOf(before, name)));
	expect(after?.status).toEqual(before?.status);
	expect(world.log.filter((line) => line.includes('"warn"'))).toHaveLength(1);

	vanish(world, 5);
	await world.backend.delete('Pod', 'default', NAME);
	expect(await world.until(async () => (await world.pod(NAME)) === undefined, 2 * AWAY)).toBe(true);
	for (const [kind, name] of [
		['ConfigMap', 'settings'],
		['Secret', 'keys'],
		['PersistentVolumeClaim', 'data'],
	] as const) {
		await world.backend.delete(kind, 'default', name);
	}
	await world.pass(15_000);
	expect(await leftovers(world)).toEqual([]);
	await world.end();
});
