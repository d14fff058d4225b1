/** An engine on another machine, of which podrun knows less: its host paths, what its kernel allows. The engine is a fake that says so. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Event, KubeObject, Pod } from '../../../src/api/types.ts';
import { EngineError } from '../../../src/engine/engine.ts';
import type { Supervisor } from '../../../src/supervisor/supervisor.ts';
import { FakeEngine } from '../../support/fake-engine.ts';
import { superviseFake } from '../../support/fake-supervisor.ts';

/** As runc 1.1 and 1.3 answered on a machine without CAP_SYS_RESOURCE. */
const REFUSED =
	"failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: can't get final child's PID from pipe: EOF: unknown";
const WITHIN = { timeout: 10_000, interval: 20 };

let folder: string;
let engine: FakeEngine;
let supervisor: Supervisor;
let end: () => Promise<void>;

beforeEach(async () => {
	engine = new FakeEngine({ info: { local: false } });
	({ supervisor, folder, end } = await superviseFake(engine, 'remote'));
});

afterEach(() => end());

/** The status of the one container of a pod with this host path, once it is as `asked`. */
async function until(path: string, asked: (waiting: string) => boolean, more = {}): Promise<string> {
	await supervisor.backend.create('Pod', {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'far' },
		spec: {
			volumes: [{ name: 'h', hostPath: { path } }],
			containers: [
				{
					name: 'main',
					image: 'busybox:1.36',
					imagePullPolicy: 'IfNotPresent',
					volumeMounts: [{ name: 'h', mountPath: '/h', subPath: 'deep/er' }],
					...more,
				},
			],
		},
	} as unknown as KubeObject);
	return vi.waitFor(async () => {
		const pod = (await supervisor.backend.get('Pod', 'default', 'far')) as unknown as Pod;
		const state = pod.status?.containerStatuses?.[0]?.state;
		const told = state?.running ? 'running' : `${state?.waiting?.reason}: ${state?.waiting?.message}`;
		expect(told).toSatisfy(asked);
		return told;
	}, WITHIN);
}

it('a subPath of a host path that only the engine has is refused, and the message says what to do', async () => {
	expect(await until(join(folder, 'elsewhere'), (told) => told.includes('subPath'))).toMatch(
		/^CreateContainerConfigError: failed to prepare subPath for volumeMount "h" .* is on the machine of the engine at .*: name the folder itself as the hostPath$/,
	);
});

it('a folder that this machine shares with the engine has subPaths as usual', async () => {
	const shared = join(folder, 'shared');
	mkdirSync(shared);
	engine.host.mkdir(join(shared, 'deep/er'));
	expect(await until(shared, (told) => told === 'running')).toBe('running');
});

describe('an engine that may not lower oom_score_adj is found out by the first start, and no pod sees it', () => {
	const limits = { cpu: '1', memory: '64Mi' };

	it.each([
		['of a pause', 1, [-998, undefined, undefined]],
		['of a Guaranteed container', 2, [-998, -997, undefined]],
	])('%s', async (_, nth, expected) => {
		const path = join(folder, 'shared');
		mkdirSync(path);
		engine.host.mkdir(join(path, 'deep/er'));
		engine.inject({ method: 'startContainer', nth, error: new EngineError('UNKNOWN', REFUSED) });
		await until(path, (told) => told === 'running', { resources: { limits } });
		expect(oomScores()).toEqual(expected);
		expect(await warnings()).toEqual([]);
	});
});

it('two pauses that are started at once both learn that', async () => {
	for (const nth of [1, 2]) {
		engine.inject({ method: 'startContainer', nth, error: new EngineError('UNKNOWN', REFUSED) });
	}
	const letGo = engine.hold('startContainer');
	for (const name of ['a', 'b']) {
		const spec = { containers: [{ name: 'main', image: 'busybox:1.36', imagePullPolicy: 'IfNotPresent' }] };
		const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
		await supervisor.backend.create('Pod', pod as unknown as KubeObject);
	}
	const starts = () => engine.calls.filter(({ method }) => method === 'startContainer');
	await vi.waitFor(() => expect(starts()).toHaveLength(2), WITHIN);
	letGo();
	await vi.waitFor(async () => {
		const { items } = await supervisor.backend.list('Pod', 'default');
		expect(items.map((pod) => (pod as unknown as Pod).status?.phase)).toEqual(['Running', 'Running']);
	}, WITHIN);
	expect(oomScores().filter((score) => score === -998)).toHaveLength(2);
	expect(starts()).toHaveLength(6);
	expect(await warnings()).toEqual([]);
});

it('a network that cannot be made is told by the pod that waits for it, with what to do', async () => {
	engine.inject({ method: 'createNetwork', error: new EngineError('UNKNOWN', 'the driver is missing') });
	const path = join(folder, 'shared');
	mkdirSync(path);
	engine.host.mkdir(join(path, 'deep/er'));
	await until(path, (told) => told === 'running');
	expect(await warnings()).toEqual([
		'FailedCreatePodSandBox: Failed to create pod sandbox: the driver is missing',
	]);
});

/** Of all containers that were made, in their order. */
function oomScores(): readonly (number | undefined)[] {
	return engine.calls
		.filter(({ method }) => method === 'createContainer')
		.map(({ args: [options] }) => (options as { oomScoreAdj?: number }).oomScoreAdj);
}

async function warnings(): Promise<readonly string[]> {
	const { items } = await supervisor.backend.list('Event', 'default');
	return (items as unknown as Event[])
		.filter(({ type }) => type === 'Warning')
		.map(({ reason, message }) => `${reason}: ${message}`);
}
