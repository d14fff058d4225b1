/** The spec of a Pod must keep the rules of the API server, each fault at its path and in its words. */
import { describe, expect, test } from 'vitest';
import { faults, pod } from '../fixtures.ts';

const one = (spec: object): string[] => faults(pod({ spec }));

test.each([
	[
		{ restartPolicy: 'Sometimes' },
		'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
	],
	[
		{ activeDeadlineSeconds: 0 },
		'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
	],
	[
		{ dnsPolicy: 'Nowhere' },
		'spec.dnsPolicy: Unsupported value: "Nowhere": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
	],
	[
		{ dnsPolicy: 'None' },
		'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None',
	],
	[
		{ dnsPolicy: 'None', dnsConfig: {} },
		'spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None',
	],
	[
		{ dnsConfig: { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'] } },
		'must not have more than 3 nameservers',
	],
	[
		{ dnsConfig: { options: [{ value: '1' }] } },
		'spec.dnsConfig.options[0]: Required value: must not be empty',
	],
	[{ dnsConfig: { searches: ['a b'] } }, 'spec.dnsConfig.searches[0]: Invalid value: "a b"'],
	[{ hostname: 'Bad_Host' }, 'spec.hostname: Invalid value: "Bad_Host": a lowercase RFC 1123 label'],
	[{ subdomain: 'a.b' }, 'spec.subdomain: Invalid value: "a.b"'],
	[
		{ hostNetwork: true, hostnameOverride: 'a.b' },
		'spec.hostnameOverride: Forbidden: may not be set when `hostNetwork` is true',
	],
	[
		{ hostAliases: [{ ip: '10.0.0.1', hostnames: ['under_score'] }] },
		'spec.hostAliases[0].hostnames[0]: Invalid value: "under_score"',
	],
	[
		{ hostAliases: [{ ip: 'here' }] },
		'spec.hostAliases[0].ip: Invalid value: "here": must be a valid IP address',
	],
	[
		{ shareProcessNamespace: true, hostPID: true },
		'ShareProcessNamespace and HostPID cannot both be enabled',
	],
	[
		{ hostUsers: false, hostNetwork: true },
		'spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false',
	],
	[
		{ securityContext: { fsGroupChangePolicy: 'Never' } },
		'spec.securityContext.fsGroupChangePolicy: Unsupported value: "Never": supported values: "Always", "OnRootMismatch"',
	],
	[
		{ securityContext: { supplementalGroups: [-5] } },
		'spec.securityContext.supplementalGroups[0]: Invalid value: -5: must be between 0 and 2147483647, inclusive',
	],
	[
		{ securityContext: { sysctls: [{ name: 'foo-', value: '1' }] } },
		'spec.securityContext.sysctls[0].name: Invalid value: "foo-": must have at most 253 characters and match regex',
	],
	[
		{ hostNetwork: true, securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } },
		"may not be specified when 'hostNetwork' is true",
	],
	[
		{ tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] },
		'spec.tolerations[0].operator: Invalid value: "b": value must be empty when `operator` is \'Exists\'',
	],
	[
		{ tolerations: [{ effect: 'NoSchedule' }] },
		'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty',
	],
	[
		{ tolerations: [{ key: 'a', tolerationSeconds: 3 }] },
		"effect must be 'NoExecute' when `tolerationSeconds` is set",
	],
	[
		{ tolerations: [{ key: 'a', operator: 'Exists', effect: 'Never' }] },
		'spec.tolerations[0].effect: Unsupported value: "Never"',
	],
	[{ nodeSelector: { 'bad key': 'x' } }, 'spec.nodeSelector[bad key]: Invalid value: "bad key"'],
	[
		{
			affinity: {
				nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } },
			},
		},
		'nodeSelectorTerms: Required value: must have at least one node selector term',
	],
	[
		{ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{}] } } },
		'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty',
	],
	[
		{
			affinity: {
				podAntiAffinity: {
					preferredDuringSchedulingIgnoredDuringExecution: [
						{ weight: 0, podAffinityTerm: { topologyKey: 'a' } },
					],
				},
			},
		},
		'must be in the range 1-100',
	],
	[
		{ topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] },
		'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
	],
	[
		{ topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'Now' }] },
		'Unsupported value: "Now": supported values: "DoNotSchedule", "ScheduleAnyway"',
	],
	[
		{ readinessGates: [{ conditionType: 'a b' }] },
		'spec.readinessGates[0].conditionType: Invalid value: "a b"',
	],
	[{ schedulingGates: [{ name: 'a' }, { name: 'a' }] }, 'spec.schedulingGates[1]: Duplicate value: "a"'],
	[
		{ os: { name: 'plan9' } },
		'spec.os.name: Unsupported value: "plan9": supported values: "linux", "windows"',
	],
	[{ os: { name: 'windows' } }, 'spec.os.name: Forbidden'],
	[{ priorityClassName: 'No!' }, 'spec.priorityClassName: Invalid value: "No!"'],
])('%j is refused', (spec, expected) => {
	expect(one(spec).join('\n')).toContain(expected);
});

test('a negative grace period is accepted, as Kubernetes does', () => {
	expect(one({ terminationGracePeriodSeconds: -1 })).toEqual([]);
});

