/** The prober with a clock in the test's hand: what is run when, what is told, and what is forgotten. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Probe } from '../../../src/api/types.ts';
import type { ProbeResult, ProbeType } from '../../../src/reconcile/probes.ts';
import { Reach } from '../../../src/supervisor/handlers/reach.ts';
import { Prober, type ProbeTarget } from '../../../src/supervisor/prober.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { localEngine } from './handlers/local-engine.ts';

const START = 1_000_000;
const check = (numbers: Partial<Probe> = {}): Probe => ({ exec: { command: ['check'] }, ...numbers });

let clock: HandClock;
let ran: string[];
let told: string[];
let woken: number;
let answer: (id: string, type: ProbeType) => ProbeResult | Promise<ProbeResult>;
let cut: AbortSignal | undefined;
let held: boolean;
let nobody: number;
let prober: Prober;

/** Lets time pass to `seconds` after the start. */
const passTo = (seconds: number): Promise<void> => clock.passTo(START + seconds * 1000);

function target(id: string, probes: object, rest: Partial<ProbeTarget> = {}): ProbeTarget {
	return {
		containerID: id,
		container: { name: 'web', ...probes },
		startedAt: START,
		sandboxID: 'pause',
		podIP: '127.0.0.1',
		terminating: false,
		fieldPath: 'spec.containers{web}',
		...rest,
	};
}

beforeEach(() => {
	clock = new HandClock(START);
	ran = [];
	told = [];
	woken = 0;
	cut = undefined;
	held = false;
	nobody = 0;
	answer = () => ({ outcome: 'success', message: '' });
	const engine = localEngine();
	prober = new Prober({
		engine,
		reach: new Reach(engine, { local: true, kernelVersion: '' }, {}),
		clock,
		onVerdict: () => woken++,
		isHeld: () => held,
		onNobody: () => nobody++,
		onEvent: (pod, note) => told.push(`${pod} ${note.reason}: ${note.message}`),
		run: async ({ containerID }, type, signal) => {
			ran.push(`${(clock.now() - START) / 1000} ${type} ${containerID}`);
			cut = signal;
			return answer(containerID, type);
		},
	});
});

describe('the prober', () => {
	it.each([3_600_000, -3_600_000])('keeps its pace when the clock is set by %i ms', async (leap) => {
		prober.sync('pod', [target('a', { livenessProbe: check({ periodSeconds: 2 }) })]);
		await passTo(5);
		const before = ran.length;
		clock.leap(leap);
		await passTo(11);
		expect(before).toBe(2);
		expect(ran.slice(2)).toEqual([6, 8, 10].map((second) => `${second + leap / 1000} liveness a`));
	});

	it('says nothing of a container that nobody could ask, and goes on when somebody can', async () => {
		answer = () => ({
			outcome: clock.now() < START + 3000 ? 'error' : 'success',
			message: 'no engine',
			moot: 'engine away',
		});
		prober.sync('pod', [target('a', { livenessProbe: check({ periodSeconds: 1, failureThreshold: 1 }) })]);
		await passTo(2);
		expect(ran.length).toBe(2);
		expect({ told, woken, nobody, verdicts: prober.verdicts('pod').get('a') }).toEqual({
			told: [],
			woken: 0,
			nobody: 2,
			verdicts: {},
		});
		held = true;
		await passTo(4);
		expect(ran.length).toBe(2);
		held = false;
		await passTo(5);
		expect(prober.verdicts('pod').get('a')).toEqual({ live: true });
	});

	it('counts no failure that was found while the engine was away', async () => {
		answer = () => {
			held = true;
			return { outcome: 'failure', message: 'connection refused' };
		};
		prober.sync('pod', [target('a', { livenessProbe: check({ periodSeconds: 1, failureThreshold: 1 }) })]);
		await passTo(1);
		expect({ told, woken, verdicts: prober.verdicts('pod').get('a') }).toEqual({
			told: [],
			woken: 0,
			verdicts: {},
		});
	});

	it('wakes the pod when a verdict changes and only then; every failure is told', async () => {
		answer = () => ({ outcome: clock.now() < START + 3000 ? 'failure' : 'success', message: 'no' });
		prober.sync('pod', [target('a', { readinessProbe: check({ periodSeconds: 1, failureThreshold: 2 }) })]);
		await passTo(6);
		expect(ran.length).toBe(7);
		expect(told).toEqual(Array(3).fill('pod Unhealthy: Readiness probe failed: no'));
		expect(woken).toBe(2);
		expect(prober.verdicts('pod').get('a')).toEqual({ ready: true });
	});

	it('goes on undisturbed when it is told the same again', async () => {
		const targets = [target('a', { readinessProbe: check({ periodSeconds: 2 }) })];
		for (let second = 0; second <= 6; second++) {
			prober.sync('pod', targets);
			await passTo(second);
		}
		expect(ran).toEqual(['0 readiness a', '2 readiness a', '4 readiness a', '6 readiness a']);
	});

	it('begins anew with a new container id, and forgets the old one', async () => {
		const probes = { readinessProbe: check({ periodSeconds: 1 }) };
		prober.sync('pod', [target('a', probes)]);
		await passTo(1);
		prober.sync('pod', [target('b', probes, { startedAt: START + 1000 })]);
		expect([...prober.verdicts('pod')]).toEqual([['b', {}]]);
		await passTo(2);
		expect(ran.slice(2)).toEqual(['1 readiness b', '2 readiness b']);
		expect(clock.waiting).toBe(1);
	});

	it('runs no probe of containers without one, nor of a pod that was stopped', async () => {
		prober.sync('pod', [target('a', {}), target('b', { livenessProbe: check() })]);
		prober.stop('pod');
		await passTo(60);
		expect(ran).toEqual([]);
		expect(clock.waiting).toBe(0);
		expect(prober.verdicts('pod').size).toBe(0);
	});

	it('ends liveness with the deletion of the pod and goes on with readiness', async () => {
		const probes = {
			livenessProbe: check({ periodSeconds: 1 }),
			readinessProbe: check({ periodSeconds: 1 }),
		};
		prober.sync('pod', [target('a', probes)]);
		await passTo(1);
		prober.sync('pod', [target('a', probes, { terminating: true })]);
		ran = [];
		await passTo(3);
		expect(ran).toEqual(['2 readiness a', '3 readiness a']);
	});

	it('cuts a probe off whose container has gone, and takes no notice of what it says', async () => {
		let reply: (result: ProbeResult) => void = () => {};
		const slow = new Promise<ProbeResult>((resolve) => {
			reply = resolve;
		});
		answer = () => slow;
		prober.sync('pod', [target('a', { readinessProbe: check() })]);
		await passTo(0);
		prober.sync('pod', []);
		expect(cut?.aborted).toBe(true);
		reply({ outcome: 'failure', message: 'late' });
		await passTo(60);
		expect({ told, woken }).toEqual({ told: [], woken: 0 });
	});

	it('says which probe has ended a container, once', async () => {
		answer = () => ({ outcome: 'failure', message: 'broken' });
		prober.sync('pod', [target('a', { livenessProbe: check({ periodSeconds: 1, failureThreshold: 2 }) })]);
		await passTo(30);
		expect(ran).toEqual(['1 liveness a', '2 liveness a']);
		expect(woken).toBe(1);
		expect(prober.verdicts('pod').get('a')).toEqual({ live: false, failed: 'liveness', message: 'broken' });
	});
});
