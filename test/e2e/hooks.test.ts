/** Hooks, kinds of restart that a pod spec asks for, and containers that join a pod that runs. */
import { describe, expect, test } from 'vitest';
import { engineContainers } from '../support/checks.ts';
import { eventually } from '../support/eventually.ts';
import { holds, pod, server, sh, statusOf } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';

describe.concurrent('hooks and rules', () => {
	const s = scenario('hooks', { PODRUN_MAX_RESTART_BACKOFF: '1s' });

	test('postStart comes with the start, preStop by httpGet comes before the end', async () => {
		const listens = sh(
			'web',
			'mkdir /www; touch /www/started /www/stopping; exec httpd -f -vv -p 8080 -h /www',
		);
		const hooked = server('main', {
			lifecycle: {
				postStart: {
					exec: { command: ['sh', '-c', 'until wget -qO- 127.0.0.1:8080/started; do sleep 0.1; done'] },
				},
				preStop: { httpGet: { port: 8080, path: '/stopping' } },
			},
		});
		await s.apply(pod('http', { terminationGracePeriodSeconds: 20, containers: [listens, hooked] }));
		await s.until('http', (pod) => holds(pod, 'Ready'));
		expect(await s.ok('logs', 'http', '-c', 'web')).toContain('url:/started');
		// The container alone is ended, so that the neighbour is there to be asked.
		await s.ok('restart', 'http', '-c', 'main');
		await s.until('http', (pod) => statusOf(pod, 'main').restartCount === 1 && holds(pod, 'Ready'));
		expect(await s.ok('logs', 'http', '-c', 'web')).toContain('url:/stopping');
	});

	test('restart rules of a container hold in a pod that never restarts', async () => {
		const rules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }];
		const counts = sh('main', 'echo x >> /d/n; test $(wc -l < /d/n) -gt 2 && exit 1; exit 42', {
			restartPolicy: 'Never',
			restartPolicyRules: rules,
			volumeMounts: [{ name: 'd', mountPath: '/d' }],
		});
		await s.apply(
			pod('rules', { restartPolicy: 'Never', containers: [counts], volumes: [{ name: 'd', emptyDir: {} }] }),
		);
		const seen = await s.until('rules', ({ status }) => status?.phase === 'Failed');
		expect(statusOf(seen, 'main')).toMatchObject({
			restartCount: 2,
			state: { terminated: { exitCode: 1 } },
			lastState: { terminated: { exitCode: 42 } },
		});
	});

	test('deleting a pod whose image never comes, or whose init container hangs, leaves nothing', async () => {
		await s.apply(
			pod('pulling', { containers: [{ name: 'a', image: '127.0.0.1:9/absent:1' }] }),
			pod('hanging', { initContainers: [server('first')], containers: [server('main')] }),
		);
		await s.until('pulling', (pod) => statusOf(pod, 'a').state?.waiting !== undefined);
		await s.until('hanging', (pod) => statusOf(pod, 'first').state?.running !== undefined);
		expect(await s.ok('get', 'pod', 'hanging', '--no-headers')).toMatch(/Init:0\/1/);
		await s.ok('delete', 'pod', 'pulling', 'hanging');
		for (const name of ['pulling', 'hanging']) {
			expect(await s.pod(name)).toBeUndefined();
			expect(await engineContainers(s.instance, name)).toEqual([]);
		}
	});

	test('a sidecar that crashes is restarted alone, and a finished pod ends its sidecars', async () => {
		await s.apply(
			pod('sidecar', {
				restartPolicy: 'Never',
				initContainers: [
					{
						...sh('side', 'test -e /d/once || { touch /d/once; exit 3; }; exec sleep 3600', {
							volumeMounts: [{ name: 'd', mountPath: '/d' }],
						}),
						restartPolicy: 'Always',
					},
				],
				containers: [
					sh('main', 'until test -e /d/go; do sleep 0.2; done', {
						volumeMounts: [{ name: 'd', mountPath: '/d' }],
					}),
				],
				volumes: [{ name: 'd', emptyDir: {} }],
			}),
		);
		const mended = await s.until(
			'sidecar',
			(pod) => statusOf(pod, 'side').restartCount === 1 && holds(pod, 'Ready'),
		);
		expect(statusOf(mended, 'main').restartCount).toBe(0);
		await s.ok('exec', 'sidecar', '-c', 'main', '--', 'touch', '/d/go');
		const done = await s.until('sidecar', ({ status }) => status?.phase === 'Succeeded');
		expect(statusOf(done, 'side').state?.terminated).toBeDefined();
		await eventually(async () =>
			(await engineContainers(s.instance, 'sidecar')).every(({ running }) => !running),
		);
	});
});
