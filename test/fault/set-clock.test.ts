/**
 * The built supervisor with a wall clock that is set by an hour under its hands, on a real engine: forward, and
 * to an hour behind. test/fault/clock.test.ts tells what must come of it to the millisecond.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from '../../src/api/types.ts';
import { holds, pod, server, sh, statusOf } from '../support/manifests.ts';
import { eventually, scenario } from '../support/scenario.ts';
import { printFault } from './report.ts';

const HOUR = 3_600_000;
const isReady = (one: Pod): boolean => holds(one, 'Ready');
const restarts = (one: Pod): number => statusOf(one, 'main').restartCount;

describe('a supervisor whose clock is set', () => {
	const s = scenario('clock', { PODRUN_MAX_RESTART_BACKOFF: '4s' });
	const preload = new URL('../support/set-clock.mjs', import.meta.url).href;
	Object.assign(s.env, { NODE_OPTIONS: `--import=${preload}`, SET_CLOCK: `${s.folder}/clock` });

	const probes = async (): Promise<number> =>
		Number(await s.ok('exec', 'probed', '--', 'sh', '-c', 'wc -l < /probes'));

	beforeAll(async () => {
		const check = {
			exec: { command: ['sh', '-c', 'echo >> /probes'] },
			periodSeconds: 1,
			timeoutSeconds: 5,
			failureThreshold: 1,
		};
		await s.apply(
			pod('probed', { containers: [server('main', { livenessProbe: check, readinessProbe: check })] }),
			pod('crashing', { containers: [sh('main', 'exit 1')] }),
		);
		await s.until('probed', isReady);
	});

	afterAll(() =>
		printFault(
			'the clock of the machine set by an hour, forward and back',
			'nothing: back-offs, probes and grace periods last as long as they should',
		),
	);

	test.each([
		['an hour ahead', HOUR],
		['an hour behind', -HOUR],
	])('%s', async (_what, ahead) => {
		await s.apply(
			pod('slow', {
				terminationGracePeriodSeconds: 4,
				containers: [sh('main', 'trap "" TERM; while true; do sleep 1; done')],
			}),
		);
		await s.until('slow', isReady);
		const before = await s.until(
			'crashing',
			(one) => statusOf(one, 'main').state?.waiting?.reason === 'CrashLoopBackOff',
		);
		const [probed, count] = [await s.until('probed', isReady), await probes()];
		const began = performance.now();
		await s.ok('delete', 'pod', 'slow', '--wait=false');
		s.file('clock', String(ahead));
		await s.untilGone('slow');
		const grace = performance.now() - began;
		expect(grace).toBeGreaterThan(3_500);
		expect(grace).toBeLessThan(15_000);
		await s.until('crashing', (one) => restarts(one) >= restarts(before) + 2);
		const passed = (performance.now() - began) / 1_000;
		// Never sooner than a back-off of 4 s each, but for what was left of the one that ran; and never an hour.
		const after = await s.until('crashing', (one) => statusOf(one, 'main').state?.waiting !== undefined);
		expect(restarts(after) - restarts(before)).toBeLessThanOrEqual(passed / 4 + 2);
		// Two probes a second at most.
		expect((await probes()) - count).toBeLessThanOrEqual(2 * passed + 6);
		expect((await probes()) - count).toBeGreaterThan(4);
		const still = await s.until('probed', isReady);
		expect(statusOf(still, 'main')).toEqual(statusOf(probed, 'main'));
		await eventually(async () => (await s.ok('get', 'pods')).match(/probed +1\/1 +Running +0 /) !== null);
	});
});
