/**
 * Clocks that are set: the supervisor's leaps by an hour, forward or back, while the engine's stays. So whatever
 * the engine tells lies an hour off, as it does when the engine's clock is set, or is another machine's.
 */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Event, KubeObject, Pod } from '../../src/api/types.ts';
import type { Program } from '../support/fake-engine.ts';
import { isReady, restartsOf } from './pod.ts';
import { printFault } from './report.ts';
import { World } from './world.ts';

const HOUR = 3_600_000;
const image = 'busybox:1.36';
let world: World;
let probed: number;

/** What each container does, by its name. */
function program(name: string): Program | undefined {
	if (name === 'crash') return { exitAfterMs: 1_000, exitCode: 1 };
	if (name === 'deaf') return { ignoreSignals: true };
	const exec = (): { exitCode: number } => {
		probed += 1;
		return { exitCode: 0 };
	};
	return { exec };
}

const pod = (name: string, spec: object): KubeObject =>
	({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }) as unknown as KubeObject;
const crashing = pod('crashing', {
	terminationGracePeriodSeconds: 0,
	containers: [{ name: 'crash', image }],
});
const check = { exec: { command: ['check'] }, periodSeconds: 1, failureThreshold: 1 };
const probedPod = pod('probed', {
	terminationGracePeriodSeconds: 0,
	containers: [{ name: 'server', image, livenessProbe: check, readinessProbe: check }],
});
const slow = pod('slow', { terminationGracePeriodSeconds: 30, containers: [{ name: 'deaf', image }] });

const restarts = async (): Promise<number> => restartsOf(await world.pod('crashing'), 'crash') ?? 0;

/** When the container last died, by the engine's clock. */
async function diedAt(): Promise<number> {
	const ids = (await world.engine.listContainers([])).filter(
		({ labels }) => labels['io.kubernetes.container.name'] === 'crash',
	);
	const ends = await Promise.all(
		ids.map(async ({ id }) => (await world.engine.inspectContainer(id)).finishedAt),
	);
	return Math.max(...ends.map((at) => at ?? 0));
}

beforeEach(async () => {
	probed = 0;
	world = new World({ program: ({ labels }) => program(labels['io.kubernetes.container.name'] ?? '') });
	await world.start();
});

afterEach(() => world.end());
afterAll(() => {
	const seen = 'nothing: back-offs, probes and grace periods last as long as they should';
	printFault('the clock set an hour forward', seen);
	printFault('the clock set an hour back', seen);
});

