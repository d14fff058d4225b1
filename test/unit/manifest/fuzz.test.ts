/** Whatever is read, nothing may crash, hang or reach a prototype, and every refusal must have a place. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeJson } from '../../../src/manifest/decode.ts';
import { applyDefaults } from '../../../src/manifest/defaults.ts';
import { type LoadResult, loadText } from '../../../src/manifest/load.ts';
import { MODELS } from '../../../src/manifest/schema.generated.ts';
import { validateObject } from '../../../src/manifest/validate.ts';

/** Far more than is needed: only a hang comes near it, on a busy machine too. */
const LIMIT = 60_000;

const REAL = `apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: &labels {app: web, "tier": 'front'}
spec:
  restartPolicy: Always
  initContainers:
  - {name: init, image: busybox:1.36, command: [sh, -c, "echo \\"hi\\""], restartPolicy: Always}
  containers:
  - name: nginx
    image: nginx:1.25
    ports: [{containerPort: 80, hostPort: 8080, name: http}]
    env:
    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    resources: {limits: {memory: 64Mi, cpu: 500m}}
    livenessProbe: {httpGet: {path: /, port: http}, periodSeconds: 5}
    volumeMounts: [{name: conf, mountPath: /etc/nginx, subPath: x}]
    securityContext: {runAsUser: 1000, capabilities: {add: [NET_ADMIN]}}
  volumes:
  - name: conf
    configMap: {name: conf, defaultMode: 0644, items: [{key: a, path: b}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf, labels: {<<: *labels}}
data: {a: |-
  text
}
`;

function sound({ diagnostics }: LoadResult, text: string): void {
	const lines = text.split('\n').length;
	for (const { line, column, message } of diagnostics) {
		expect(line).toBeGreaterThanOrEqual(1);
		expect(line).toBeLessThanOrEqual(lines);
		expect(column).toBeGreaterThanOrEqual(1);
		expect(message).not.toBe('');
	}
	expect(Object.keys(Object.prototype)).toEqual([]);
}

const cut = fc.record({
	at: fc.nat(REAL.length),
	length: fc.nat(12),
	put: fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom(...'{}[]:,&*!|>\'"%@`-?\t\n#~'.split(''))),
});

test(
	'mutated manifests are read or refused',
	() => {
		fc.assert(
			fc.property(fc.array(cut, { minLength: 1, maxLength: 4 }), (cuts) => {
				let text = REAL;
				for (const { at, length, put } of cuts) text = text.slice(0, at) + put + text.slice(at + length);
				sound(loadText(text, 'f', { profile: 'local' }), text);
			}),
			{ numRuns: 100 },
		);
	},
	LIMIT,
);

test(
	'any text is read or refused',
	() => {
		fc.assert(
			fc.property(fc.string({ maxLength: 120 }), (text) => {
				sound(loadText(text, 'f', { profile: 'kubernetes' }), text);
			}),
			{ numRuns: 100 },
		);
	},
	LIMIT,
);

/** Objects with the right field names and any values: what a sloppy generator of manifests would write. */
const shaped = (model: string, depth: number): fc.Arbitrary<unknown> => {
	const fields = Object.entries(MODELS[model] ?? {});
	const value = (type: string): fc.Arbitrary<unknown> => {
		const plain = fc.constantFrom<unknown>(
			'',
			'a',
			'A!',
			'../x',
			0,
			-1,
			80,
			true,
			null,
			'1Gi',
			'__proto__',
			[],
			{},
		);
		if (depth <= 0) return plain;
		if (type.startsWith('[]'))
			return fc.oneof({ weight: 4, arbitrary: fc.array(value(type.slice(2)), { maxLength: 2 }) }, plain);
		if (type.startsWith('{}'))
			return fc.oneof(
				{
					weight: 4,
					arbitrary: fc.dictionary(fc.constantFrom('a', 'cpu', '__proto__', 'b c'), value(type.slice(2)), {
						maxKeys: 2,
					}),
				},
				plain,
			);
		if (Object.hasOwn(MODELS, type))
			return fc.oneof({ weight: 4, arbitrary: shaped(type, depth - 1) }, plain);
		return plain;
	};
	return fc
		.uniqueArray(fc.nat(fields.length - 1), { maxLength: 6 })
		.chain((chosen) =>
			fc.tuple(
				...chosen.map((index) =>
					value(fields[index]?.[1] ?? 'string').map((made): [string, unknown] => [
						fields[index]?.[0] ?? '',
						made,
					]),
				),
			),
		)
		.map((entries) => Object.fromEntries(entries));
};

test(
	'objects of the right shape and any values are judged',
	() => {
		const body = fc.record({
			apiVersion: fc.constant('v1'),
			kind: fc.constant('Pod'),
			metadata: shaped('ObjectMeta', 2),
			spec: shaped('PodSpec', 5),
		});
		fc.assert(
			fc.property(body, (value) => {
				const { object } = decodeJson(value);
				expect(Array.isArray(validateObject(object, { profile: 'local' }))).toBe(true);
				expect(applyDefaults(applyDefaults(object))).toEqual(applyDefaults(object));
			}),
			{ numRuns: 100 },
		);
	},
	LIMIT,
);
