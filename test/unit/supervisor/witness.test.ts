/** Starts and ends by our own clock, whatever the engine's clock says. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ObservedContainer } from '../../../src/reconcile/observed.ts';
import { Witness } from '../../../src/supervisor/witness.ts';

const T0 = 1_795_262_400_000;
const HOUR = 3_600_000;
let witness: Witness;

function container(
	state: ObservedContainer['state'],
	times: Partial<ObservedContainer> = {},
): ObservedContainer {
	return {
		id: 'a',
		name: 'main',
		role: 'app',
		attempt: 0,
		hash: '',
		resourcesHash: '',
		backoffMs: 0,
		state,
		image: '',
		imageID: '',
		createdAt: T0,
		oomKilled: false,
		...times,
	};
}

const made = container('created');
const running = (startedAt: number) => container('running', { startedAt });
const dead = (startedAt: number, finishedAt: number) =>
	container('exited', { startedAt, finishedAt, exitCode: 1 });
const seen = (one: ObservedContainer, now: number) => witness.see(one, now).seen;

beforeEach(() => {
	witness = new Witness();
});

describe('a witness', () => {
	it("takes the engine's word where it agrees with what was seen", () => {
		expect(seen(made, T0)).toEqual({});
		expect(seen(running(T0 + 100), T0 + 150)).toEqual({ startedAt: T0 + 100 });
		expect(seen(dead(T0 + 100, T0 + 5_000), T0 + 5_003)).toEqual({
			startedAt: T0 + 100,
			overSince: T0 + 5_000,
		});
	});

	it("takes the engine's word for what was over before anybody looked", () => {
		expect(seen(dead(T0, T0 + 5_000), T0 + HOUR)).toEqual({ startedAt: T0, overSince: T0 + 5_000 });
	});

	it.each([HOUR, -HOUR])('reckons by its own clock when that of the engine is off by %i ms', (off) => {
		seen(made, T0);
		expect(seen(running(T0 + off), T0 + 150)).toEqual({ startedAt: T0 + 150 });
		const over = { startedAt: T0 + 150, overSince: T0 + 9_000 };
		expect(seen(dead(T0 + off, T0 + 9_000 + off), T0 + 9_000)).toEqual(over);
		expect(seen(dead(T0 + off, T0 + 9_000 + off), T0 + 20_000)).toEqual(over);
	});

	it('takes nothing that is still to come for past, even when it has just begun to look', () => {
		expect(seen(dead(T0 + HOUR, T0 + HOUR + 5_000), T0)).toEqual({ startedAt: T0, overSince: T0 });
	});

	it('moves along when the clock is set', () => {
		seen(running(T0), T0);
		seen(dead(T0, T0 + 5_000), T0 + 5_000);
		witness.shift(-HOUR);
		expect(seen(dead(T0, T0 + 5_000), T0 + 6_000 - HOUR)).toEqual({
			startedAt: T0 - HOUR,
			overSince: T0 + 5_000 - HOUR,
		});
	});

	it('counts a program that could not be started from when that was seen, not from when it was made', () => {
		seen(made, T0 + 60_000);
		const failed = container('created', { exitCode: 127, error: 'no such file' });
		expect(seen(failed, T0 + 61_500)).toEqual({ overSince: T0 + 61_500 });
	});

	it('sees that somebody has started the same container again', () => {
		seen(dead(T0, T0 + 5_000), T0 + 5_000);
		expect(seen(container('running', { startedAt: T0 + 8_000, finishedAt: T0 + 5_000 }), T0 + 8_010)).toEqual(
			{
				startedAt: T0 + 8_000,
			},
		);
		expect(seen(dead(T0 + 8_000, T0 + 9_000), T0 + 9_001)).toMatchObject({ overSince: T0 + 9_000 });
	});

	it('forgets what is gone', () => {
		seen(dead(T0, T0 + 5_000), T0 + 5_000);
		witness.prune(new Set(['b']));
		expect(seen(dead(T0 + HOUR, T0 + HOUR), T0 + 6_000)).toEqual({
			startedAt: T0 + 6_000,
			overSince: T0 + 6_000,
		});
	});
});
