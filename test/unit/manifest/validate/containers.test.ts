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

describe('environment', () => {
	const env = (...variables: object[]): string[] => faults(pod({ container: { env: variables } }));
	const path = 'spec.containers[0].env[0]';
	test.each([
		[{ name: '' }, `${path}.name: Required value`],
		[
			{ name: 'A', valueFrom: {} },
			`${path}.valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\` or \`secretKeyRef\``,
		],
		[
			{ name: 'A', value: 'x', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
			`${path}.valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
		],
		[
			{
				name: 'A',
				valueFrom: { configMapKeyRef: { name: 'c', key: 'k' }, secretKeyRef: { name: 'c', key: 'k' } },
			},
			`${path}.valueFrom: Invalid value: "": may not have more than one field specified at a time`,
		],
		[
			{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c' } } },
			`${path}.valueFrom.configMapKeyRef.key: Required value`,
		],
		[
			{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nothing' } } },
			`${path}.valueFrom.fieldRef.fieldPath: Invalid value: "spec.nothing": error converting fieldPath: field label not supported: spec.nothing`,
		],
		[
			{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } },
			`${path}.valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
		],
		[
			{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '3Mi' } } },
			`${path}.valueFrom.resourceFieldRef.divisor: Invalid value: "limits.memory": only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource`,
		],
		[
			{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.disk' } } },
			`${path}.valueFrom.resourceFieldRef.resource: Unsupported value: "limits.disk": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"`,
		],
	])('%j', (variable, expected) => {
		expect(env(variable)).toEqual([expected]);
	});
	test.each(["metadata.labels['app']", "metadata.annotations['Example.com/x']", 'status.podIP'])(
		'fieldPath %s is known',
		(fieldPath) => {
			expect(env({ name: 'A', valueFrom: { fieldRef: { fieldPath } } })).toEqual([]);
		},
	);
	test('envFrom has one source', () => {
		const envFrom = [
			{ configMapRef: { name: 'm' }, secretRef: { name: 's' } },
			{},
			{ prefix: 'a=', secretRef: { name: 's' } },
		];
		const found = faults(pod({ container: { envFrom } }));
		expect(found.slice(0, 2)).toEqual([
			'spec.containers[0].envFrom[0]: Invalid value: "": may not have more than one field specified at a time',
			'spec.containers[0].envFrom[1]: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
		]);
		expect(found[2]).toContain('spec.containers[0].envFrom[2].prefix: Invalid value: "a="');
	});
});

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

describe('mounts', () => {
	const mounts = (...volumeMounts: object[]): string[] =>
		faults(
			pod({
				spec: { volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'main', image, volumeMounts }] },
			}),
		);
	const path = 'spec.containers[0].volumeMounts[0]';
	test.each([
		[{ name: 'nosuch', mountPath: '/v' }, [`${path}.name: Not found: "nosuch"`]],
		[{ name: 'v' }, [`${path}.mountPath: Required value`]],
		[
			{ name: 'v', mountPath: '/v', subPath: 'x/../../y' },
			[`${path}.subPath: Invalid value: "x/../../y": must not contain '..'`],
		],
		[
			{ name: 'v', mountPath: '/v', subPath: '/x' },
			[`${path}.subPath: Invalid value: "/x": must be a relative path`],
		],
		[
			{ name: 'v', mountPath: '/v', subPath: 'x', subPathExpr: 'y' },
			[`${path}.subPathExpr: Invalid value: "y": subPathExpr and subPath are mutually exclusive`],
		],
		[
			{ name: 'v', mountPath: '/v', mountPropagation: 'Bidirectional' },
			[
				`${path}.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`,
			],
		],
		[
			{ name: 'v', mountPath: '/v', recursiveReadOnly: 'Enabled' },
			[`${path}.recursiveReadOnly: Forbidden: may only be specified when readOnly is true`],
		],
		[{ name: 'v', mountPath: 'relative' }, []],
	])('%j', (mount, expected) => {
		expect(mounts(mount)).toEqual(expected);
	});
	test('each path is used once', () => {
		expect(mounts({ name: 'v', mountPath: '/v' }, { name: 'v', mountPath: '/v' })).toEqual([
			'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/v": must be unique',
		]);
	});
});

describe('resources', () => {
	const resources = (value: object, spec: object = {}): string[] =>
		faults(pod({ spec: { containers: [{ name: 'main', image, resources: value }], ...spec } }));
	const path = 'spec.containers[0].resources';
	test.each([
		[
			{ limits: { memory: '64MB' } },
			`${path}.limits[memory]: Invalid value: "64MB": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
		],
		[
			{ limits: { memory: '-1' } },
			`${path}.limits[memory]: Invalid value: "-1": must be greater than or equal to 0`,
		],
		[
			{ limits: { cpu: '1' }, requests: { cpu: '2' } },
			`${path}.requests[cpu]: Invalid value: "2": must be less than or equal to cpu limit of 1`,
		],
		[
			{ limits: { disk: '1' } },
			`${path}.limits[disk]: Invalid value: "disk": must be a standard resource for containers`,
		],
		[
			{ requests: { 'example.com/gpu': '1' } },
			`${path}.limits: Required value: Limit must be set for non overcommitable resources`,
		],
		[{ limits: { 'hugepages-2Mi': '2Mi' } }, `${path}: Forbidden: HugePages require cpu or memory`],
	])('%j', (value, expected) => {
		expect(resources(value)).toContain(expected);
	});
	test('of the whole Pod hold those of its containers', () => {
		const limits = { memory: '64Mi' };
		expect(resources({ limits }, { resources: { limits: { memory: '32Mi' } } })).toEqual([
			'spec.resources.requests[memory]: Invalid value: "32Mi": must be greater than or equal to aggregate container requests of 64Mi',
			'spec.containers[0].resources.limits[memory]: Invalid value: "64Mi": must be less than or equal to pod limits of 32Mi',
		]);
		expect(resources({ limits }, { resources: { limits: { memory: '128Mi' } } })).toEqual([]);
	});
});

describe('security contexts', () => {
	const path = 'spec.containers[0].securityContext';
	test.each([
		[
			{ runAsUser: -1 },
			[`${path}.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`],
		],
		[
			{ procMount: 'Unmasked' },
			[`${path}.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``],
		],
		[
			{ seccompProfile: { type: 'Localhost' } },
			[`${path}.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost`],
		],
		[
			{ seccompProfile: {} },
			[`${path}.seccompProfile.type: Required value: type is required when seccompProfile is set`],
		],
		[
			{ appArmorProfile: { type: 'Own' } },
			[
				`${path}.appArmorProfile.type: Unsupported value: "Own": supported values: "Localhost", "RuntimeDefault", "Unconfined"`,
			],
		],
		[
			{ allowPrivilegeEscalation: false, privileged: true },
			[
				`${path}.allowPrivilegeEscalation: Invalid value: false: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
			],
		],
		[
			{ allowPrivilegeEscalation: false, capabilities: { add: ['CAP_SYS_ADMIN'] } },
			[
				`${path}.allowPrivilegeEscalation: Invalid value: false: cannot set \`allowPrivilegeEscalation\` to false and \`capabilities.Add\` CAP_SYS_ADMIN`,
			],
		],
	])('%j', (securityContext, expected) => {
		expect(faults(pod({ container: { securityContext } }))).toEqual(expected);
	});
});
