/** Each kind of probe on a real server, on the direct way and on the way through the infra container. */
import { describe, expect, test } from 'vitest';
import type { Container, Pod, Probe } from '../../src/api/types.ts';
import { eventually } from '../support/eventually.ts';
import { holds, pod, server, sh, statusOf } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';

/** An HTTP server on this port whose pages are the files of /www. */
const httpd = (name: string, port: number, more: Partial<Container> = {}) =>
	sh(name, `mkdir -p /www; echo ok > /www/index.html; exec httpd -f -p ${port} -h /www`, more);

/**
 * grpc.health.v1 on node's own http2: SERVING while /tmp/serving is there, NOT_SERVING without it. Any image with a
 * node will do; Ghost's is at hand.
 */
const health = (name: string, port: number, more: Partial<Container> = {}): Container => ({
	name,
	image: 'ghost:5',
	command: [
		'node',
		'-e',
		`const { existsSync } = require('node:fs');
		const server = require('node:http2').createServer();
		server.on('stream', (stream) => {
			stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
			stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
			stream.end(Buffer.from([0, 0, 0, 0, 2, 8, existsSync('/tmp/serving') ? 1 : 2]));
		});
		server.listen(${port});`,
	],
	...more,
});

const every: Probe = { periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 2 };

describe.concurrent.each(['direct', 'infra'])('PODRUN_REACH=%s', (reach) => {
	const s = scenario(`probe-${reach}`, { PODRUN_REACH: reach, PODRUN_MAX_RESTART_BACKOFF: '1s' });

	test('readiness by exec, httpGet and tcpSocket follows what the server does', async () => {
		await s.apply(
			pod('ready', {
				containers: [
					server('exec', { readinessProbe: { ...every, exec: { command: ['test', '-e', '/tmp/ready'] } } }),
					httpd('http', 8080, {
						ports: [{ name: 'web', containerPort: 8080 }],
						readinessProbe: { ...every, httpGet: { path: '/ready', port: 'web' } },
					}),
					sh('tcp', 'until test -e /tmp/go; do sleep 0.2; done; exec httpd -f -p 8081 -h /tmp', {
						readinessProbe: { ...every, tcpSocket: { port: 8081 } },
					}),
				],
			}),
		);
		await s.until('ready', ({ status }) => status?.phase === 'Running');
		await eventually(async () => {
			const said = (await s.events('ready')).filter(({ reason }) => reason === 'Unhealthy');
			return ['exec', 'http', 'tcp'].every((name) =>
				said.some(({ involvedObject }) => involvedObject.fieldPath === `spec.containers{${name}}`),
			);
		});
		const unready = await s.pod('ready');
		expect(unready?.status?.containerStatuses?.map(({ ready }) => ready)).toEqual([false, false, false]);
		expect(unready && holds(unready, 'Ready')).toBe(false);

		await s.ok('exec', 'ready', '-c', 'exec', '--', 'touch', '/tmp/ready');
		await s.ok('exec', 'ready', '-c', 'http', '--', 'touch', '/www/ready');
		await s.ok('exec', 'ready', '-c', 'tcp', '--', 'touch', '/tmp/go');
		await s.until('ready', (pod) => holds(pod, 'Ready'));

		await s.ok('exec', 'ready', '-c', 'http', '--', 'rm', '/www/ready');
		const again = await s.until('ready', (pod) => !statusOf(pod, 'http').ready);
		expect(statusOf(again, 'exec').ready).toBe(true);
		expect(holds(again, 'Ready')).toBe(false);
		expect(statusOf(again, 'http').restartCount).toBe(0);
		const messages = (await s.events('ready')).map(({ message }) => message ?? '');
		expect(messages).toContain('Readiness probe failed: HTTP probe failed with statuscode: 404');
		expect(
			messages.some((text) =>
				/^Readiness probe failed: dial tcp .*:8081: connect: connection refused/.test(text),
			),
		).toBe(true);
	});

	test('a grpc health service is asked in its own tongue', async () => {
		const readinessProbe = { ...every, grpc: { port: 9000 } };
		await s.apply(pod('rpc', { containers: [health('grpc', 9000, { readinessProbe })] }));
		await eventually(async () => {
			const messages = (await s.events('rpc')).map(({ message }) => message ?? '');
			return messages.some((text) => text.includes('service unhealthy (responded with "NOT_SERVING")'));
		});
		expect(holds((await s.pod('rpc')) as Pod, 'Ready')).toBe(false);
		await s.ok('exec', 'rpc', '--', 'touch', '/tmp/serving');
		await s.until('rpc', (pod) => holds(pod, 'Ready'));
	});

	test('liveness restarts its container alone; startup holds it back', async () => {
		await s.apply(
			pod('alive', {
				containers: [
					httpd('http', 8080, { livenessProbe: { ...every, httpGet: { port: 8080, path: '/index.html' } } }),
					sh('exec', 'sleep 2; touch /tmp/up; sleep 3600', {
						startupProbe: { ...every, failureThreshold: 60, exec: { command: ['test', '-e', '/tmp/up'] } },
						livenessProbe: { ...every, exec: { command: ['test', '-e', '/tmp/up'] } },
					}),
				],
			}),
		);
		const up = await s.until('alive', (pod) => holds(pod, 'Ready'));
		expect(up.status?.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0, 0]);
		await s.ok('exec', 'alive', '-c', 'http', '--', 'rm', '/www/index.html');
		const mended = await s.until(
			'alive',
			(pod) => statusOf(pod, 'http').restartCount === 1 && statusOf(pod, 'http').ready,
		);
		expect(statusOf(mended, 'exec').restartCount).toBe(0);
		expect(mended.status?.podIP).toBe(up.status?.podIP);
		const messages = (await s.events('alive')).map(({ message }) => message);
		expect(messages).toContain('Container http failed liveness probe, will be restarted');
	});
});
