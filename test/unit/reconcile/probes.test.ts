/** The thresholds, delays and gates of probes, told as a run of results over time. */
import { describe, expect, it } from 'vitest';
import type { Probe } from '../../../src/api/types.ts';
import {
	beginProbes,
	fold,
	nextProbeAt,
	PROBE_TYPES,
	type ProbeSpecs,
	type ProbeState,
	type ProbeType,
	probeNote,
} from '../../../src/reconcile/probes.ts';

const START = 1_000_000;
const exec = (numbers: Partial<Probe> = {}): Probe => ({ exec: { command: ['check'] }, ...numbers });

/** Runs a container's probes as they fall due; `answer` says what each one comes to, at seconds since the start. */
function live(
	specs: ProbeSpecs,
	seconds: number,
	answer: (type: ProbeType, at: number) => 'success' | 'failure' | 'error' | 'warning',
	{ terminating = false, from = 0, started = false } = {},
) {
	let state: ProbeState = beginProbes(specs, START, START + from * 1000, started);
	const ran: string[] = [];
	const told: string[] = [];
	const verdicts: string[] = [];
	for (;;) {
		const due = PROBE_TYPES.map((type) => ({ type, at: nextProbeAt(state, type, terminating) }))
			.filter((next): next is { type: ProbeType; at: number } => next.at !== undefined)
			.sort((a, b) => a.at - b.at)[0];
		if (!due || due.at > START + seconds * 1000) return { state, ran, told, verdicts };
		const at = (due.at - START) / 1000;
		ran.push(`${due.type} ${at}`);
		const result = { outcome: answer(due.type, at), message: 'said so' };
		const before = JSON.stringify(state.verdicts);
		const folded = fold(state, specs, due.type, result, due.at);
		state = folded.state;
		if (folded.counted && probeNote(due.type, result)) told.push(`${due.type} ${at}`);
		if (JSON.stringify(state.verdicts) !== before) verdicts.push(`${at} ${JSON.stringify(state.verdicts)}`);
	}
}

describe('liveness', () => {
	it('ends the container only after failureThreshold failures in a row, and is then not run again', () => {
		const { ran, state } = live(
			{ liveness: exec({ periodSeconds: 3, failureThreshold: 4 }) },
			60,
			() => 'failure',
		);
		expect(ran).toEqual(['liveness 3', 'liveness 6', 'liveness 9', 'liveness 12']);
		expect(state.verdicts).toEqual({ live: false, failed: 'liveness', message: 'said so' });
	});

	it('starts counting anew after one success', () => {
		const { state, verdicts } = live(
			{ liveness: exec({ periodSeconds: 1, failureThreshold: 2 }) },
			30,
			(_, at) => (at % 2 ? 'failure' : 'success'),
		);
		expect(state.verdicts.live).toBe(true);
		expect(verdicts).toEqual(['2 {"live":true}']);
	});

	it('has failureThreshold 3 and periodSeconds 10 when nothing is said', () => {
		expect(live({ liveness: exec() }, 100, () => 'failure').ran).toEqual([
			'liveness 10',
			'liveness 20',
			'liveness 30',
		]);
	});

	it('waits for its initial delay, counted from the start of the container', () => {
		expect(
			live({ liveness: exec({ initialDelaySeconds: 15, periodSeconds: 10 }) }, 30, () => 'success').ran,
		).toEqual(['liveness 15', 'liveness 25']);
	});

	it('is not run while the pod is being deleted, whereas readiness goes on', () => {
		const specs = { liveness: exec({ periodSeconds: 1 }), readiness: exec({ periodSeconds: 1 }) };
		const { ran } = live(specs, 3, () => 'failure', { terminating: true });
		expect(ran).toEqual(['readiness 0', 'readiness 1', 'readiness 2', 'readiness 3']);
	});

	it('neither fails nor passes by a probe that could not be done', () => {
		const { state, told } = live({ liveness: exec({ periodSeconds: 1, failureThreshold: 2 }) }, 6, (_, at) =>
			at % 2 ? 'failure' : 'error',
		);
		expect(state.verdicts.failed).toBe('liveness');
		expect(told).toEqual(['liveness 1', 'liveness 2', 'liveness 3']);
	});
});

