/** One engine that two supervisors of one instance reach by two addresses: each has a state folder of its own. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Event, KubeObject, Pod } from '../../../src/api/types.ts';
import { createLog } from '../../../src/supervisor/log.ts';
import { createSupervisor, type Supervisor } from '../../../src/supervisor/supervisor.ts';
import { FakeEngine } from '../../support/fake-engine.ts';

const WITHIN = { timeout: 10_000, interval: 20 };

let folder: string;
let engine: FakeEngine;
let one: Supervisor;
let other: Supervisor;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-neighbours-'));
	engine = new FakeEngine();
	one = await begin('one');
	other = await begin('other');
	await create(one, 'a');
	await running(one, 'a');
});

afterEach(async () => {
	await one.stop();
	await other.stop();
	rmSync(folder, { recursive: true, force: true });
});

async function begin(name: string): Promise<Supervisor> {
	const stateFolder = join(folder, name);
	mkdirSync(stateFolder, { mode: 0o700 });
	const supervisor = await createSupervisor({
		engine,
		info: await engine.info(),
		instance: 'shared',
		stateFolder,
		env: {},
		log: createLog(() => undefined),
	});
	await supervisor.start();
	return supervisor;
}

async function create(supervisor: Supervisor, name: string): Promise<void> {
	const spec = {
		terminationGracePeriodSeconds: 0,
		containers: [{ name: 'main', image: 'busybox:1.36', imagePullPolicy: 'IfNotPresent' }],
	};
	const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
	await supervisor.backend.create('Pod', pod as unknown as KubeObject);
}

async function running(supervisor: Supervisor, name: string): Promise<Pod> {
	return vi.waitFor(async () => {
		const pod = (await supervisor.backend.get('Pod', 'default', name)) as unknown as Pod;
		expect(pod.status?.phase).toBe('Running');
		return pod;
	}, WITHIN);
}

it('pods of other names run side by side, on addresses of their own', async () => {
	await create(other, 'b');
	const [a, b] = [await running(one, 'a'), await running(other, 'b')];
	expect(a.status?.podIP).not.toBe(b.status?.podIP);
	await other.backend.delete('Pod', 'default', 'b');
	await vi.waitFor(async () => expect(other.podCount()).toBe(0), WITHIN);
	expect(await running(one, 'a')).toEqual(a);
});

it('a pod of the same name is not made, and the one that is there is left alone', async () => {
	const a = await running(one, 'a');
	await create(other, 'a');
	const message = await vi.waitFor(async () => {
		const { items } = await other.backend.list('Event', 'default');
		const told = (items as unknown as Event[]).find(({ reason }) => reason === 'FailedCreatePodSandBox');
		expect(told).toBeDefined();
		return told?.message;
	}, WITHIN);
	expect(message).toContain(
		`a pod of the same name that another supervisor looks after (${join(folder, 'one')})`,
	);
	expect(await running(one, 'a')).toEqual(a);
	await other.backend.delete('Pod', 'default', 'a', { gracePeriodSeconds: 0 });
	await vi.waitFor(async () => expect(other.podCount()).toBe(0), WITHIN);
	expect(await running(one, 'a')).toEqual(a);
});

it('doctor tells of the other one, and what belongs to its pods is not left over', async () => {
	await vi.waitFor(async () => {
		const neighbours = (await other.backend.checkup()).find(({ name }) => name === 'neighbours');
		expect(neighbours).toMatchObject({
			state: 'warning',
			message: `this engine is reached by another address too: pods default/a are those of ${join(folder, 'one')}`,
		});
	}, WITHIN);
	expect(await other.backend.leftovers()).toEqual([]);
	expect(await other.backend.prune(true)).toEqual([]);
	expect((await other.backend.checkup()).find(({ name }) => name === 'leftovers')).toMatchObject({
		state: 'ok',
	});
	expect((await one.backend.checkup()).find(({ name }) => name === 'neighbours')).toMatchObject({
		state: 'ok',
	});
	await running(one, 'a');
});
