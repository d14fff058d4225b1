import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Container, Pod } from '../../../src/api/types.ts';
import { containerEnv, envLines } from '../../../src/translate/env.ts';
import { expand } from '../../../src/translate/expansion.ts';
import { contextOf, podOf, refsOf } from '../../support/translate.ts';

const refs = refsOf({
	configMaps: { a: { A: 'a1', B: 'a1', C: 'a1' }, b: { B: 'b2', C: 'b2' }, odd: { '1x.y': 'v' } },
	secrets: { s: { pass: 's3cr3t' } },
});

function envOf(container: Partial<Container>, pod: Pod = podOf({}, container)): Record<string, string> {
	const main = pod.spec.containers[0] as Container;
	return Object.fromEntries(containerEnv(pod, main, contextOf({ refs })).options);
}

describe('expansion of $(VAR)', () => {
	const variables = new Map([
		['A', 'one'],
		['REF', '$(A)'],
	]);
	it.each([
		['$(A)', 'one'],
		['x$(A)y$(A)', 'xoneyone'],
		['$(NONE)', '$(NONE)'],
		['$$(A)', '$(A)'],
		['$$$(A)', '$one'],
		['$A $[A] $', '$A $[A] $'],
		['$(A', '$(A'],
		['$()', '$()'],
		['$(REF)', '$(A)'],
		['a$$b', 'a$b'],
	])('%j becomes %j', (text, expanded) => {
		expect(expand(text, variables)).toBe(expanded);
	});

	it('leaves a text without dollars alone, and ends for any text', () => {
		fc.assert(
			fc.property(fc.string(), (text) => {
				const expanded = expand(text, variables);
				if (!text.includes('$')) expect(expanded).toBe(text);
			}),
		);
	});
});

describe('the environment of a container', () => {
	it('takes the last source of a key, and env before envFrom', () => {
		const env = [
			{ name: 'C', value: 'own' },
			{ name: 'USES', value: '$(A)/$(B)' },
		];
		const envFrom = [{ configMapRef: { name: 'a' } }, { configMapRef: { name: 'b' } }];
		expect(envOf({ env, envFrom })).toEqual({ A: 'a1', B: 'b2', C: 'own', USES: 'a1/b2' });
	});

	it('expands only what was defined before', () => {
		const env = [
			{ name: 'EARLY', value: '<$(LATE)>' },
			{ name: 'LATE', value: 'late' },
			{ name: 'BOTH', value: '$(EARLY)-$(LATE)' },
			{ name: 'SELF', value: '$(SELF):x' },
		];
		expect(envOf({ env })).toEqual({
			EARLY: '<$(LATE)>',
			LATE: 'late',
			BOTH: '<$(LATE)>-late',
			SELF: '$(SELF):x',
		});
	});

	it('prefixes names, and takes any that is printable', () => {
		const envFrom = [{ prefix: 'P_', configMapRef: { name: 'b' } }, { configMapRef: { name: 'odd' } }];
		expect(envOf({ envFrom })).toEqual({ P_B: 'b2', P_C: 'b2', '1x.y': 'v' });
	});

	it('reads keys of ConfigMaps and Secrets, and leaves out optional ones that are not there', () => {
		const env = [
			{ name: 'PASS', valueFrom: { secretKeyRef: { name: 's', key: 'pass' } } },
			{ name: 'URL', value: 'db://$(PASS)@h' },
			{ name: 'ABSENT', valueFrom: { configMapKeyRef: { name: 'a', key: 'nokey', optional: true } } },
			{ name: 'GONE', valueFrom: { secretKeyRef: { name: 'none', key: 'k', optional: true } } },
		];
		const envFrom = [{ secretRef: { name: 'none', optional: true } }];
		expect(envOf({ env, envFrom })).toEqual({ PASS: 's3cr3t', URL: 'db://s3cr3t@h' });
	});

	it.each([
		[{ configMapKeyRef: { name: 'x', key: 'k' } }, 'configmap "x" not found'],
		[{ configMapKeyRef: { name: 'a', key: 'k' } }, "couldn't find key k in ConfigMap default/a"],
		[{ secretKeyRef: { name: 'x', key: 'k' } }, 'secret "x" not found'],
		[{ secretKeyRef: { name: 's', key: 'k' } }, "couldn't find key k in Secret default/s"],
	])('says what is missing: %j', (valueFrom, message) => {
		expect(() => envOf({ env: [{ name: 'V', valueFrom }] })).toThrow(
			expect.objectContaining({ name: 'MissingReference', reason: 'CreateContainerConfigError', message }),
		);
	});

	it('reads the fields of the pod', () => {
		const paths = [
			'metadata.name',
			'metadata.namespace',
			'metadata.uid',
			"metadata.labels['app']",
			"metadata.annotations['none']",
			'spec.nodeName',
			'spec.serviceAccountName',
			'status.hostIP',
			'status.podIP',
			'status.podIPs',
		];
		const env = paths.map((fieldPath, at) => ({ name: `V${at}`, valueFrom: { fieldRef: { fieldPath } } }));
		const pod = podOf({}, { env }, { labels: { app: 'shop' } });
		expect(Object.values(envOf({}, pod))).toEqual([
			'web',
			'default',
			'11111111-2222-3333-4444-555555555555',
			'shop',
			'',
			'node-1',
			'default',
			'192.0.2.10',
			'10.201.0.7',
			'10.201.0.7',
		]);
	});

	it('reads resources rounded up by their divisor, and the node where there is no limit', () => {
		const ref = (resource: string, divisor?: string) => ({
			resourceFieldRef: { resource, ...(divisor ? { divisor } : {}) },
		});
		const env = [
			{ name: 'CORES', valueFrom: ref('limits.cpu') },
			{ name: 'MILLIS', valueFrom: ref('limits.cpu', '1m') },
			{ name: 'MIB', valueFrom: ref('requests.memory', '1Mi') },
			{ name: 'NODE', valueFrom: ref('limits.memory', '1Gi') },
		];
		expect(envOf({ env, resources: { limits: { cpu: '1250m' }, requests: { memory: '33000Ki' } } })).toEqual({
			CORES: '2',
			MILLIS: '1250',
			MIB: '33',
			NODE: '8',
		});
	});

	it('reads the limits of the pod where a container has none of its own', () => {
		const ref = (resource: string) => ({ resourceFieldRef: { resource } });
		const env = [
			{ name: 'CPU', valueFrom: ref('limits.cpu') },
			{ name: 'MEMORY', valueFrom: ref('limits.memory') },
		];
		const container = { env, resources: { limits: { memory: '1Mi' } } };
		const pod = podOf({ resources: { limits: { cpu: '1250m', memory: '64Mi' } } }, container);
		expect(envOf({}, pod)).toEqual({ CPU: '2', MEMORY: String(2 ** 20) });
	});

	it('has HOSTNAME as runtimes set it, unless the pod says otherwise', () => {
		const pod = podOf({ hostname: 'shop' });
		expect(envLines(pod, new Map([['A', 'b']]), contextOf())).toEqual(['HOSTNAME=shop', 'A=b']);
		expect(envLines(pod, new Map([['HOSTNAME', 'mine']]), contextOf())).toEqual(['HOSTNAME=mine']);
	});
});
