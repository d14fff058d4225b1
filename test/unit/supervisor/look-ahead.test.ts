/** How soon the end of a container is seen when the engine takes its time over another one of the same pod. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { KubeObject, Pod } from '../../../src/api/types.ts';
import type { Supervisor } from '../../../src/supervisor/supervisor.ts';
import { FakeEngine } from '../../support/fake-engine.ts';
import { superviseFake } from '../../support/fake-supervisor.ts';

const WITHIN = { timeout: 10_000, interval: 5 };

let engine: FakeEngine;
let supervisor: Supervisor;
let end: () => Promise<void>;

beforeEach(async () => {
	engine = new FakeEngine();
	({ supervisor, end } = await superviseFake(engine, 'ahead'));
});

afterEach(() => end());

async function status(): Promise<Pod['status']> {
	return ((await supervisor.backend.get('Pod', 'default', 'two')) as unknown as Pod).status;
}

/** A pod of two containers runs; their ids. */
async function bothRun(): Promise<readonly [string, string]> {
	const containers = ['a', 'b'].map((name) => ({
		name,
		image: 'busybox:1.36',
		imagePullPolicy: 'IfNotPresent',
	}));
	await supervisor.backend.create('Pod', {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'two' },
		spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers },
	} as unknown as KubeObject);
	return vi.waitFor(async () => {
		const found = (await status())?.containerStatuses ?? [];
		expect(found.map(({ state }) => state?.running !== undefined)).toEqual([true, true]);
		const [a = '', b = ''] = found.map(({ containerID = '' }) => containerID.replace('docker://', ''));
		return [a, b] as const;
	}, WITHIN);
}

const looks = (id: string): number =>
	engine.calls.filter(({ method, args }) => method === 'inspectContainer' && args[0] === id).length;

it('a look that the engine holds up holds up no other', async () => {
	const [a, b] = await bothRun();
	const letGo = engine.hold('inspectContainer');
	const before = { a: looks(a), b: looks(b) };
	engine.exit(a, 0);
	await vi.waitFor(() => expect(looks(a)).toBe(before.a + 1), WITHIN);
	engine.exit(b, 3);
	await vi.waitFor(() => expect(looks(b)).toBe(before.b + 1), WITHIN);
	letGo();
	await vi.waitFor(async () => expect((await status())?.phase).toBe('Failed'), WITHIN);
	// And each was looked at once.
	expect({ a: looks(a), b: looks(b) }).toEqual({ a: before.a + 1, b: before.b + 1 });
});

it('what such a look finds is told, though the turn that it was begun in has ended before it', async () => {
	const [a, b] = await bothRun();
	const before = { a: looks(a), b: looks(b) };
	const letGoOfFirst = engine.hold('inspectContainer');
	engine.exit(a, 0);
	await vi.waitFor(() => expect(looks(a)).toBe(before.a + 1), WITHIN);
	// Calls from here on are held back for longer than the one that is held already.
	const letGoOfSecond = engine.hold('inspectContainer');
	engine.exit(b, 3);
	await vi.waitFor(() => expect(looks(b)).toBe(before.b + 1), WITHIN);
	letGoOfFirst();
	await vi.waitFor(async () => {
		expect(
			(await status())?.containerStatuses?.map(({ state }) => state?.terminated !== undefined),
		).toContain(true);
	}, WITHIN);
	letGoOfSecond();
	await vi.waitFor(async () => expect((await status())?.phase).toBe('Failed'), {
		timeout: 5_000,
		interval: 5,
	});
});