describe('readiness', () => {
	it('is looked at at once, and has no verdict before successThreshold successes', () => {
		const { verdicts } = live(
			{ readiness: exec({ periodSeconds: 2, successThreshold: 3 }) },
			10,
			() => 'success',
		);
		expect(verdicts).toEqual(['4 {"ready":true}']);
	});

	it('falls after failureThreshold failures and never ends the container', () => {
		const { verdicts, state } = live(
			{ readiness: exec({ periodSeconds: 3, failureThreshold: 3 }) },
			60,
			(_, at) => (at < 6 ? 'success' : 'failure'),
		);
		expect(verdicts).toEqual(['0 {"ready":true}', '12 {"ready":false}']);
		expect(state.verdicts.live).toBeUndefined();
		expect(nextProbeAt(state, 'readiness', false)).toBeDefined();
	});

	it('is not run before its initial delay', () => {
		expect(
			live({ readiness: exec({ initialDelaySeconds: 6, periodSeconds: 1 }) }, 7, () => 'success').ran,
		).toEqual(['readiness 6', 'readiness 7']);
	});

	it('takes a redirect to elsewhere for a success, and says so each time', () => {
		const { verdicts, told } = live(
			{ readiness: { httpGet: { port: 80 }, periodSeconds: 1 } },
			2,
			() => 'warning',
		);
		expect(verdicts).toEqual(['0 {"ready":true}']);
		expect(told).toEqual(['readiness 0', 'readiness 1', 'readiness 2']);
	});

	it('of a cheap kind is looked at a few times more in the first period; their failures are not told', () => {
		const { ran, told } = live({ readiness: { tcpSocket: { port: 80 } } }, 20, (_, at) =>
			at < 3 ? 'failure' : 'success',
		);
		expect(ran).toEqual([
			'readiness 0',
			'readiness 0.25',
			'readiness 0.75',
			'readiness 1.75',
			'readiness 3.75',
			'readiness 10',
			'readiness 20',
		]);
		expect(told).toEqual(['readiness 0']);
	});
});

describe('startup', () => {
	it('holds back the others until it has passed, and is never run again', () => {
		const specs = {
			startup: exec({ periodSeconds: 1, failureThreshold: 60 }),
			liveness: exec({ periodSeconds: 2 }),
			readiness: exec({ periodSeconds: 2 }),
		};
		const { ran, verdicts } = live(specs, 5, (type, at) =>
			type === 'startup' && at < 2 ? 'failure' : 'success',
		);
		expect(ran).toEqual(['startup 0', 'startup 1', 'startup 2', 'readiness 2', 'liveness 4', 'readiness 4']);
		expect(verdicts[0]).toBe('2 {"started":true}');
	});

	it('gives a container failureThreshold × periodSeconds to come up', () => {
		const { state, told } = live(
			{ startup: exec({ periodSeconds: 10, failureThreshold: 1 }) },
			60,
			() => 'failure',
		);
		expect(told).toEqual(['startup 10']);
		expect(state.verdicts).toEqual({ live: false, failed: 'startup', message: 'said so' });
		const up = live({ startup: exec({ periodSeconds: 10, failureThreshold: 1 }) }, 60, (_, at) =>
			at < 9 ? 'failure' : 'success',
		);
		expect(up.state.verdicts).toEqual({ started: true });
	});

	it('is not run again for an adopted container that has started; readiness is asked at once', () => {
		const specs = { startup: exec(), readiness: exec({ initialDelaySeconds: 5 }) };
		const { ran, state } = live(specs, 305, () => 'success', { from: 300, started: true });
		expect(ran).toEqual(['readiness 300']);
		expect(state.verdicts).toEqual({ started: true, ready: true });
	});
});

describe('a probe that takes longer than its period', () => {
	it('drops the ticks that it missed and keeps the phase', () => {
		const specs = { readiness: exec({ periodSeconds: 1, timeoutSeconds: 5 }) };
		const begun = beginProbes(specs, START, START);
		const { state } = fold(begun, specs, 'readiness', { outcome: 'failure', message: '' }, START + 3400);
		expect(nextProbeAt(state, 'readiness', false)).toBe(START + 3000);
		const later = fold(state, specs, 'readiness', { outcome: 'failure', message: '' }, START + 3500).state;
		expect(nextProbeAt(later, 'readiness', false)).toBe(START + 4000);
	});
});

describe('probeNote', () => {
	it.each([
		['readiness', 'failure', 'Unhealthy', 'Readiness probe failed: why'],
		['liveness', 'failure', 'Unhealthy', 'Liveness probe failed: why'],
		['startup', 'error', 'Unhealthy', 'Startup probe errored and resulted in unknown state: why'],
		['readiness', 'warning', 'ProbeWarning', 'Readiness probe warning: why'],
	] as const)('of a %s probe that came to %s is %s', (type, outcome, reason, message) => {
		expect(probeNote(type, { outcome, message: 'why' }, 'spec.containers{web}')).toEqual({
			type: 'Warning',
			reason,
			message,
			fieldPath: 'spec.containers{web}',
		});
	});

	it('is silent about a success', () => {
		expect(probeNote('readiness', { outcome: 'success', message: '' })).toBeUndefined();
	});
});
