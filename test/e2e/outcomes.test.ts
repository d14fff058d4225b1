/** How containers end or can't even start, in the kubelet's words. */
import { describe, expect, test } from 'vitest';
import { engineContainers } from '../support/checks.ts';
import { pod, server, sh, statusOf } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';

describe.concurrent('outcomes', () => {
	const s = scenario('outcomes', { PODRUN_MAX_RESTART_BACKOFF: '1s' });

	test('memory over the limit: OOMKilled, 137', async () => {
		const glutton = sh('main', 'exec dd if=/dev/zero of=/dev/null bs=200M count=5', {
			resources: { limits: { memory: '32Mi' } },
		});
		await s.apply(pod('oom', { restartPolicy: 'Never', containers: [glutton] }));
		const seen = await s.until('oom', ({ status }) => status?.phase === 'Failed');
		expect(statusOf(seen, 'main').state?.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
		expect(seen.status?.qosClass).toBe('Burstable');
		expect(await s.ok('get', 'pod', 'oom', '--no-headers')).toContain('OOMKilled');
	});

	test('termination messages: the file, a path of its own, the log when there is none', async () => {
		const last = (name: string, script: string, more = {}) => sh(name, script, more);
		await s.apply(
			pod('messages', {
				restartPolicy: 'Never',
				containers: [
					last('file', 'printf bye > /dev/termination-log'),
					last('path', 'printf there > /tmp/why; exit 1', { terminationMessagePath: '/tmp/why' }),
					last('log', 'echo one; echo two; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' }),
				],
			}),
		);
		const seen = await s.until('messages', ({ status }) => status?.phase === 'Failed');
		const message = (name: string) => statusOf(seen, name).state?.terminated?.message;
		expect(message('file')).toBe('bye');
		expect(message('path')).toBe('there');
		expect(message('log')).toBe('one\ntwo\n');
	});

	test('an image that no registry has: ErrImagePull, then ImagePullBackOff; the other container runs', async () => {
		const absent = { name: 'absent', image: '127.0.0.1:9/absent:1' };
		await s.apply(pod('pull', { containers: [absent, server('good')] }));
		const seen = await s.until(
			'pull',
			(pod) =>
				statusOf(pod, 'absent').state?.waiting?.reason === 'ImagePullBackOff' &&
				statusOf(pod, 'good').state?.running !== undefined,
		);
		expect(statusOf(seen, 'absent').state?.waiting?.message).toMatch(
			/^Back-off pulling image "127\.0\.0\.1:9\/absent:1"/,
		);
		expect(seen.status?.phase).toBe('Pending');
		const events = await s.events('pull');
		expect(events.map(({ message }) => message)).toContain('Error: ErrImagePull');
		expect(
			events.some(({ message }) => /^Failed to pull image .*connection refused/.test(message ?? '')),
		).toBe(true);
	});

	test('an image that is never pulled, and a name that is none', async () => {
		await s.apply(
			pod('names', {
				containers: [
					{ name: 'never', image: 'absent.example/x:1', imagePullPolicy: 'Never' },
					{ name: 'invalid', image: 'not/Lower:1' },
				],
			}),
		);
		const reason = (name: string) => (seen: Parameters<typeof statusOf>[0]) =>
			statusOf(seen, name).state?.waiting?.reason;
		await s.until('names', (seen) => reason('never')(seen) === 'ErrImageNeverPull');
		await s.until('names', (seen) => reason('invalid')(seen) === 'InvalidImageName');
	});

	test('a config that is missing waits; when it comes, the container starts', async () => {
		const needs = server('main', {
			env: [{ name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'late', key: 'colour' } } }],
		});
		await s.apply(pod('config', { containers: [needs] }));
		const waiting = await s.until(
			'config',
			(pod) => statusOf(pod, 'main').state?.waiting?.reason === 'CreateContainerConfigError',
		);
		expect(statusOf(waiting, 'main').state?.waiting?.message).toBe('configmap "late" not found');
		await s.apply({
			apiVersion: 'v1',
			kind: 'ConfigMap',
			metadata: { name: 'late' },
			data: { colour: 'red' },
		} as {
			metadata: { name: string };
		});
		await s.until('config', (pod) => statusOf(pod, 'main').ready);
		expect(await s.ok('exec', 'config', '--', 'printenv', 'COLOUR')).toBe('red\n');
	});

	test('a command that is not in the image', async () => {
		await s.apply(
			pod('nocommand', {
				restartPolicy: 'Never',
				containers: [{ name: 'main', image: 'busybox:1.36', command: ['/no/such'] }],
			}),
		);
		const seen = await s.until('nocommand', ({ status }) => status?.phase === 'Failed');
		expect(statusOf(seen, 'main').state?.terminated).toMatchObject({
			reason: expect.stringMatching(/^(ContainerCannotRun|StartError)$/),
			exitCode: expect.any(Number),
		});
		expect(await engineContainers(s.instance, 'nocommand')).not.toEqual([]);
	});
});
