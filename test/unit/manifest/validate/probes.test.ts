/** Probes and hooks: one action each, and numbers that make sense. */
import { describe, expect, test } from 'vitest';
import { faults, pod } from '../fixtures.ts';

const image = 'busybox:1.36';

const exec = { exec: { command: ['true'] } };

describe('probes', () => {
	const path = 'spec.containers[0].livenessProbe';
	test.each([
		[{ ...exec, successThreshold: 2 }, [`${path}.successThreshold: Invalid value: 2: must be 1`]],
		[
			{ ...exec, periodSeconds: -1 },
			[`${path}.periodSeconds: Invalid value: -1: must be greater than or equal to 0`],
		],
		[
			{ ...exec, tcpSocket: { port: 80 } },
			[`${path}.tcpSocket: Forbidden: may not specify more than 1 handler type`],
		],
		[{}, [`${path}: Required value: must specify a handler type`]],
		[{ exec: {} }, [`${path}.exec.command: Required value`]],
		[
			{ tcpSocket: { port: 70000 } },
			[`${path}.tcpSocket.port: Invalid value: 70000: must be between 1 and 65535, inclusive`],
		],
		[
			{ httpGet: { port: 80, scheme: 'FTP' } },
			[`${path}.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"`],
		],
		[{ httpGet: { port: 'web' } }, []],
		[{ grpc: { port: 0 } }, [`${path}.grpc.port: Invalid value: 0: must be between 1 and 65535, inclusive`]],
		[
			{ ...exec, terminationGracePeriodSeconds: 0 },
			[`${path}.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0`],
		],
	])('a liveness probe %j', (livenessProbe, expected) => {
		expect(faults(pod({ container: { livenessProbe } }))).toEqual(expected);
	});
	test('a readiness probe may need several successes, and has no grace period', () => {
		expect(faults(pod({ container: { readinessProbe: { ...exec, successThreshold: 3 } } }))).toEqual([]);
		expect(
			faults(pod({ container: { readinessProbe: { ...exec, terminationGracePeriodSeconds: 3 } } })),
		).toEqual([
			'spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 3: must not be set for readinessProbes',
		]);
	});
	test('a hook sleeps no longer than the grace period', () => {
		expect(faults(pod({ container: { lifecycle: { preStop: { sleep: { seconds: 31 } } } } }))).toEqual([
			'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
		]);
	});
	test('a stop signal needs to know the system', () => {
		const lifecycle = { stopSignal: 'SIGUSR1' };
		expect(faults(pod({ container: { lifecycle } }))).toEqual([
			'spec.containers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`',
		]);
		const containers = [{ name: 'main', image, lifecycle }];
		expect(faults(pod({ spec: { os: { name: 'linux' }, containers } }))).toEqual([]);
	});
});
