/**
 * An engine that takes calls and answers none for a minute, from any call on: on the fake, so that every call can be
 * the first one without an answer. Either it does afterwards what it was asked meanwhile, as a process that was
 * stopped and goes on, or it has never heard of it, as behind a proxy that swallows.
 */
import { afterAll, describe, expect, test } from 'vitest';
import type { Event, KubeObject } from '../../src/api/types.ts';
import { INITS, idOf, isReady, NAME, program, RUNNING, restartsOf } from './pod.ts';
import { printFault } from './report.ts';
import { create, leftovers } from './scenarios.ts';
import { World } from './world.ts';

/** ms of the world's clock. */
const SILENCE = 60_000;
/** From its first word on until all is as it should be. */
const WELL_AGAIN = 20_000;

afterAll(() =>
	printFault(
		'an engine that takes calls and answers none for a minute, from any call on',
		'as for an engine that is away, after 20 s at the latest; a pod that comes up or goes does so afterwards',
	),
);

/** Silence from the n-th call from now on; it ends by itself. */
function hush(world: World, nth: number, deaf: boolean): void {
	world.arm();
	let silent = false;
	world.onCall = (now) => {
		if (now !== nth || silent) return;
		silent = true;
		world.engine.fallSilent();
		world.after(SILENCE, () => world.engine.speak({ deaf }));
	};
}

async function reasons(world: World): Promise<string[]> {
	const { items } = await world.backend.list('Event', 'default');
	return (items as unknown as Event[]).map(({ reason, type }) => `${type} ${reason}`);
}

describe.each([
	['goes on', false],
	['has heard nothing', true],
])('an engine that falls silent and then %s', (_name, deaf) => {
	test('a pod that is coming up comes up, with nothing to its discredit', async () => {
		const wrong: string[] = [];
		for (let nth = 1; nth <= 52; nth += 3) {
			const world = new World({ program });
			await world.start();
			hush(world, nth, deaf);
			await create(world);
			const begun = world.engine.now;
			const reached = await world.until(async () => isReady(await world.pod(NAME)), 2 * SILENCE);
			const pod = await world.pod(NAME);
			const told = (await reasons(world)).filter((one) => one.startsWith('Warning'));
			const restarts = [...INITS, ...RUNNING].map((name) => restartsOf(pod, name) ?? 0);
			if (!reached) wrong.push(`call ${nth}: not reached: ${JSON.stringify(pod?.status)}`);
			// The last calls of a bring-up are made when it is Ready already.
			const noticed = reached && world.engine.now - begun < SILENCE ? '' : 'Warning NodeNotReady';
			if (told.join() !== noticed) wrong.push(`call ${nth}: ${told.join()}`);
			if (restarts.some((count) => count > 0)) wrong.push(`call ${nth}: restarts ${restarts.join()}`);
			const took = world.engine.now - begun;
			if (took > SILENCE + WELL_AGAIN) wrong.push(`call ${nth}: ${took} ms`);
			await world.end();
		}
		expect(wrong).toEqual([]);
	});

	test('a pod that goes is gone afterwards, and leaves nothing', async () => {
		const wrong: string[] = [];
		for (let nth = 1; nth <= 30; nth += 3) {
			const world = new World({ program });
			await world.start();
			await create(world);
			await world.until(async () => isReady(await world.pod(NAME)));
			hush(world, nth, deaf);
			await world.backend.delete('Pod', 'default', NAME);
			const gone = await world.until(async () => (await world.pod(NAME)) === undefined, 2 * SILENCE);
			if (!gone) wrong.push(`call ${nth}: not gone`);
			world.engine.speak();
			for (const [kind, name] of [
				['ConfigMap', 'settings'],
				['Secret', 'keys'],
				['PersistentVolumeClaim', 'data'],
			] as const) {
				await world.backend.delete(kind, 'default', name);
			}
			await world.pass(15_000);
			for (const left of await leftovers(world)) wrong.push(`call ${nth}: ${left}`);
			await world.end();
		}
		expect(wrong).toEqual([]);
	});
});

