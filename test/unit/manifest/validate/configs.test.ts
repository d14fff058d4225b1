/** ConfigMaps, Secrets and claims must keep the rules of the API server, and immutable ones must stay as they are. */
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../src/api/types.ts';
import { isPod } from '../../../../src/manifest/kinds.ts';
import { validatePodUpdate, validateUpdate } from '../../../../src/manifest/validate.ts';
import { decoded, faults, pod } from '../fixtures.ts';

const object = (kind: string, fields: object): object => ({
	apiVersion: 'v1',
	kind,
	metadata: { name: 'x' },
	...fields,
});
const base64 = (text: string): string => Buffer.from(text).toString('base64');

test.each([
	[
		'ConfigMap',
		{ data: { 'bad key!': 'x' } },
		'data[bad key!]: Invalid value: "bad key!": a valid config key',
	],
	[
		'ConfigMap',
		{ data: { port: 8080 } },
		'data[port]: cannot unmarshal number 8080 into field data[port] of type string',
	],
	[
		'ConfigMap',
		{ data: { a: 'x' }, binaryData: { a: 'eA==' } },
		'data[a]: Invalid value: "a": duplicate of key present in binaryData',
	],
	['ConfigMap', { data: { a: 'x'.repeat(1024 * 1024 + 1) } }, 'Too long: may not be more than 1048576 bytes'],
	[
		'Secret',
		{ data: { k: 'not base64!' } },
		'data[k]: Invalid value: "<secret contents redacted>": illegal base64 data',
	],
	[
		'Secret',
		{ type: 'kubernetes.io/service-account-token' },
		'metadata.annotations[kubernetes.io/service-account.name]: Required value',
	],
	['Secret', { type: 'kubernetes.io/tls' }, 'data[tls.crt]: Required value'],
	[
		'Secret',
		{ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('{') } },
		'must be valid JSON',
	],
	[
		'PersistentVolumeClaim',
		{ spec: { resources: { requests: { storage: '1Mi' } } } },
		'spec.accessModes: Required value: at least 1 access mode is required',
	],
	[
		'PersistentVolumeClaim',
		{ spec: { accessModes: ['ReadWriteOnce'] } },
		'spec.resources[storage]: Required value',
	],
	[
		'PersistentVolumeClaim',
		{ spec: { accessModes: ['Any'], resources: { requests: { storage: '1Mi' } } } },
		'spec.accessModes[0]: Unsupported value: "Any"',
	],
	[
		'Namespace',
		{ metadata: { name: 'a.b' } },
		'metadata.name: Invalid value: "a.b": a lowercase RFC 1123 label',
	],
])('a %s with %j is refused', (kind, fields, expected) => {
	expect(faults(object(kind, fields)).join('\n')).toContain(expected);
});

test.each([
	['ConfigMap', { data: { a: 'x', '.b': '' }, binaryData: { c: 'AAEC' } }],
	['Secret', { stringData: { a: 'x' }, data: { b: base64('x') } }],
	['Secret', { type: 'example.com/own', data: { b: `${base64('x'.repeat(60))}\n` } }],
	[
		'PersistentVolumeClaim',
		{ spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } } },
	],
	['Namespace', {}],
])('a %s with %j is fine', (kind, fields) => {
	expect(faults(object(kind, fields))).toEqual([]);
});

