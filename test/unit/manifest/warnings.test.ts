/** What is accepted and hardly meant, and what a cluster would treat differently, must be said with its line. */
import { describe, expect, test } from 'vitest';
import { loadText } from '../../../src/manifest/load.ts';
import { pod } from './fixtures.ts';

const warnings = (object: object, portability = false): string[] =>
	loadText(JSON.stringify(object), 'f', { profile: 'local', portability }).diagnostics.map(
		({ severity, message }) => `${severity} ${message}`,
	);

test('a plain Pod gives no warning', () => {
	expect(warnings(pod())).toEqual([]);
	expect(warnings(pod(), true)).toEqual([]);
});

test.each([
	[
		{
			env: [
				{ name: 'A', value: '1' },
				{ name: 'A', value: '2' },
			],
		},
		'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
	],
	[
		{
			env: [
				{ name: 'A', value: '1' },
				{ name: 'A', value: '$(A)2' },
			],
		},
		undefined,
	],
	[
		{ ports: [{ containerPort: 80 }, { containerPort: 80 }] },
		'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
	],
	[
		{ resources: { limits: { memory: '100m' } } },
		'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
	],
	[
		{ readinessProbe: { httpGet: { port: 'web' } } },
		'spec.containers[0].readinessProbe.httpGet.port: the container has no port named "web": the probe will fail',
	],
	[{ readinessProbe: { httpGet: { port: 'web' } }, ports: [{ name: 'web', containerPort: 80 }] }, undefined],
])('a container with %j', (container, expected) => {
	expect(warnings(pod({ container }))).toEqual(expected ? [`warning ${expected}`] : []);
});

test('a negative grace period and double names are pointed out', () => {
	const spec = { terminationGracePeriodSeconds: -1, imagePullSecrets: [{ name: 'a' }, { name: 'a' }] };
	expect(warnings(pod({ spec }))).toEqual([
		'warning spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
		'warning spec.imagePullSecrets[1].name: duplicate name "a"',
	]);
});

describe('where a cluster differs', () => {
	const notes = (parts: Parameters<typeof pod>[0]): string => warnings(pod(parts), true).join('\n');
	test('an unset shareProcessNamespace matters for more than one container', () => {
		const containers = [
			{ name: 'a', image: 'busybox:1.36' },
			{ name: 'b', image: 'busybox:1.36' },
		];
		expect(notes({ spec: { containers } })).toContain('spec.shareProcessNamespace: is not set');
		expect(notes({ spec: { containers, shareProcessNamespace: false } })).toBe('');
	});
	test('latest without a pull policy is pulled at every start', () => {
		expect(notes({ container: { image: 'busybox' } })).toContain(
			'spec.containers[0].image: busybox is latest and has no imagePullPolicy',
		);
		expect(notes({ container: { image: 'busybox', imagePullPolicy: 'IfNotPresent' } })).toBe('');
	});
	test('builds and paths of the host are of this machine', () => {
		expect(notes({ metadata: { annotations: { 'podrun.dev/build': '[]' } } })).toContain(
			'only podrun acts on this annotation',
		);
		expect(notes({ spec: { volumes: [{ name: 'a', hostPath: { path: '/x' } }] } })).toContain(
			'a path of whichever node',
		);
	});
});