describe('metadata', () => {
	test.each([
		[{ name: '' }, 'metadata.name: Required value: name or generateName is required'],
		[{ name: 'Upper' }, 'metadata.name: Invalid value: "Upper": a lowercase RFC 1123 subdomain'],
		[{ name: 'n'.repeat(254) }, 'must be no more than 253 bytes'],
		[{ namespace: 'a.b' }, 'metadata.namespace: Invalid value: "a.b": a lowercase RFC 1123 label'],
		[
			{ labels: { 'bad key': 'x' } },
			'metadata.labels[bad key]: Invalid value: "bad key": name part must consist of',
		],
		[
			{ labels: { a: 'not valid!' } },
			'metadata.labels[a]: Invalid value: "not valid!": a valid label must be',
		],
		[{ annotations: { 'a b': '' } }, 'metadata.annotations[a b]: Invalid value: "a b"'],
		[
			{ annotations: { a: 'x'.repeat(262144) } },
			'metadata.annotations: Too long: may not be more than 262144 bytes',
		],
	])('%j is refused', (metadata, expected) => {
		expect(faults(pod({ metadata })).join('\n')).toContain(expected);
	});
	test.each([
		[
			'container.apparmor.security.beta.kubernetes.io/nobody',
			'unconfined',
			'Invalid value: "nobody": container not found',
		],
		['container.apparmor.security.beta.kubernetes.io/main', 'mine', 'invalid AppArmor profile name: "mine"'],
		['seccomp.security.alpha.kubernetes.io/pod', 'localhost/../x', "must not contain '..'"],
		['controller.kubernetes.io/pod-deletion-cost', '1.5', 'must be a 32bit integer'],
	])('annotation %s: %s is refused', (key, value, expected) => {
		expect(faults(pod({ metadata: { annotations: { [key]: value } } })).join()).toContain(expected);
	});
	test('generateName may stand for the name', () => {
		expect(faults(pod({ metadata: { name: undefined, generateName: 'web-' } }))).toEqual([]);
	});
});

describe('volumes', () => {
	const volumes = (...list: object[]): string[] => one({ volumes: list });
	const path = 'spec.volumes[0]';
	test.each([
		[
			{ name: 'a', emptyDir: {}, hostPath: { path: '/x' } },
			`${path}.hostPath: Forbidden: may not specify more than 1 volume type`,
		],
		[
			{ name: 'a', hostPath: { path: '/tmp/../etc' } },
			`${path}.hostPath.path: Invalid value: "/tmp/../etc": must not contain '..'`,
		],
		[
			{ name: 'a', hostPath: { path: 'src' } },
			`${path}.hostPath.path: Invalid value: "src": must be an absolute path`,
		],
		[
			{ name: 'a', hostPath: { path: '/x', type: 'Folder' } },
			`${path}.hostPath.type: Unsupported value: "Folder": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"`,
		],
		[{ name: 'a', persistentVolumeClaim: {} }, `${path}.persistentVolumeClaim.claimName: Required value`],
		[{ name: 'A', emptyDir: {} }, `${path}.name: Invalid value: "A"`],
		[{ emptyDir: {} }, `${path}.name: Required value`],
		[{ name: 'a', configMap: {} }, `${path}.configMap.name: Required value`],
		[
			{ name: 'a', secret: { secretName: 's', defaultMode: 0o1000 } },
			`${path}.secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive`,
		],
		[
			{ name: 'a', configMap: { name: 'c', items: [{ key: 'k', path: '../x' }] } },
			`${path}.configMap.items[0].path: Invalid value: "../x": must not contain '..'`,
		],
		[
			{ name: 'a', configMap: { name: 'c', items: [{ key: 'k', path: '..x' }] } },
			`${path}.configMap.items[0].path: Invalid value: "..x": must not start with '..'`,
		],
		[
			{ name: 'a', downwardAPI: { items: [{ path: 'x' }] } },
			`${path}.downwardAPI.items[0]: Required value: one of fieldRef and resourceFieldRef is required`,
		],
		[
			{ name: 'a', downwardAPI: { items: [{ path: 'x', resourceFieldRef: { resource: 'limits.cpu' } }] } },
			`${path}.downwardAPI.items[0].resourceFieldRef.containerName: Required value`,
		],
		[
			{ name: 'a', nfs: { server: 's', path: 'x' } },
			`${path}.nfs.path: Invalid value: "x": must be an absolute path`,
		],
		[{ name: 'a', image: {} }, `${path}.image.reference: Required value`],
		[
			{ name: 'a', projected: { sources: [{ secret: { name: 's' }, configMap: { name: 'c' } }] } },
			`${path}.projected.sources[0]: Forbidden: may not specify more than 1 volume type per source`,
		],
		[
			{
				name: 'a',
				projected: {
					sources: [
						{ secret: { name: 's', items: [{ key: 'k', path: 'x' }] } },
						{ configMap: { name: 'c', items: [{ key: 'k', path: 'x' }] } },
					],
				},
			},
			`${path}.projected: Invalid value: "x": conflicting duplicate paths`,
		],
		[
			{ name: 'a', ephemeral: { volumeClaimTemplate: { spec: {} } } },
			`${path}.ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required`,
		],
		[{ name: 'a', csi: { driver: 'd' } }, `${path}.csi: Forbidden: podrun can't honour this field`],
		[
			{ name: 'a', emptyDir: { sizeLimit: '-1' } },
			`${path}.emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity`,
		],
	])('%j is refused', (volume, expected) => {
		expect(volumes(volume).join('\n')).toContain(expected);
	});
	test('names are used once', () => {
		expect(volumes({ name: 'a', emptyDir: {} }, { name: 'a', emptyDir: {} })).toEqual([
			'spec.volumes[1].name: Duplicate value: "a"',
		]);
	});
	test('a volume without a source is an empty folder', () => {
		expect(volumes({ name: 'a' })).toEqual([]);
	});
	test('a relative hostPath is allowed in profile local', () => {
		expect(
			faults(pod({ spec: { volumes: [{ name: 'a', hostPath: { path: '../src' } }] } }), 'local'),
		).toEqual([]);
	});
});