describe.each([
	['forward', HOUR],
	['back', -HOUR],
])('an hour %s', (_name, leap) => {
	test('a back-off lasts as long as it should', async () => {
		await world.backend.create('Pod', crashing);
		await world.until(async () => (await restarts()) === 2);
		// It dies, and waits 20 s for its third restart.
		await world.pass(5_000);
		const died = await diedAt();
		world.leap(leap);
		await world.until(async () => (await restarts()) === 3, 30_000);
		expect(world.engine.now - died).toBeGreaterThanOrEqual(20_000);
		expect(world.engine.now - died).toBeLessThan(21_000);
		// And so does the next one, which was not begun when the clock was set.
		await world.pass(5_000);
		const next = await diedAt();
		await world.until(async () => (await restarts()) === 4, 60_000);
		expect(world.engine.now - next).toBeGreaterThanOrEqual(40_000);
		expect(world.engine.now - next).toBeLessThan(41_000);
	});

	test('a death in the instant of the leap is waited for no longer than any other', async () => {
		await world.backend.create('Pod', crashing);
		await world.until(async () => (await restarts()) === 2);
		world.leap(leap);
		await world.pass(2_000);
		const died = await diedAt();
		expect(await world.until(async () => (await restarts()) === 3, 30_000)).toBe(true);
		expect(world.engine.now - died).toBeGreaterThanOrEqual(18_000);
	});

	test('probes go on at their pace, and what is well is left alone', async () => {
		await world.backend.create('Pod', probedPod);
		await world.until(async () => isReady(await world.pod('probed')));
		await world.pass(3_000);
		const [before, count] = [await world.pod('probed'), probed];
		world.leap(leap);
		await world.pass(20_000);
		expect(probed - count).toBeGreaterThanOrEqual(38);
		expect(probed - count).toBeLessThanOrEqual(44);
		const after = await world.pod('probed');
		expect(after?.status?.containerStatuses).toEqual(before?.status?.containerStatuses);
		expect(isReady(after)).toBe(true);
	});

	test('a container that starts afterwards is no stranger in its pause, and its probes begin', async () => {
		await world.backend.create('Pod', probedPod);
		await world.until(async () => isReady(await world.pod('probed')));
		world.leap(leap);
		await world.backend.restart('default', 'probed', 'server');
		const again = async (): Promise<boolean> => {
			const now = await world.pod('probed');
			return restartsOf(now, 'server') === 1 && isReady(now);
		};
		expect(await world.until(again, 10_000)).toBe(true);
		await world.pass(20_000);
		expect(await again()).toBe(true);
	});

	test('a grace period is neither cut short nor drawn out', async () => {
		await world.backend.create('Pod', slow);
		await world.until(async () => isReady(await world.pod('slow')));
		await world.backend.delete('Pod', 'default', 'slow');
		const begun = world.engine.now;
		await world.pass(5_000);
		world.leap(leap);
		expect(await world.until(async () => (await world.pod('slow')) === undefined, 40_000)).toBe(true);
		expect(world.engine.now - begun).toBeGreaterThanOrEqual(29_000);
		expect(world.engine.now - begun).toBeLessThan(33_000);
	});

	test('a supervisor that starts afterwards waits no hour either', async () => {
		await world.backend.create('Pod', crashing);
		await world.backend.create('Pod', probedPod);
		await world.until(async () => (await restarts()) === 2 && isReady(await world.pod('probed')));
		await world.pass(5_000);
		world.kill();
		world.leap(leap);
		await world.start();
		expect(await world.until(async () => (await restarts()) === 3, 21_000)).toBe(true);
		const after: Pod | undefined = await world.pod('probed');
		expect({ ready: isReady(after), restarts: restartsOf(after, 'server') }).toEqual({
			ready: true,
			restarts: 0,
		});
	});
});

describe('activeDeadlineSeconds counts by the wall clock, as in a kubelet: startTime is all that it has', () => {
	const limited = pod('limited', {
		activeDeadlineSeconds: 600,
		terminationGracePeriodSeconds: 0,
		containers: [{ name: 'server', image }],
	});
	const reason = async () => (await world.pod('limited'))?.status?.reason;

	async function lasts(leap: number): Promise<number> {
		await world.backend.create('Pod', limited);
		await world.until(async () => isReady(await world.pod('limited')));
		const begun = world.engine.now;
		await world.pass(60_000);
		world.leap(leap);
		await world.until(async () => (await reason()) === 'DeadlineExceeded', 3 * HOUR);
		return world.engine.now - begun;
	}

	test('set forward beyond it: it is over by the time that it would have been at the latest', async () => {
		const lasted = await lasts(HOUR);
		expect(lasted).toBeGreaterThanOrEqual(60_000);
		expect(lasted).toBeLessThanOrEqual(601_000);
	});

	test('set back: it lasts longer by as much', async () => {
		expect(await lasts(-HOUR)).toBeCloseTo(600_000 + HOUR, -4);
	});
});

test.each([HOUR + 1_000, -HOUR])(
	'events stay when the clock is set by %i ms, and what comes bears its new time',
	async (leap) => {
		const events = async () => (await world.backend.list('Event', 'default')).items as unknown as Event[];
		await world.backend.create('Pod', probedPod);
		await world.until(async () => isReady(await world.pod('probed')));
		const before = (await events()).map(({ metadata }) => metadata.name);
		const at = world.engine.now;
		world.leap(leap);
		await world.pass(30_000);
		await world.backend.restart('default', 'probed', 'server');
		await world.until(async () => restartsOf(await world.pod('probed'), 'server') === 1);
		await world.pass(15_000);
		const after = await events();
		const names = after.map(({ metadata }) => metadata.name);
		expect(names).toEqual(expect.arrayContaining(before));
		// Lists in order of names are in order of what happened, also when the clock went back.
		expect(names.slice(0, before.length)).toEqual(before);
		const started = after.findLast(({ reason }) => reason === 'Started');
		expect(Math.abs(Date.parse(started?.lastTimestamp ?? '') - (at + leap))).toBeLessThan(60_000);
	},
);
