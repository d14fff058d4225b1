/**
 * What befalls the engine itself: stopped, killed, robbed of its containerd, under a pod that has all that its
 * restart may break. The same tests with live-restore and without stand in files of their own, to run side by side.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Pod } from '../../src/api/types.ts';
import { BUSYBOX, engineId, holds, pod, server, sh, statusOf } from '../support/manifests.ts';
import { ownEngine } from '../support/own-engine.ts';
import { filesOf } from '../support/raw-http.ts';
import { alive, eventually, scenario } from '../support/scenario.ts';
import { printFault } from './report.ts';

const NAME = 'victim';
const CONTAINERS = ['helper', 'web', 'plain'];
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
			readinessProbe: {
				exec: { command: ['cat', '/settings/greeting'] },
				periodSeconds: 1,
				timeoutSeconds: 5,
			},
			livenessProbe: {
				exec: { command: ['true'] },
				periodSeconds: 1,
				timeoutSeconds: 5,
				failureThreshold: 1,
			},
		}),
		server('plain'),
	],
	volumes: [{ name: 'settings', configMap: { name: 'settings' } }],
});

const isReady = (pod: Pod): boolean => holds(pod, 'Ready');
const counts = (pod: Pod): readonly number[] => CONTAINERS.map((name) => statusOf(pod, name).restartCount);

/** The tests, as a `describe`. */
export function engineFaults(liveRestore: boolean): void {
	describe(liveRestore ? 'an engine with live-restore' : 'an engine', () => {
		const seen: (readonly [string, string])[] = [];
		afterAll(() => {
			for (const [fault, told] of seen) printFault(fault, told);
		});
		const engine = ownEngine({ liveRestore, images: [BUSYBOX] });
		const s = scenario(liveRestore ? 'live' : 'engine', {
			DOCKER_HOST: engine.address,
			PODRUN_REACH: 'infra',
			PODRUN_MAX_RESTART_BACKOFF: '1s',
		});

		const survived = (fault: string, without: string, live: string): void => {
			seen.push([`${fault}${liveRestore ? ', with live-restore' : ''}`, liveRestore ? live : without]);
		};

		/** What a user sees while it is away: what was last seen, with a warning, and why the rest can't be done. */
		async function tellsAbsence(why = /no Docker engine at unix:/): Promise<void> {
			const ps = await eventually(async () => {
				const ran = await s.podrun('ps');
				return ran.err.includes('Warning') && ran;
			});
			expect(ps.code).toBe(0);
			expect(ps.out).toContain(NAME);
			expect(ps.err).toMatch(
				/^Warning: the Docker engine at unix:\S+ has not answered since \d\d:\d\d:\d\d: pods are .*\n$/,
			);
			await told('NodeNotReady');
			const exec = await s.podrun('exec', NAME, '-c', 'web', '--', 'true');
			expect(exec.code).toBe(1);
			expect(exec.err).toMatch(why);
			const logs = await s.podrun('logs', NAME, '-c', 'web');
			expect(logs.code).toBe(1);
			expect(logs.err).toMatch(/Error from server \(ServiceUnavailable\): /);
			expect(logs.err).toMatch(why);
			const doctor = (await s.podrun('doctor')).out;
			expect(doctor).toMatch(/PROBLEM +engine .*\n.*start the Docker engine/);
			expect(doctor).toMatch(why);
		}

		/** These events there are, and none that blames the pod. */
		async function told(...reasons: string[]): Promise<void> {
			const all = await eventually(async () => {
				const events = (await s.events(NAME)).map(({ reason }) => reason);
				return reasons.every((reason) => events.includes(reason)) && events;
			});
			for (const reason of ['Failed', 'FailedCreatePodSandBox', 'FailedKillPod', 'FailedMount']) {
				expect(all).not.toContain(reason);
			}
		}

		/** What the engine has of this instance. */
		async function containers(): Promise<{ id: string; pod: string; name: string; running: boolean }[]> {
			const label = [`podrun.dev/instance=${s.instance}`];
			const all = await engine.docker.listContainers({ all: true, filters: { label } });
			return all.map(({ Id, Labels, State }) => ({
				id: Id,
				pod: Labels['io.kubernetes.pod.name'] ?? '',
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
				const running = (await containers()).filter((one) => one.running && one.pod === NAME);
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
			await tellsAbsence();
			await engine.start();
			await well(before, liveRestore ? 0 : 1);
			await told('NodeReady');
			survived(
				'the engine stopped and started',
				'`podrun ps` warns meanwhile that it shows what was last seen; then a new sandbox with the same IP, RESTARTS up by one',
				'the same warning; the pod runs on',
			);
		});

		test('SIGKILL and start', async () => {
			const before = await s.until(NAME, isReady);
			await engine.kill();
			await tellsAbsence();
			await engine.start();
			await well(before, liveRestore ? 0 : 1);
			await told('NodeReady');
			survived(
				'dockerd killed (SIGKILL) and started',
				'the same: its containers run on until the next dockerd ends them, then a new sandbox with the same IP',
				'the pod runs on',
			);
		});

		test('its containerd killed', async () => {
			const before = await s.until(NAME, isReady);
			await engine.killContainerd();
			await well(before, 0);
			await told();
			survived('containerd killed', 'nothing: no probe counts until it is back', 'nothing');
		});

		// Its containers have no part in it, so once is enough.
		if (!liveRestore) test('SIGSTOP and SIGCONT', frozen);

		async function frozen(): Promise<void> {
			const before = await s.until(NAME, isReady);
			const returns = async (): Promise<number> =>
				(await s.events(NAME))
					.filter(({ reason }) => reason === 'NodeReady')
					.reduce((all, { count = 1 }) => all + count, 0);
			const ready = await returns();
			engine.freeze();
			const began = Date.now();
			// Asked before anybody has noticed: it hangs for as long as that takes.
			const early = await s.podrun('exec', NAME, '-c', 'web', '--', 'true');
			expect(early.code).toBe(1);
			expect(early.err).toMatch(/does not answer/);
			await tellsAbsence(/the Docker engine at unix:\S+ does not answer/);
			expect(Date.now() - began).toBeLessThan(40_000);
			engine.thaw();
			await eventually(async () => (await returns()) > ready);
			await well(before, 0);
			await told('NodeReady');
			expect(filesOf((await s.supervisor())?.pid ?? 0)).toBeLessThan(100);
			seen.push([
				'dockerd stopped (SIGSTOP) and continued',
				'noticed within 20 s: the same warning, verbs say that it does not answer; then the pod runs on',
			]);
		}

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
			await told();
			survived(
				'the supervisor killed while the engine is away',
				'commands say that there is no engine; the first one after its start adopts the pod: same uid and IP, RESTARTS up by one',
				'the first command after its start adopts the pod, nothing restarts',
			);
		});

		test('files that change while it is away, or on its way up, are in the container at the end', async () => {
			mkdirSync(join(s.folder, 'src'));
			s.file('src/a.txt', 'first');
			s.file('src/gone.txt', 'here');
			s.file(
				'watched.yaml',
				JSON.stringify(
					pod(
						'watched',
						{ containers: [server('app')] },
						{ 'podrun.dev/watch': '- {container: app, path: ./src, target: /srv, action: sync}' },
					),
				),
			);
			const watch = s.start('up', '--watch', '-f', 'watched.yaml');
			const inside = async () =>
				(await s.podrun('exec', 'watched', '--', 'sh', '-c', 'cd /srv && grep -r . . | sort')).out;
			await eventually(async () => (await inside()) === './a.txt:first\n./gone.txt:here\n');
			const before = await s.until('watched', isReady);
			await engine.kill();
			s.file('src/a.txt', 'second');
			s.file('src/b.txt', 'new');
			rmSync(join(s.folder, 'src/gone.txt'));
			// The watch has seen them, and has found nobody to give them to.
			await eventually(() => watch.err().includes('no Docker engine'));
			const starting = engine.start();
			s.file('src/c.txt', 'while it starts');
			await starting;
			await eventually(
				async () => (await inside()) === './a.txt:second\n./b.txt:new\n./c.txt:while it starts\n',
			);
			const after = await s.until('watched', isReady);
			expect(after.status?.podIP).toBe(before.status?.podIP);
			expect(statusOf(after, 'app').restartCount).toBe(liveRestore ? 0 : 1);
			expect(watch.err().match(/no Docker engine/g)).toHaveLength(1);
			watch.child.kill('SIGINT');
			await watch.ended;
			survived(
				'the engine killed under a watch',
				'one line says that there is none; what changed meanwhile is in the container when it runs again',
				'one line says that there is none; what changed meanwhile follows',
			);
		});

		test('killed while a pod comes up, and while it goes', async () => {
			const mine = async () => (await containers()).filter(({ pod }) => pod === 'young');
			const young = pod('young', { ...victim.spec, terminationGracePeriodSeconds: 1 });
			for (const enough of [1, 4]) {
				await s.ok('apply', '-f', s.manifest('young', young));
				await eventually(async () => (await mine()).length >= enough);
				await engine.kill();
				await engine.start();
				const after = await s.until('young', isReady);
				const running = (await mine()).filter((one) => one.running);
				expect(running.map(({ name }) => name).sort()).toEqual(['POD', ...CONTAINERS].sort());
				for (const count of counts(after)) expect(count).toBeLessThanOrEqual(1);
				await s.ok('delete', 'pod', 'young', '--wait=false');
				await engine.kill();
				await engine.start();
				await s.untilGone('young');
				expect(await mine()).toEqual([]);
			}
			survived(
				'dockerd killed while a pod comes up, and while it goes',
				'it comes up, and goes, when there is an engine again',
				'the same',
			);
		});

		test('nothing is left after down', async () => {
			await s.ok('down', '--all', '--volumes');
			expect(await containers()).toEqual([]);
			const label = [`podrun.dev/instance=${s.instance}`];
			expect((await engine.docker.listVolumes({ filters: { label } } as object)).Volumes ?? []).toEqual([]);
		});
	});
}