describe('updates', () => {
	const change = (kind: string, before: object, after: object): string[] =>
		validateUpdate(decoded(object(kind, after)), decoded(object(kind, before))).map(
			({ path, message }) => `${path}: ${message}`,
		);
	test('an immutable ConfigMap keeps its data and stays immutable', () => {
		const before = { immutable: true, data: { a: '1' } };
		expect(change('ConfigMap', before, { immutable: true, data: { a: '2' } })).toEqual([
			'data: Forbidden: field is immutable when `immutable` is set',
		]);
		expect(change('ConfigMap', before, { data: { a: '1' } })).toEqual([
			'immutable: Forbidden: field is immutable when `immutable` is set',
		]);
		expect(change('ConfigMap', before, before)).toEqual([]);
		expect(change('ConfigMap', { data: { a: '1' } }, { immutable: true, data: { a: '2' } })).toEqual([]);
	});
	test('a Secret keeps its type, and an immutable one its data', () => {
		expect(change('Secret', { type: 'a' }, { type: 'b' })).toEqual([
			'type: Invalid value: "b": field is immutable',
		]);
		const before = { immutable: true, stringData: { a: '1' } };
		expect(change('Secret', before, { immutable: true, data: { a: base64('1') } })).toEqual([]);
		expect(change('Secret', before, { immutable: true, data: { a: base64('2') } })).toHaveLength(1);
	});
	test('the spec of a claim stays as it is', () => {
		const claim = (storage: string, mode = 'ReadWriteOnce'): object => ({
			spec: { accessModes: [mode], resources: { requests: { storage } } },
		});
		expect(change('PersistentVolumeClaim', claim('1Gi'), claim('1024Mi'))).toEqual([]);
		expect(change('PersistentVolumeClaim', claim('1Gi'), claim('1Gi', 'ReadWriteMany')).join()).toContain(
			'spec is immutable after creation',
		);
		const bound = { ...claim('1Gi'), status: { phase: 'Bound' } };
		expect(change('PersistentVolumeClaim', bound, claim('2Gi'))).toEqual([]);
		expect(change('PersistentVolumeClaim', bound, claim('1Mi')).join()).toContain(
			'field can not be less than status.capacity',
		);
	});
});

describe('updates of a living Pod in profile kubernetes', () => {
	const asPod = (value: KubeObject) => {
		if (!isPod(value)) throw new Error('no Pod');
		return value;
	};
	const change = (before: object, after: object): string[] =>
		validatePodUpdate(asPod(decoded(after)), asPod(decoded(before))).map(
			({ path, message }) => `${path}: ${message}`,
		);
	test('images, labels, a shorter deadline and more tolerations are allowed', () => {
		expect(change(pod(), pod({ metadata: { labels: { a: 'b' } } }))).toEqual([]);
		expect(
			change(
				pod({ container: { imagePullPolicy: 'Never' } }),
				pod({ container: { imagePullPolicy: 'Never', image: 'other:1' } }),
			),
		).toEqual([]);
		expect(
			change(pod({ spec: { activeDeadlineSeconds: 20 } }), pod({ spec: { activeDeadlineSeconds: 10 } })),
		).toEqual([]);
		expect(change(pod(), pod({ spec: { activeDeadlineSeconds: 10 } }))).toEqual([]);
		expect(change(pod(), pod({ spec: { tolerations: [{ key: 'a', operator: 'Exists' }] } }))).toEqual([]);
		expect(
			change(
				pod({ spec: { terminationGracePeriodSeconds: -1 } }),
				pod({ spec: { terminationGracePeriodSeconds: 1 } }),
			),
		).toEqual([]);
	});
	test('nothing else is', () => {
		const [fault] = change(pod(), pod({ container: { command: ['x'] } }));
		expect(fault).toContain(
			'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`',
		);
		expect(fault).toContain('changed: spec.containers[0].command');
		expect(
			change(
				pod(),
				pod({
					spec: {
						containers: [
							{ name: 'main', image: 'a' },
							{ name: 'b', image: 'b' },
						],
					},
				}),
			),
		).toEqual(['spec.containers: Forbidden: pod updates may not add or remove containers']);
		expect(
			change(pod({ spec: { activeDeadlineSeconds: 10 } }), pod({ spec: { activeDeadlineSeconds: 20 } })),
		).toEqual([
			'spec.activeDeadlineSeconds: Invalid value: 20: must be less than or equal to previous value',
		]);
		expect(change(pod({ spec: { activeDeadlineSeconds: 10 } }), pod())).toEqual([
			'spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value',
		]);
		expect(change(pod({ spec: { tolerations: [{ key: 'a', operator: 'Exists' }] } }), pod())).toEqual([
			'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
		]);
	});
});