test('a pod that runs is left alone, and the log has two lines', async () => {
	const world = new World({ program });
	await world.start();
	await create(world);
	await world.until(async () => isReady(await world.pod(NAME)));
	const before = await world.pod(NAME);
	const calls = world.calls.length;
	world.engine.fallSilent();
	await world.pass(30_000);
	expect(await reasons(world)).toContain('Warning NodeNotReady');
	await expect(
		world.backend.exec('default', NAME, {
			container: 'web',
			command: ['true'],
			stdin: false,
			stdout: true,
			stderr: true,
			tty: false,
		}),
	).rejects.toMatchObject({ status: { code: 503, message: expect.stringContaining('does not answer') } });
	await world.pass(600_000);
	// A list, a ping for each ten seconds, and nothing else.
	expect(world.calls.length - calls).toBeLessThan(80);
	world.engine.speak();
	await world.pass(30_000);
	expect(await reasons(world)).toContain('Normal NodeReady');
	const after = await world.pod(NAME);
	expect(RUNNING.map((name) => idOf(after, name))).toEqual(RUNNING.map((name) => idOf(before, name)));
	expect(after?.status).toEqual(before?.status);
	expect(world.log.filter((line) => line.includes('"warn"'))).toHaveLength(1);
	expect(world.log.filter((line) => line.includes('answers again'))).toHaveLength(1);
	await world.end();
});

test('one that is only slow is not taken for away, however long a call takes', async () => {
	const world = new World({ program });
	await world.start();
	const letGo = world.engine.hold('createContainer');
	world.after(60_000, letGo);
	await create(world);
	expect(await world.until(async () => isReady(await world.pod(NAME)), 90_000)).toBe(true);
	expect((await reasons(world)).filter((one) => one.startsWith('Warning'))).toEqual([]);
	expect(world.log.filter((line) => line.includes('"warn"'))).toEqual([]);
	await world.end();
});

test.each([
	['goes on', false],
	['has heard nothing', true],
])('a container is asked to end before it is killed, when its engine %s', async (_name, deaf) => {
	const world = new World({ program: () => ({ ignoreSignals: true }) });
	await world.start();
	const spec = { terminationGracePeriodSeconds: 30, containers: [{ name: 'deaf', image: 'busybox:1.36' }] };
	await world.backend.create('Pod', {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: NAME },
		spec,
	} as unknown as KubeObject);
	await world.until(async () => isReady(await world.pod(NAME)));
	const signals: string[] = [];
	const ending = new AbortController();
	void hear(world, signals, ending.signal).catch(() => undefined);
	await world.pass(100);
	let spoken = 0;
	world.engine.fallSilent();
	world.after(SILENCE, () => {
		spoken = world.engine.now;
		world.engine.speak({ deaf });
	});
	await world.backend.delete('Pod', 'default', NAME);
	expect(await world.until(async () => (await world.pod(NAME)) === undefined, 3 * SILENCE)).toBe(true);
	ending.abort();
	expect(signals.map((one) => one.split(' ')[0])).toEqual(['15', '9']);
	const [term = 0, kill = 0] = signals.map((one) => Number(one.split(' ')[1]));
	expect(term).toBeGreaterThanOrEqual(spoken);
	// Where it was not heard the grace period is over: what is left is the least that there always is.
	expect(kill - term).toBeGreaterThanOrEqual(deaf ? 2_000 : 30_000);
	await world.end();
});

/** Signals that containers got, with the instant. */
async function hear(world: World, signals: string[], signal: AbortSignal): Promise<void> {
	const events = world.engine.events({ actions: ['kill'] }, signal);
	for await (const { kind, action, attributes, at } of events) {
		const isMain = attributes['io.kubernetes.container.name'] === 'deaf';
		if (kind === 'container' && action === 'kill' && isMain) signals.push(`${attributes['signal']} ${at}`);
	}
}
