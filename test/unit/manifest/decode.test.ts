/** Decoding must be strict: nothing unknown, nothing mistyped, and nothing that reaches a prototype. */
import { expect, test } from 'vitest';
import { decodeJson } from '../../../src/manifest/decode.ts';
import { loadText } from '../../../src/manifest/load.ts';
import { pod } from './fixtures.ts';

const messages = (object: unknown): string[] => decodeJson(object).errors.map(({ message }) => message);

test('unknown fields are named by their path', () => {
	const wrong = pod({ container: { imagee: 'x' }, metadata: { labelz: {} } });
	expect(messages({ ...wrong, extra: 1 })).toEqual([
		'unknown field "metadata.labelz"',
		'unknown field "spec.containers[0].imagee"',
		'unknown field "extra"',
	]);
});

test.each([
	['contianers', 'containers'],
	['hostnetwork', 'hostNetwork'],
	['restartpolicy', 'restartPolicy'],
	['intContainers', 'initContainers'],
	['nodeselector', 'nodeSelector'],
])('for %s the field %s is suggested', (wrong, right) => {
	const text = `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: [{name: a, image: b}]\n  ${wrong}: x\n`;
	const [first] = loadText(text, 'pod.yaml', { profile: 'local' }).diagnostics;
	expect(first).toMatchObject({
		line: 6,
		column: 3,
		message: `unknown field "spec.${wrong}"`,
		hint: `did you mean "${right}"?`,
	});
});

test.each([
	[
		{ container: { command: 'sleep 600' } },
		'cannot unmarshal string into field spec.containers[0].command of type []string',
	],
	[
		{ container: { env: [{ name: 'A', value: 8080 }] } },
		'cannot unmarshal number 8080 into field spec.containers[0].env[0].value of type string',
	],
	[
		{ container: { env: [{ name: 'A', value: true }] } },
		'cannot unmarshal bool into field spec.containers[0].env[0].value of type string',
	],
	[
		{ container: { ports: { containerPort: 80 } } },
		'cannot unmarshal object into field spec.containers[0].ports of type []ContainerPort',
	],
	[
		{ container: { ports: [{ containerPort: '80' }] } },
		'cannot unmarshal string into field spec.containers[0].ports[0].containerPort of type int32',
	],
	[
		{ container: { ports: [{ containerPort: 80.5 }] } },
		'cannot unmarshal number 80.5 into field spec.containers[0].ports[0].containerPort of type int32',
	],
	[
		{ container: { ports: [{ containerPort: 2 ** 31 }] } },
		'cannot unmarshal number 2147483648 into field spec.containers[0].ports[0].containerPort of type int32',
	],
	[{ container: { tty: 'yes' } }, 'cannot unmarshal string into field spec.containers[0].tty of type bool'],
	[
		{ metadata: { labels: { version: 1.5 } } },
		'cannot unmarshal number 1.5 into field metadata.labels[version] of type string',
	],
	[
		{ metadata: { labels: ['a'] } },
		'cannot unmarshal array into field metadata.labels of type map[string]string',
	],
	[{ spec: { containers: 'x' } }, 'cannot unmarshal string into field spec.containers of type []Container'],
	[
		{ container: { resources: { limits: { memory: true } } } },
		'cannot unmarshal bool into field spec.containers[0].resources.limits[memory] of type quantity',
	],
])('%j is of the wrong type', (parts, message) => {
	expect(messages(pod(parts))).toEqual([message]);
});

test.each([
	[{ container: { hostNetwork: true } }, 'hostNetwork belongs at spec.hostNetwork'],
	[{ spec: { command: ['a'] } }, 'command belongs at spec.containers[*].command'],
	[{ spec: { labels: {} } }, 'labels belongs at metadata.labels'],
	[{ container: { runAsUser: 1 } }, 'runAsUser belongs at spec.securityContext.runAsUser'],
])('%j is in the wrong place', (parts, hint) => {
	const { diagnostics } = loadText(JSON.stringify(pod(parts)), 'f', { profile: 'local' });
	expect(diagnostics[0]).toMatchObject({ code: 'UnknownField', hint });
});

test('a port of a probe may be a number or a name', () => {
	expect(
		messages(
			pod({
				container: {
					livenessProbe: { tcpSocket: { port: 80 } },
					readinessProbe: { tcpSocket: { port: 'web' } },
				},
			}),
		),
	).toEqual([]);
});

test('quantities become canonical, and numbers may be quantities', () => {
	const limits = { cpu: 0.5, memory: '1024Mi', 'ephemeral-storage': 1000 };
	const { object } = decodeJson(pod({ container: { resources: { limits } } }));
	expect(object).toMatchObject({
		spec: {
			containers: [{ resources: { limits: { cpu: '500m', memory: '1Gi', 'ephemeral-storage': '1k' } } }],
		},
	});
});

test('null counts as absent, in lists and maps as the zero value', () => {
	const { object, errors } = decodeJson(
		pod({ metadata: { labels: { a: null } }, spec: { nodeName: null }, container: { args: [null] } }),
	);
	expect(errors).toEqual([]);
	expect(object).toEqual({
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'p', labels: { a: '' } },
		spec: { containers: [{ name: 'main', image: 'busybox:1.36', args: [''] }] },
	});
});

test.each([
	[{}, "Object 'Kind' is missing: kind must be set"],
	[{ kind: 'Pod' }, "Object 'apiVersion' is missing: apiVersion must be set"],
	[{ apiVersion: 'v1', kind: 'Pood' }, 'no matches for kind "Pood" in version "v1"'],
	[{ apiVersion: 'v9', kind: 'Pod' }, 'no matches for kind "Pod" in version "v9"'],
	[
		{ apiVersion: 'constructor', kind: 'toString' },
		'no matches for kind "toString" in version "constructor"',
	],
	['text', 'an object is expected here, not string'],
	[[1], 'an object is expected here, not array'],
	[null, 'an object is expected here, not null'],
])('%j is no object of a known kind', (value, message) => {
	expect(messages(value)).toEqual([message]);
});

test('__proto__ is a key like any other', () => {
	const body: unknown = JSON.parse(
		'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"__proto__":"x"},"__proto__":{"polluted":1}}',
	);
	const { object, errors } = decodeJson(body);
	expect(errors.map(({ message }) => message)).toEqual(['unknown field "__proto__"']);
	expect(Object.keys(Object(object.data))).toEqual(['__proto__']);
	expect(Reflect.get(object, 'polluted')).toBeUndefined();
	expect(Reflect.get({}, 'polluted')).toBeUndefined();
});

test('a body that is nested without end is refused', () => {
	let body: unknown = {};
	for (let depth = 0; depth < 5000; depth += 1) body = { a: body };
	expect(messages(body)).toEqual(['nested more than 200 levels deep']);
});
