/** The engine itself: stopped, killed, robbed of its containerd, with and without live-restore. */
import { afterAll, describe, expect, test } from 'vitest';
import type { Pod } from '../../src/api/types.ts';
import { BUSYBOX, engineId, holds, pod, server, sh, statusOf } from '../support/manifests.ts';
import { ownEngine } from '../support/own-engine.ts';
import { alive, eventually, scenario } from '../support/scenario.ts';
import { printFault } from './report.ts';

const NAME = 'victim';
const CONTAINERS = ['helper', 'web', 'plain'];
const seen: (readonly [string, string])[] = [];

afterAll(() => {
	for (const [fault, told] of seen) printFault(fault, told);
});

const settings = {
	apiVersion: 'v1',
	kind: 'ConfigMap',
	metadata: { name: 'settings' },
	data: { greeting: 'hello' },
};

/** All that an engine's restart may break: an init container, a sidecar, probes, a volume with contents. */
const victim = pod(NAME, {
	initContainers: [sh('first', 'true'), server('helper', { restartPolicy: 'Always' })],
	containers: [
		server('web', {
			volumeMounts: [{ name: 'settings', mountPath: '/settings' }],
			readinessProbe: { exec: { command: ['cat', '/settings/greeting'] }, periodSeconds: 1 },
			livenessProbe: { exec: { command: ['true'] }, periodSeconds: 1, failureThreshold: 1 },
		}),
		server('plain'),
	],
	volumes: [{ name: 'settings', configMap: { name: 'settings' } }],
});

const isReady = (pod: Pod): boolean => holds(pod, 'Ready');
const counts = (pod: Pod): readonly number[] => CONTAINERS.map((name) => statusOf(pod, name).restartCount);

describe.each([{ liveRestore: false }, { liveRestore: true }])(
	'an engine (live-restore: $liveRestore)',
	({ liveRestore }) => {
		const engine = ownEngine({ liveRestore, images: [BUSYBOX] });
		const s = scenario(liveRestore ? 'live' : 'engine', {
			DOCKER_HOST: engine.address,
			PODRUN_REACH: 'infra',
			PODRUN_MAX_RESTART_BACKOFF: '1s',
		});

		/** What the engine has of this instance. */
		async function containers(): Promise<{ id: string; name: string; running: boolean }[]> {
			const label = [`podrun.dev/instance=${s.instance}`];
			const all = await engine.docker.listContainers({ all: true, filters: { label } });
			return all.map(({ Id, Labels, State }) => ({
				id: Id,
				name: Labels['io.kubernetes.container.name'] ?? '',
				running: State === 'running',
			}));
		}

		/** The pod after a fault: Ready again, itself, with one of each, and restarted as often as its containers were. */
		async function well(before: Pod, restarts: number): Promise<Pod> {
			const wanted = counts(before).map((count) => count + restarts);
			const after = await s.until(NAME, (pod) => isReady(pod) && counts(pod).join() === wanted.join());
			expect(after.metadata.uid).toBe(before.metadata.uid);
			expect(after.status?.podIP).toBe(before.status?.podIP);
			await eventually(async () => {
				const running = (await containers()).filter((one) => one.running);
				expect(running.map(({ name }) => name).sort()).toEqual(['POD', ...CONTAINERS].sort());
				const ids = running.map(({ id }) => id);
				for (const name of CONTAINERS) expect(ids).toContain(engineId(after, name));
				return true;
			});
			// dockerd finds its new containerd again after a while; until then an exec is refused in the engine's words.
			await eventually(async () => {
				const { out } = await s.podrun('exec', NAME, '-c', 'web', '--', 'cat', '/settings/greeting');
				return out === 'hello';
			});
			if (restarts === 0)
				for (const name of CONTAINERS) expect(engineId(after, name)).toBe(engineId(before, name));
			return after;
		}

		test('a pod comes up on it', async () => {
			await s.apply(settings, victim);
			await s.until(NAME, isReady);
		});

		test('SIGTERM and start', async () => {
			const before = await s.until(NAME, isReady);
			await engine.terminate();
			await engine.start();
			await well(before, liveRestore ? 0 : 1);
		});

		test('SIGKILL and start', async () => {
			const before = await s.until(NAME, isReady);
			await engine.kill();
			await engine.start();
			await well(before, liveRestore ? 0 : 1);
		});

		test('its containerd killed', async () => {
			const before = await s.until(NAME, isReady);
			await engine.killContainerd();
			await well(before, 0);
		});

		test('the supervisor killed while it is away', async () => {
			const before = await s.until(NAME, isReady);
			await engine.terminate();
			const info = await s.supervisor();
			process.kill(info?.pid ?? 0, 'SIGKILL');
			await eventually(() => !alive(info?.pid ?? 0));
			const refused = await s.podrun('ps');
			expect(refused.code).toBe(1);
			expect(refused.err).toMatch(/no Docker engine at unix:.*\n.*is the Docker engine running/);
			await engine.start();
			await s.ok('ps');
			await well(before, liveRestore ? 0 : 1);
		});

		test('nothing is left after down', async () => {
			await s.ok('down', '--all', '--volumes');
			expect(await containers()).toEqual([]);
			const label = [`podrun.dev/instance=${s.instance}`];
			expect((await engine.docker.listVolumes({ filters: { label } } as object)).Volumes ?? []).toEqual([]);
		});
	},
);
