/** The arithmetic of the crash back-off. */
import { describe, expect, it } from 'vitest';
import type { ObservedContainer } from '../../../src/reconcile/observed.ts';
import { crashBackoff } from '../../../src/reconcile/restart.ts';
import { goDuration, parseTime, rfc3339 } from '../../../src/reconcile/time.ts';
import { exited, pod, T0 } from './builders.ts';

const dead = (more: Partial<ObservedContainer>) =>
	exited(pod(), 'main', 1, { startedAt: T0, finishedAt: T0 + 1_000, ...more });

describe('the crash back-off', () => {
	it('lets the first restart pass at once', () => {
		expect(crashBackoff(dead({}), 300_000)).toEqual({ at: 0, waitMs: 0, backoffMs: 10_000 });
	});

	it.each([
		[10_000, 20_000],
		[20_000, 40_000],
		[160_000, 300_000],
		[300_000, 300_000],
	])('after %i ms comes %i ms', (label, next) => {
		expect(crashBackoff(dead({ backoffMs: label }), 300_000)).toEqual({
			at: T0 + 1_000 + label,
			waitMs: label,
			backoffMs: next,
		});
	});

	it('is forgotten after more than ten minutes of health', () => {
		const healthy = { backoffMs: 300_000, finishedAt: T0 + 600_001 };
		expect(crashBackoff(dead(healthy), 300_000)).toMatchObject({ waitMs: 0, backoffMs: 10_000 });
		expect(crashBackoff(dead({ ...healthy, finishedAt: T0 + 600_000 }), 300_000).waitMs).toBe(300_000);
	});

	it('has a ceiling that lowers the first step too, and holds for labels of before', () => {
		expect(crashBackoff(dead({}), 2_000).backoffMs).toBe(2_000);
		expect(crashBackoff(dead({ backoffMs: 160_000 }), 2_000)).toEqual({
			at: T0 + 3_000,
			waitMs: 2_000,
			backoffMs: 2_000,
		});
	});

	it('of a program that never started counts from when it was made', () => {
		const {
			startedAt: _s,
			finishedAt: _f,
			...never
		} = dead({ state: 'created', error: 'no such file', backoffMs: 10_000 });
		expect(crashBackoff({ ...never, exitCode: 127 }, 300_000).at).toBe(T0 + 10_000);
	});
});

describe('times', () => {
	it.each([
		[500, '500ms'],
		[10_000, '10s'],
		[80_000, '1m20s'],
		[160_000, '2m40s'],
		[300_000, '5m0s'],
	])('%i ms is %s', (ms, text) => {
		expect(goDuration(ms)).toBe(text);
	});

	it('have whole seconds', () => {
		expect(rfc3339(T0 + 999)).toBe('2026-11-21T12:00:00Z');
		expect(parseTime('2026-11-21T12:00:00Z')).toBe(T0);
		expect(parseTime('yesterday')).toBeUndefined();
	});
});
