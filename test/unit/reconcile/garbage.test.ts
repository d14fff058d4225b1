/** What is left over of former attempts and pauses is removed, but for what is still to be read. */
import { describe, expect, it } from 'vitest';
import { attempt, created, decided, exited, observe, pod, T0 } from './builders.ts';

const base = pod();

describe('left-overs', () => {
	it('older attempts are removed, one predecessor is kept', () => {
		const attempts = [2, 1, 0].map((number) =>
			number === 2 ? attempt(base, 'main', { attempt: 2 }) : exited(base, 'main', 1, { attempt: number }),
		);
		expect(decided(base, observe(base, attempts))).toEqual([
			'RemoveContainer container=main id=main0 force=false',
		]);
	});

	it('a former attempt that somebody has started again beside the newer one is killed', () => {
		const both = [attempt(base, 'main', { attempt: 1 }), attempt(base, 'main')];
		expect(decided(base, observe(base, both))).toEqual([
			`SignalContainer container=main id=main0 signal=SIGKILL deadline=${T0 + 5_000} reason=Removed`,
		]);
	});

	it('a container that the spec no longer has ends and goes', () => {
		const running = observe(base, [attempt(base, 'main'), attempt(base, 'old')]);
		expect(decided(base, running)[0]).toContain('SignalContainer container=old');
		const dead = observe(base, [attempt(base, 'main'), exited(base, 'old', 0)]);
		expect(decided(base, dead)).toEqual(['RemoveContainer container=old id=old0 force=false']);
	});

	it('a container that was made of a former spec and never started is made anew under its number', () => {
		expect(decided(base, observe(base, [created(base, 'main', { hash: 'old' })]))).toEqual([
			'RemoveContainer container=main id=main0 force=false',
		]);
	});

	it.each([
		['its resources have changed', pod(), { resourcesHash: 'a.b.c' }],
		['its spec has changed', pod(), { hash: 'old' }],
		['the spec no longer has it', pod(), { name: 'old', id: 'old0' }],
		[
			'the pod has finished',
			pod({ activeDeadlineSeconds: 1 }, { status: { startTime: '2020-01-01T00:00:00Z' } }),
			{},
		],
	])('an attempt that may be starting at this moment is not removed, though %s', (_why, of, more) => {
		const made = created(of, 'main', more);
		const merelyMade = decided(of, observe(of, [made]));
		expect(merelyMade.filter((action) => action.startsWith('RemoveContainer'))).toContainEqual(
			`RemoveContainer container=${made.name} id=${made.id} force=false`,
		);
		const starting = decided(of, observe(of, [made], { inFlight: new Set([`container:${made.name}`]) }));
		expect(starting.filter((action) => action.includes(made.id))).toEqual([]);
	});

	it('termination messages are asked for', () => {
		const { message: _unread, ...dead } = exited(base, 'main', 1);
		expect(decided(base, observe(base, [dead]))).toContain('ReadMessage container=main id=main0');
	});
});
