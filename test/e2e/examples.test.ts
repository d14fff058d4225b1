/** The examples of the repository, as they are: real nginx, Ghost and Tomcat, their ports on this host. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, engineContainer, engineContainers, inspectContainer, page } from '../support/checks.ts';
import { eventually } from '../support/eventually.ts';
import { holds, pod, seconds, sh, statusOf } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const BOOT = { within: 240_000 };

describe('nginx in front of Ghost', () => {
	const s = scenario('ghost');
	const site = () => page('http://localhost:8080/');

	beforeAll(async () => {
		await s.ok('up', '-d', '-f', `${EXAMPLES}/nginx-ghost`);
	});

	test('a v1.Pod whose containers share the namespaces of one pause', async () => {
		const pod = JSON.parse(await s.ok('get', 'pod', 'nginx-ghost', '-o', 'json'));
		expect(pod).toMatchObject({
			apiVersion: 'v1',
			kind: 'Pod',
			metadata: { name: 'nginx-ghost', namespace: 'default', uid: expect.stringMatching(/^[0-9a-f-]{36}$/) },
			status: { phase: 'Running', qosClass: 'BestEffort', podIP: expect.stringMatching(/^10\./) },
		});
		for (const type of ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready']) {
			expect(holds(pod, type), type).toBe(true);
		}
		const pause = await engineContainer(s.instance, 'nginx-ghost', 'POD');
		for (const name of ['nginx', 'ghost']) {
			const status = statusOf(pod, name);
			expect(status).toMatchObject({
				ready: true,
				started: true,
				restartCount: 0,
				containerID: expect.stringMatching(/^docker:\/\/[0-9a-f]{64}$/),
				state: { running: { startedAt: expect.stringMatching(/^\d{4}-.*Z$/) } },
			});
			const { HostConfig } = await inspectContainer((status.containerID ?? '').slice('docker://'.length));
			expect(HostConfig).toMatchObject({
				NetworkMode: `container:${pause.id}`,
				IpcMode: `container:${pause.id}`,
				PidMode: `container:${pause.id}`,
			});
		}
	});

	test('the front page is Ghost, served by nginx', async () => {
		const answer = await fetch('http://localhost:8080/');
		expect(answer.headers.get('server')).toMatch(/^nginx/);
		expect(await answer.text()).toContain('content="Ghost 5');
	});

	test('Ghost is killed: nginx is left alone, the IP stays, the site comes back', async () => {
		const before = await s.pod('nginx-ghost');
		const nginx = await engineContainer(s.instance, 'nginx-ghost', 'nginx');
		const nginxStarted = (await inspectContainer(nginx.id)).State.StartedAt;
		const ghost = await engineContainer(s.instance, 'nginx-ghost', 'ghost');
		await docker.getContainer(ghost.id).kill();
		const after = await s.until('nginx-ghost', (pod) => statusOf(pod, 'ghost').restartCount === 1, BOOT);
		expect(after.status?.podIP).toBe(before?.status?.podIP);
		expect(statusOf(after, 'ghost').lastState?.terminated).toMatchObject({
			exitCode: 137,
			reason: 'Error',
			containerID: `docker://${ghost.id}`,
		});
		await eventually(async () => (await site()).body.includes('content="Ghost 5'), BOOT);
		expect(await engineContainer(s.instance, 'nginx-ghost', 'nginx')).toEqual(nginx);
		expect((await inspectContainer(nginx.id)).State.StartedAt).toBe(nginxStarted);
		expect(await s.ok('logs', 'nginx-ghost', '-c', 'ghost', '--previous')).toContain('Ghost booted in');
		const story = await s.ok('describe', 'pod', 'nginx-ghost');
		expect(story).toMatch(/Last State: +Terminated\n +Reason: +Error\n +Exit Code: +137/);
		expect(story).toMatch(/Restart Count: +1/);
		expect(story).toMatch(
			/Started .*\(x2 over .*Started container ghost|(Started container ghost[\s\S]*){2}/,
		);
	});

	test('down leaves nothing of it', async () => {
		await s.ok('down', '-f', `${EXAMPLES}/nginx-ghost`);
		expect(await engineContainers(s.instance, 'nginx-ghost')).toEqual([]);
		await expect(site()).rejects.toThrow();
	});
});

describe('a WAR that an init container brings', () => {
	const s = scenario('war');

	test('Tomcat serves it', async () => {
		await s.ok('up', '-d', '-f', `${EXAMPLES}/tomcat-war`);
		const answer = await page('http://localhost:8001/sample/');
		expect(answer.status).toBe(200);
		expect(answer.body).toMatch(/sample/i);
		const pod = await s.pod('tomcat-war');
		expect(pod && statusOf(pod, 'war')).toMatchObject({
			restartCount: 0,
			state: { terminated: { reason: 'Completed', exitCode: 0 } },
		});
		const [war, tomcat] = pod ? [statusOf(pod, 'war'), statusOf(pod, 'tomcat')] : [];
		expect(
			seconds(war?.state?.terminated?.finishedAt, tomcat?.state?.running?.startedAt),
		).toBeGreaterThanOrEqual(0);
	});

	test('an init container that fails: Tomcat never starts, and up says why', async () => {
		const fails = pod('no-war', {
			restartPolicy: 'Never',
			initContainers: [sh('war', 'echo looking for the WAR; echo sample.war: not found >&2; exit 9')],
			containers: [{ name: 'tomcat', image: 'tomcat:10' }],
		});
		const ran = await s.podrun('up', '-d', '-f', s.manifest('no-war', fails));
		expect(ran.code).toBe(1);
		expect(ran.err).toMatch(/init container "war" failed with exit code 9/);
		expect(ran.err).toContain('looking for the WAR');
		expect(ran.err).toContain('sample.war: not found');
		const seen = await s.pod('no-war');
		expect(seen?.status?.phase).toBe('Failed');
		expect(seen && statusOf(seen, 'tomcat')).toMatchObject({
			restartCount: 0,
			state: { waiting: { reason: 'PodInitializing' } },
		});
		expect((await engineContainers(s.instance, 'no-war')).map((one) => one.container)).not.toContain(
			'tomcat',
		);
	});
});

afterAll(async () => {
	await expect(page('http://localhost:8001/sample/')).rejects.toThrow();
});
