/** The supervisor may die at any time: pods run on, and the next one knows all that the last one knew. */
import { existsSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { docker, engineContainers } from '../support/checks.ts';
import { eventually } from '../support/eventually.ts';
import { engineId, pod, seconds, server, sh, statusOf } from '../support/manifests.ts';
import { alive, scenario } from '../support/scenario.ts';

describe('killed with SIGKILL', () => {
	const s = scenario('sigkill', { PODRUN_MAX_RESTART_BACKOFF: '20s' });

	test('its pods run on, and the next command adopts them as they are', async () => {
		const stays = pod('stays', {
			containers: [
				server('a'),
				server('b', { readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } }),
			],
		});
		const crashes = pod('crashes', { containers: [sh('main', 'exit 1')] });
		await s.ok('up', '-d', '-f', s.manifest('stays', stays));
		await s.apply(crashes);
		const waiting = await s.until(
			'crashes',
			(pod) =>
				statusOf(pod, 'main').restartCount === 2 &&
				statusOf(pod, 'main').state?.waiting?.reason === 'CrashLoopBackOff',
		);
		const before = await s.pod('stays');
		const containers = await engineContainers(s.instance, 'stays');
		const first = await s.supervisor();
		expect(first).toBeDefined();
		expect(statSync(first?.socket ?? '').mode & 0o777).toBe(0o600);
		process.kill(first?.pid ?? 0, 'SIGKILL');
		await eventually(() => !alive(first?.pid ?? 0));
		expect(await engineContainers(s.instance, 'stays')).toEqual(containers);

		expect(await s.ok('ps')).toMatch(/^stays +a +Running/m);
		const second = await s.supervisor();
		expect(second?.pid).not.toBe(first?.pid);
		expect(await engineContainers(s.instance, 'stays')).toEqual(containers);
		const after = await s.until(
			'stays',
			(pod) => pod.status?.containerStatuses?.every((c) => c.ready) ?? false,
		);
		expect(after.metadata.uid).toBe(before?.metadata.uid);
		expect(after.status?.podIP).toBe(before?.status?.podIP);
		for (const name of ['a', 'b']) {
			expect(statusOf(after, name)).toMatchObject({
				restartCount: 0,
				containerID: before && statusOf(before, name).containerID,
			});
		}

		// The counter goes on, and so does the wait that was running.
		const crashed = await s.until('crashes', (pod) => statusOf(pod, 'main').restartCount === 3);
		const { state, lastState } = statusOf(crashed, 'main');
		const third = state?.running ?? state?.terminated ?? lastState?.terminated;
		const ended = statusOf(waiting, 'main').lastState?.terminated?.finishedAt;
		expect(seconds(ended, third?.startedAt)).toBeGreaterThanOrEqual(19);
		expect(seconds(ended, third?.startedAt)).toBeLessThan(45);
	});

	test('what died while nobody looked is mended', async () => {
		const before = await s.pod('stays');
		const first = await s.supervisor();
		process.kill(first?.pid ?? 0, 'SIGKILL');
		await docker.getContainer(engineId(before ?? pod('none', { containers: [] }), 'a')).kill();
		await s.ok('ps');
		const after = await s.until('stays', (pod) => statusOf(pod, 'a').restartCount === 1);
		expect(statusOf(after, 'a').lastState?.terminated?.exitCode).toBe(137);
		expect(statusOf(after, 'b').restartCount).toBe(0);
		expect(after.status?.podIP).toBe(before?.status?.podIP);
	});
});

describe('with nothing to do', () => {
	const s = scenario('idle', { PODRUN_IDLE_SECONDS: '1' });

	test('it ends by itself, and the engine and the state folder hold nothing more', async () => {
		await s.ok('up', '-d', '-f', s.manifest('brief', pod('brief', { containers: [server('a')] })));
		const supervisor = await s.supervisor();
		await s.ok('down', 'brief');
		await eventually(() => !alive(supervisor?.pid ?? 0), { what: 'the supervisor has ended' });
		expect(existsSync(supervisor?.socket ?? '')).toBe(false);
		const status = await s.podrun('supervisor', 'status');
		expect(status.code).toBe(1);
		expect(status.err).toContain('no supervisor runs');
		const networks = await docker.listNetworks({
			filters: { label: [`podrun.dev/instance=${s.instance}`] },
		});
		expect(networks).toEqual([]);
	});
});
