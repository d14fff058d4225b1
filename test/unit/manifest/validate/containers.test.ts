/** Containers must keep the rules of the API server, each fault at its path and in its words. */
import { describe, expect, test } from 'vitest';
import { faults, pod } from '../fixtures.ts';

const image = 'busybox:1.36';

const exec = { exec: { command: ['true'] } };

test('a plain Pod has no faults', () => {
	expect(faults(pod())).toEqual([]);
	expect(faults(pod(), 'local')).toEqual([]);
});

test('there must be containers', () => {
	expect(faults(pod({ spec: { containers: [] } }))).toEqual(['spec.containers: Required value']);
	expect(faults({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } })).toEqual([
		'spec.containers: Required value',
	]);
	expect(
		faults({
			apiVersion: 'v1',
			kind: 'Pod',
			metadata: { name: 'p' },
			spec: { initContainers: [{ name: 'i', image }] },
		}),
	).toEqual(['spec.containers: Required value']);
});

test.each([
	[{ name: '' }, ['spec.containers[0].name: Required value']],
	[{ image: '' }, ['spec.containers[0].image: Required value']],
	[
		{ image: ' busybox' },
		['spec.containers[0].image: Invalid value: " busybox": must not have leading or trailing whitespace'],
	],
	[
		{ imagePullPolicy: 'IfPresent' },
		[
			'spec.containers[0].imagePullPolicy: Unsupported value: "IfPresent": supported values: "Always", "IfNotPresent", "Never"',
		],
	],
	[
		{ terminationMessagePolicy: 'Maybe' },
		[
			'spec.containers[0].terminationMessagePolicy: Unsupported value: "Maybe": supported values: "File", "FallbackToLogsOnError"',
		],
	],
	[{ ports: [{}] }, ['spec.containers[0].ports[0].containerPort: Required value']],
	[
		{ ports: [{ containerPort: 70000 }] },
		[
			'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
		],
	],
	[
		{ ports: [{ containerPort: 80, hostPort: -1 }] },
		['spec.containers[0].ports[0].hostPort: Invalid value: -1: must be between 1 and 65535, inclusive'],
	],
	[
		{ ports: [{ containerPort: 80, protocol: 'HTTP' }] },
		[
			'spec.containers[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
		],
	],
	[
		{
			ports: [
				{ containerPort: 80, name: 'web' },
				{ containerPort: 81, name: 'web' },
			],
		},
		['spec.containers[0].ports[1].name: Duplicate value: "web"'],
	],
	[
		{
			ports: [
				{ containerPort: 80, hostPort: 80 },
				{ containerPort: 81, hostPort: 80 },
			],
		},
		['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
	],
	[
		{
			ports: [
				{ containerPort: 80, hostPort: 80 },
				{ containerPort: 81, hostPort: 80, protocol: 'UDP' },
			],
		},
		[],
	],
	[
		{ restartPolicy: 'Sometimes' },
		[
			'spec.containers[0].restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
		],
	],
	[
		{ restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }] },
		[
			'spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used',
		],
	],
	[
		{
			restartPolicy: 'Never',
			restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
		},
		[],
	],
	[
		{
			restartPolicy: 'Never',
			restartPolicyRules: [{ action: 'Jump', exitCodes: { operator: 'Is', values: [] } }],
		},
		[
			'spec.containers[0].restartPolicyRules[0].action: Unsupported value: "Jump": supported values: "Restart", "RestartAllContainers"',
			'spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"',
			'spec.containers[0].restartPolicyRules[0].exitCodes.values: Required value: must specify at least one exit code',
		],
	],
])('a container with %j', (container, expected) => {
	expect(faults(pod({ container }))).toEqual(expected);
});

describe('names of containers are used once', () => {
	test('in every list', () => {
		const containers = [
			{ name: 'a', image },
			{ name: 'a', image },
		];
		const initContainers = [{ name: 'a', image }];
		expect(faults(pod({ spec: { containers, initContainers } }))).toEqual([
			'spec.containers[1].name: Duplicate value: "a"',
			'spec.initContainers[0].name: Duplicate value: "a"',
		]);
	});
});

describe('init containers', () => {
	const path = 'spec.initContainers[0]';
	const init = (parts: object): string[] =>
		faults(pod({ spec: { initContainers: [{ name: 'i', image, ...parts }] } }));
	test('have no probes and no hooks', () => {
		const why = 'Forbidden: may not be set for init containers without restartPolicy=Always';
		expect(
			init({ livenessProbe: exec, readinessProbe: exec, startupProbe: exec, lifecycle: { preStop: exec } }),
		).toEqual([
			`${path}.lifecycle: ${why}`,
			`${path}.livenessProbe: ${why}`,
			`${path}.readinessProbe: ${why}`,
			`${path}.startupProbe: ${why}`,
		]);
	});
	test('may have them as sidecars', () => {
		expect(init({ restartPolicy: 'Always', startupProbe: exec, lifecycle: { preStop: exec } })).toEqual([]);
	});
	test('may use the host port of an app container', () => {
		const ports = [{ containerPort: 80, hostPort: 80 }];
		const initContainers = [{ name: 'i', image, ports }];
		expect(
			faults(
				pod({ container: { ports }, spec: { initContainers, containers: [{ name: 'main', image, ports }] } }),
			),
		).toEqual([]);
	});
});

test('ephemeral containers come later, and are for debugging only', () => {
	const ephemeralContainers = [
		{
			name: 'debug',
			image,
			ports: [{ containerPort: 1 }],
			livenessProbe: exec,
			targetContainerName: 'nobody',
		},
	];
	expect(faults(pod({ spec: { ephemeralContainers } }))).toContain(
		'spec.ephemeralContainers: Forbidden: cannot be set on create',
	);
	const living = pod({ metadata: { uid: 'u' }, spec: { ephemeralContainers } });
	expect(faults(living)).toEqual([
		'spec.ephemeralContainers[0].targetContainerName: Not found: "nobody"',
		'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
		'spec.ephemeralContainers[0].livenessProbe: Forbidden: cannot be set for an Ephemeral Container',
	]);
});
