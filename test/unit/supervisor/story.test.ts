/** Events outlive their supervisor, and go on counting. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Event, Pod } from '../../../src/api/types.ts';
import type { Clock } from '../../../src/supervisor/clock.ts';
import { Recorder } from '../../../src/supervisor/recorder.ts';
import { Store } from '../../../src/supervisor/store.ts';
import { readStory, Story } from '../../../src/supervisor/story.ts';

const T0 = Date.parse('2026-03-01T12:00:00Z');
const clock: Clock = { now: () => T0, after: () => () => {} };
const nowhere = {
	save: () => {},
	remove: () => {},
	flush: async () => {},
	failureOf: () => undefined,
	retry: () => {},
};
const pod = { metadata: { name: 'web', namespace: 'default', uid: 'u1' } } as unknown as Pod;
const crash = {
	type: 'Warning',
	reason: 'BackOff',
	message: 'Back-off restarting',
	fieldPath: 'spec.containers{a}',
} as const;
let folder = '';

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'podrun-story-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function supervisor(): Promise<{ store: Store; recorder: Recorder; story: Story }> {
	const store = new Store(nowhere, await readStory(folder));
	return { store, recorder: new Recorder(store, 'node'), story: new Story(store, folder, clock) };
}

it('the next supervisor tells what the one before told, and counts on', async () => {
	const before = await supervisor();
	before.recorder.record(pod, crash, T0);
	before.recorder.record(pod, crash, T0 + 1000);
	await before.story.close();
	const after = await supervisor();
	after.recorder.record(pod, crash, T0 + 2000);
	const events = after.store.list<Event>('Event').items;
	expect(events.map(({ reason, count }) => [reason, count])).toEqual([['BackOff', 3]]);
	after.recorder.expire(T0 + 3_700_000);
	expect(after.store.list('Event').items).toEqual([]);
});

it('a file that is broken is an empty story, and a folder that is gone is not made again', async () => {
	await writeFile(join(folder, 'events.json'), '[{"kind": "Ev');
	const { recorder, story, store } = await supervisor();
	expect(store.list('Event').items).toEqual([]);
	recorder.record(pod, crash, T0);
	await rm(folder, { recursive: true });
	await story.close();
	await expect(readdir(folder)).rejects.toThrow('ENOENT');
});
