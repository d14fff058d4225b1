/** An engine on another machine, of which podrun knows less: its host paths, what its kernel allows. The engine is a fake that says so. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { KubeObject, Pod } from '../../../src/api/types.ts';
import { EngineError } from '../../../src/engine/engine.ts';
import { createLog } from '../../../src/supervisor/log.ts';
import { createSupervisor, type Supervisor } from '../../../src/supervisor/supervisor.ts';
import { FakeEngine } from '../../support/fake-engine.ts';

const WITHIN = { timeout: 10_000, interval: 20 };

let folder: string;
let engine: FakeEngine;
let supervisor: Supervisor;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-remote-'));
	engine = new FakeEngine({ info: { local: false } });
	supervisor = await createSupervisor({
		engine,
		info: await engine.info(),
		instance: 'remote',
		stateFolder: folder,
		env: {},
		log: createLog(() => undefined),
	});
	await supervisor.start();
});

afterEach(async () => {
	await supervisor.stop();
	rmSync(folder, { recursive: true, force: true });
});

/** The status of the one container of a pod with this host path, once it is as `asked`. */
async function until(path: string, asked: (waiting: string) => boolean): Promise<string> {
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

it('an engine that may not lower oom_score_adj is found out by the first start, and no pod sees it', async () => {
	const path = join(folder, 'shared');
	mkdirSync(path);
	engine.host.mkdir(join(path, 'deep/er'));
	// As runc 1.1 and 1.3 answered on a machine without CAP_SYS_RESOURCE.
	const message =
		"failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: can't get final child's PID from pipe: EOF: unknown";
	engine.inject({ method: 'startContainer', error: new EngineError('UNKNOWN', message) });
	await until(path, (told) => told === 'running');
	const scores = engine.calls
		.filter(({ method }) => method === 'createContainer')
		.map(({ args: [options] }) => (options as { oomScoreAdj?: number }).oomScoreAdj);
	expect(scores).toEqual([-998, undefined, expect.any(Number)]);
	const events = (await supervisor.backend.list('Event', 'default')).items as unknown as { type: string }[];
	expect(events.filter(({ type }) => type === 'Warning')).toEqual([]);
});
