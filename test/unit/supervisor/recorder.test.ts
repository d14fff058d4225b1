/** Events of pods: counted, and bounded however long pods crash or come and go. */
import { expect, it } from 'vitest';
import type { KubeObject, Pod } from '../../../src/api/types.ts';
import { Recorder } from '../../../src/supervisor/recorder.ts';
import { type Persistence, Store } from '../../../src/supervisor/store.ts';
import { HandClock } from '../../support/hand-clock.ts';

const nowhere: Persistence = {
	save() {},
	remove() {},
	flush: async () => {},
	failureOf: () => undefined,
	retry() {},
};

const pod = (name: string): Pod =>
	({
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name, namespace: 'default', uid: `uid-${name}` },
		spec: { containers: [] },
	}) as Pod;

const note = (message: string) => ({ type: 'Normal', reason: 'Started', message }) as const;

it('counts the same news, and keeps two hundred of a pod', () => {
	const store = new Store(nowhere);
	const recorder = new Recorder(store, 'node');
	for (let i = 0; i < 5; i += 1) recorder.record(pod('web'), note('the same'), 1_000 * i);
	expect(store.list('Event').items).toMatchObject([{ message: 'the same', count: 5 }]);
	for (let i = 0; i < 500; i += 1) recorder.record(pod('web'), note(`news ${i}`), 10_000 + i);
	expect(store.list('Event').items).toHaveLength(200);
});

it('keeps three thousand in all, the newest, when pods come and go', () => {
	const store = new Store(nowhere);
	const recorder = new Recorder(store, 'node');
	for (let i = 0; i < 1_000; i += 1) {
		for (let j = 0; j < 10; j += 1) recorder.record(pod(`pod-${i}`), note(`news ${j}`), 100 * i + j);
	}
	const { items } = store.list<KubeObject>('Event');
	expect(items).toHaveLength(3_000);
	const pods = new Set(items.map((event) => (event['involvedObject'] as { name: string }).name));
	expect(pods).toEqual(new Set(Array.from({ length: 300 }, (_, i) => `pod-${700 + i}`)));
	recorder.expire(100_000 + 3_600_001);
	expect(store.list('Event').items).toEqual([]);
});

it('goes on with stored events, also with one that is about nothing', () => {
	const stored = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'bare', namespace: 'default' } };
	const store = new Store(nowhere, [stored as KubeObject]);
	const recorder = new Recorder(store, 'node');
	recorder.record(pod('web'), note('news'), 0);
	expect(store.list('Event').items).toHaveLength(2);
});

it.each([10, -10])(
	'a clock that is set by %i hours makes no event older, and none younger',
	async (hours) => {
		const clock = new HandClock(1_000);
		const store = new Store(nowhere);
		const recorder = new Recorder(store, 'node', clock);
		recorder.record(pod('web'), note('before'), clock.now());
		clock.leap(hours * 3_600_000);
		recorder.expire(clock.now());
		recorder.record(pod('web'), note('after'), clock.now());
		const messages = () => store.list('Event').items.map((one) => one['message']);
		expect(messages()).toEqual(['before', 'after']);
		await clock.passTo(3_500_000);
		recorder.expire(clock.now());
		expect(messages()).toEqual(['before', 'after']);
		await clock.passTo(3_700_000);
		recorder.expire(clock.now());
		expect(messages()).toEqual([]);
	},
);
