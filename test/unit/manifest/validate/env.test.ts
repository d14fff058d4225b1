/** A container's environment: names, values, sources. */
import { describe, expect, test } from 'vitest';
import { faults, pod } from '../fixtures.ts';

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
