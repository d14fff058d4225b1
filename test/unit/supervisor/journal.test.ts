/** What a worker remembers, when the clock is set and when the engine was away. */
import { expect, it } from 'vitest';
import { ENGINE_AWAY } from '../../../src/reconcile/observed.ts';
import { Journal } from '../../../src/supervisor/journal.ts';
import { HandClock } from '../../support/hand-clock.ts';

const HOUR = 3_600_000;

it.each([HOUR, -HOUR])('moves all that it has along when the clock is set by %i ms', (leap) => {
	const clock = new HandClock(1_000_000);
	const journal = new Journal(clock);
	journal.note('a', {
		preStop: { startedAt: 10, endedAt: 20, ok: true },
		stopping: { since: 10, deadline: 30_000, reason: 'PodDeleted' },
		termSentAt: 21,
	});
	journal.note('b', { postStart: { startedAt: 5 } });
	journal.fail('sandbox', 'FailedCreatePodSandBox', 'no', 100);
	journal.pulled.set('web', { attempt: 0, at: 50 });
	clock.leap(leap);
	journal.follow();
	expect(journal.deeds.get('a')).toEqual({
		preStop: { startedAt: 10 + leap, endedAt: 20 + leap, ok: true },
		stopping: { since: 10 + leap, deadline: 30_000 + leap, reason: 'PodDeleted' },
		termSentAt: 21 + leap,
	});
	expect(journal.deeds.get('b')).toEqual({ postStart: { startedAt: 5 + leap } });
	expect(journal.failures.get('sandbox')).toMatchObject({ at: 100 + leap, count: 1 });
	expect(journal.pulled.get('web')).toEqual({ attempt: 0, at: 50 + leap });
});

it('moves nothing along that was noted after the leap', () => {
	const clock = new HandClock(1_000_000);
	const journal = new Journal(clock);
	journal.fail('sandbox', 'FailedCreatePodSandBox', 'no', clock.now());
	clock.leap(HOUR);
	journal.fail('volumes', 'FailedMount', 'no', clock.now());
	journal.note('a', { killSentAt: clock.now() });
	journal.follow();
	expect([...journal.failures.values()].map(({ at }) => at)).toEqual([clock.now(), clock.now()]);
	expect(journal.deeds.get('a')).toEqual({ killSentAt: clock.now() });
});

it('begins with no leap, whatever the clock has been through', () => {
	const clock = new HandClock();
	clock.leap(HOUR);
	const journal = new Journal(clock);
	journal.fail('sandbox', 'FailedCreatePodSandBox', 'no', clock.now());
	expect(journal.failures.get('sandbox')?.at).toBe(HOUR);
});

it('forgives what failed for want of an engine, and nothing else', () => {
	const journal = new Journal();
	journal.fail('sandbox', ENGINE_AWAY, 'nobody listens', 1);
	journal.fail('volumes', 'FailedMount', 'no such ConfigMap', 1);
	journal.forgiveAbsence();
	expect([...journal.failures.keys()]).toEqual(['volumes']);
});
