/** Defaults must be those that the API server fills in. */
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/api/types.ts';
import { applyDefaults } from '../../../src/manifest/defaults.ts';
import { decoded, pod } from './fixtures.ts';

const defaulted = (object: object): KubeObject => applyDefaults(decoded(object));

test('a Pod of two lines becomes a whole one', () => {
	expect(defaulted(pod()).spec).toEqual({
		containers: [
			{
				name: 'main',
				image: 'busybox:1.36',
				imagePullPolicy: 'IfNotPresent',
				resources: {},
				terminationMessagePath: '/dev/termination-log',
				terminationMessagePolicy: 'File',
			},
		],
		dnsPolicy: 'ClusterFirst',
		enableServiceLinks: true,
		preemptionPolicy: 'PreemptLowerPriority',
		priority: 0,
		restartPolicy: 'Always',
		schedulerName: 'default-scheduler',
		securityContext: {},
		serviceAccount: 'default',
		serviceAccountName: 'default',
		terminationGracePeriodSeconds: 30,
	});
});

test('the object that is given stays as it is, and a second time changes nothing', () => {
	const given = decoded(pod({ container: { livenessProbe: { httpGet: { port: 80 } } } }));
	const before = structuredClone(given);
	const once = applyDefaults(given);
	expect(given).toEqual(before);
	expect(applyDefaults(once)).toEqual(once);
});

describe('the pull policy follows the tag', () => {
	test.each([
		['busybox', 'Always'],
		['busybox:latest', 'Always'],
		['busybox:1.36', 'IfNotPresent'],
		['localhost:5000/a/b', 'Always'],
		['localhost:5000/a/b:1', 'IfNotPresent'],
		[`busybox@sha256:${'a'.repeat(64)}`, 'IfNotPresent'],
	])('%s: %s', (image, policy) => {
		expect(defaulted(pod({ container: { image } })).spec).toMatchObject({
			containers: [{ imagePullPolicy: policy }],
		});
	});
});

test('probes, hooks and ports', () => {
	const container = {
		ports: [{ containerPort: 80 }],
		livenessProbe: { httpGet: { port: 80 }, periodSeconds: 0 },
		readinessProbe: { grpc: { port: 1 }, failureThreshold: 5 },
		lifecycle: { postStart: { httpGet: { port: 80 } } },
	};
	expect(defaulted(pod({ container })).spec).toMatchObject({
		containers: [
			{
				ports: [{ containerPort: 80, protocol: 'TCP' }],
				livenessProbe: {
					httpGet: { port: 80, path: '/', scheme: 'HTTP' },
					timeoutSeconds: 1,
					periodSeconds: 10,
					successThreshold: 1,
					failureThreshold: 3,
				},
				readinessProbe: { grpc: { port: 1, service: '' }, failureThreshold: 5 },
				lifecycle: { postStart: { httpGet: { port: 80, path: '/', scheme: 'HTTP' } } },
			},
		],
	});
});

test('a limit without a request is requested too', () => {
	const resources = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } };
	expect(defaulted(pod({ container: { resources } })).spec).toMatchObject({
		containers: [{ resources: { requests: { cpu: '500m', memory: '1Gi' } } }],
	});
});

test('a pod with limits of its own requests the sum of its containers, and else its limits', () => {
	const of = (cpu: string) => ({ resources: { requests: { cpu } } });
	const spec = {
		resources: { limits: { cpu: '2', memory: '64Mi' } },
		containers: [
			{ name: 'a', image: 'b:1', ...of('300m') },
			{ name: 'b', image: 'b:1', ...of('700m') },
		],
		initContainers: [{ name: 'c', image: 'b:1', restartPolicy: 'Always', ...of('250m') }],
	};
	expect(defaulted(pod({ spec })).spec).toMatchObject({
		resources: { requests: { cpu: '1250m', memory: '64Mi' } },
	});
	const unlimited = { ...spec, resources: { requests: { memory: '1Mi' } } };
	expect(defaulted(pod({ spec: unlimited })).spec).toMatchObject({
		resources: { requests: { memory: '1Mi' } },
	});
});

test('on the network of the host a port is the port of the host', () => {
	const spec = {
		hostNetwork: true,
		containers: [{ name: 'a', image: 'b:1', ports: [{ containerPort: 80 }] }],
	};
	expect(defaulted(pod({ spec })).spec).toMatchObject({ containers: [{ ports: [{ hostPort: 80 }] }] });
});

test('volumes', () => {
	const volumes = [
		{ name: 'a' },
		{ name: 'b', hostPath: { path: '/x' } },
		{ name: 'c', configMap: { name: 'c' } },
		{ name: 'd', secret: { secretName: 's', defaultMode: 0o400 } },
		{
			name: 'e',
			projected: {
				sources: [{ downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: 'metadata.name' } }] } }],
			},
		},
		{ name: 'f', image: { reference: 'a:1' } },
	];
	expect(defaulted(pod({ spec: { volumes } })).spec).toMatchObject({
		volumes: [
			{ emptyDir: {} },
			{ hostPath: { type: '' } },
			{ configMap: { defaultMode: 0o644 } },
			{ secret: { defaultMode: 0o400 } },
			{
				projected: {
					defaultMode: 0o644,
					sources: [{ downwardAPI: { items: [{ fieldRef: { apiVersion: 'v1' } }] } }],
				},
			},
			{ image: { pullPolicy: 'IfNotPresent' } },
		],
	});
});

test('the stringData of a Secret is merged into its data, and wins', () => {
	const secret = {
		apiVersion: 'v1',
		kind: 'Secret',
		metadata: { name: 's' },
		data: { a: 'eA==', b: 'eA==' },
		stringData: { b: 'ü' },
	};
	expect(defaulted(secret)).toEqual({
		apiVersion: 'v1',
		kind: 'Secret',
		metadata: { name: 's' },
		type: 'Opaque',
		data: { a: 'eA==', b: 'w7w=' },
	});
});

test('claims and namespaces', () => {
	expect(
		defaulted({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c' } }),
	).toMatchObject({
		spec: { volumeMode: 'Filesystem' },
		status: { phase: 'Pending' },
	});
	expect(defaulted({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } })).toMatchObject({
		metadata: { labels: { 'kubernetes.io/metadata.name': 'n' } },
		status: { phase: 'Active' },
	});
});
