/** Addresses of podrun's network that somebody's own containers have. The engine is a fake with a small network. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Event, KubeObject, Pod } from '../../../src/api/types.ts';
import { EngineError } from '../../../src/engine/engine.ts';
import { createLog } from '../../../src/supervisor/log.ts';
import { PodNetwork } from '../../../src/supervisor/network.ts';
import { createSupervisor, type Supervisor } from '../../../src/supervisor/supervisor.ts';
import { FakeEngine } from '../../support/fake-engine.ts';

const IMAGE = 'busybox:1.36';
const NETWORK = 'podrun-taken';
const WITHIN = { timeout: 10_000, interval: 20 };

let folder: string;
let engine: FakeEngine;
let supervisor: Supervisor;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-taken-'));
	engine = new FakeEngine();
	// Five addresses: .2 to .6.
	await engine.createNetwork({
		name: NETWORK,
		subnet: '10.201.0.0/29',
		labels: { 'podrun.dev/instance': 'taken' },
	});
	await begin();
});

afterEach(async () => {
	await supervisor.stop();
	rmSync(folder, { recursive: true, force: true });
});

async function begin(): Promise<void> {
	supervisor = await createSupervisor({
		engine,
		info: await engine.info(),
		instance: 'taken',
		stateFolder: folder,
		env: {},
		log: createLog(() => undefined),
	});
	await supervisor.start();
}

/** A container that is none of podrun's. */
async function stranger(name: string, ipv4?: string): Promise<void> {
	const { id } = await engine.createContainer({
		name,
		image: IMAGE,
		labels: {},
		networkMode: NETWORK,
		resources: {},
		mounts: [],
		...(ipv4 === undefined ? {} : { ipv4 }),
	});
	await engine.startContainer(id);
}

async function create(name: string): Promise<void> {
	const spec = {
		terminationGracePeriodSeconds: 0,
		containers: [{ name: 'main', image: IMAGE, imagePullPolicy: 'IfNotPresent' }],
	};
	await supervisor.backend.create('Pod', {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name },
		spec,
	} as unknown as KubeObject);
}

/** The address of a pod that runs, as its status and its pause have it. */
async function address(name: string): Promise<string> {
	return vi.waitFor(async () => {
		const { status } = (await supervisor.backend.get('Pod', 'default', name)) as unknown as Pod;
		expect(status?.phase).toBe('Running');
		expect(status?.podIPs).toEqual([{ ip: status?.podIP }]);
		const [pause] = await engine.listContainers([
			'io.kubernetes.container.name=POD',
			`io.kubernetes.pod.name=${name}`,
		]);
		expect((await engine.inspectContainer(pause?.id ?? '')).networks[NETWORK]?.ip).toBe(status?.podIP);
		return status?.podIP ?? '';
	}, WITHIN);
}

async function warnings(): Promise<readonly string[]> {
	const { items } = await supervisor.backend.list('Event', 'default');
	return (items as unknown as Event[])
		.filter(({ type }) => type === 'Warning')
		.map(({ reason, message }) => `${reason}: ${message}`);
}

/** Addresses that pauses were made with, in their order. */
function tried(): readonly (string | undefined)[] {
	return engine.calls
		.filter(({ method }) => method === 'createContainer')
		.map(({ args: [options] }) => options as { ipv4?: string; labels: Record<string, string> })
		.filter(({ labels }) => labels['io.kubernetes.container.name'] === 'POD')
		.map(({ ipv4 }) => ipv4);
}

it('an address that the engine has given to somebody else is left out, and all others that strangers have', async () => {
	await stranger('first');
	await stranger('second');
	await create('a');
	expect(await address('a')).toBe('10.201.0.4');
	await create('b');
	expect(await address('b')).toBe('10.201.0.5');
	expect(tried()).toEqual(['10.201.0.2', '10.201.0.4', '10.201.0.5']);
	expect(await warnings()).toEqual([]);
});

it('one that the engine says is taken though nothing has it is not tried again', async () => {
	const error = new EngineError('ADDRESS_TAKEN', 'Address already in use', { statusCode: 403 });
	engine.inject({ method: 'startContainer', nth: 1, error });
	engine.inject({ method: 'startContainer', nth: 2, error });
	await create('a');
	expect(await address('a')).toBe('10.201.0.4');
	expect(await warnings()).toEqual([]);
});

it('a container that is made while its pause goes for its address is no failure', async () => {
	await stranger('first');
	const letGo = engine.hold('createContainer');
	await create('a');
	// The pause, and then, while it is started, the container that joins it.
	await vi.waitFor(() => expect(tried()).toHaveLength(1), WITHIN);
	const begin = engine.hold('startContainer');
	letGo();
	const wait = engine.hold('createContainer');
	const creates = () => engine.calls.filter(({ method }) => method === 'createContainer').length;
	await vi.waitFor(() => expect(creates()).toBe(3), WITHIN);
	begin();
	await vi.waitFor(
		() => expect(engine.calls.some(({ method }) => method === 'removeContainer')).toBe(true),
		WITHIN,
	);
	wait();
	expect(await address('a')).toBe('10.201.0.3');
	expect(await warnings()).toEqual([]);
});

it('a pod whose address was taken while it was away gets another one, and its status says so', async () => {
	await create('a');
	expect(await address('a')).toBe('10.201.0.2');
	await supervisor.stop();
	for (const { id } of await engine.listContainers([])) await engine.removeContainer(id, { force: true });
	await stranger('first', '10.201.0.2');
	await begin();
	expect(await address('a')).toBe('10.201.0.3');
	expect(await warnings()).toEqual([]);
});

it('when all are taken the pod says so, tries no address over and over, and takes the first that is free', async () => {
	for (const name of ['one', 'two', 'three', 'four', 'five']) await stranger(name);
	await create('late');
	await vi.waitFor(async () => expect(await warnings()).toHaveLength(1), WITHIN);
	expect((await warnings())[0]).toMatch(
		/^FailedCreatePodSandBox: Failed to create pod sandbox: no address is free in 10\.201\.0\.0\/29/,
	);
	expect(tried()).toEqual(['10.201.0.2']);
	await engine.removeContainer('three', { force: true });
	expect(await address('late')).toBe('10.201.0.4');
	expect(tried()).toEqual(['10.201.0.2', '10.201.0.4']);
});

it('what the pod’s own former pause has, which somebody has started again, stays the pod’s', async () => {
	const network = new PodNetwork(engine, 'taken', undefined);
	const ip = await network.allocate('a');
	await stranger('former', ip);
	const [former] = await engine.listContainers([]);
	expect(await network.avoid('a', ip, (id) => id === former?.id)).toBe(former?.id);
	expect(await network.allocate('a')).toBe(ip);
	expect(await network.avoid('a', ip, () => false)).toBeUndefined();
	expect(await network.allocate('a', ip)).toBe('10.201.0.3');
});
