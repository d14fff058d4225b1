/** What is said before a change is applied, held together with what the supervisor compares. */
import { describe, expect, test } from 'vitest';
import type { KubeObject, Pod } from '../../../../src/api/types.ts';
import { announce } from '../../../../src/cli/watch/announce.ts';
import { containerHash, sandboxHash } from '../../../../src/reconcile/hash.ts';

function pod(change: (pod: Pod) => void = () => {}): Pod {
	const made = {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'shop', namespace: 'default' },
		spec: {
			initContainers: [{ name: 'prep', image: 'prep:1' }],
			containers: [
				{ name: 'web', image: 'web:1', ports: [{ containerPort: 80, hostPort: 8080 }] },
				{ name: 'db', image: 'db:1' },
			],
			volumes: [
				{ name: 'conf', configMap: { name: 'one' } },
				{ name: 'data', emptyDir: {} },
			],
		},
	} as unknown as Pod;
	change(made);
	return made;
}

const lines = (change: (pod: Pod) => void) => announce(pod() as never, pod(change) as never);

describe('announce', () => {
	const cases: readonly [string, (pod: Pod) => void, readonly string[], readonly string[]][] = [
		[
			'an image',
			({ spec }) => Object.assign(spec.containers[0] as object, { image: 'web:2' }),
			['image of web changed: 1 container restarts, IP kept'],
			['web'],
		],
		[
			'several fields',
			({ spec }) =>
				Object.assign(spec.containers[1] as object, { image: 'db:2', env: [{ name: 'A', value: 'b' }] }),
			['image, env of db changed: 1 container restarts, IP kept'],
			['db'],
		],
		[
			'resources',
			({ spec }) => Object.assign(spec.containers[1] as object, { resources: { limits: { cpu: '1' } } }),
			['resources of db changed: nothing restarts'],
			[],
		],
		[
			'an init container',
			({ spec }) => Object.assign(spec.initContainers?.[0] as object, { image: 'prep:2' }),
			['image of prep changed: init container prep runs again, the others stay'],
			[],
		],
		[
			'the hostname',
			({ spec }) => Object.assign(spec, { hostname: 'x' }),
			['hostname of pod/shop changed: new sandbox, 3 containers restart, IP kept'],
			['web', 'db'],
		],
		[
			'a host port',
			({ spec }) => Object.assign(spec.containers[0]?.ports?.[0] as object, { hostPort: 8081 }),
			['host ports of pod/shop changed: new sandbox, 3 containers restart, IP kept'],
			['web', 'db'],
		],
		[
			'the ConfigMap of a volume',
			({ spec }) => Object.assign(spec.volumes?.[0] as object, { configMap: { name: 'two' } }),
			['volumes of pod/shop changed: nothing restarts'],
			[],
		],
		[
			'a new container',
			({ spec }) => spec.containers.push({ name: 'new', image: 'n' }),
			['container new is added, IP kept'],
			['new'],
		],
		['a gone container', ({ spec }) => spec.containers.pop(), ['container db is removed, IP kept'], []],
		[
			'labels',
			({ metadata }) => Object.assign(metadata, { labels: { a: 'b' } }),
			['labels of pod/shop changed: nothing restarts'],
			[],
		],
		['nothing', () => {}, [], []],
	];

	test.each(cases)('%s', (_name, change, told, restarts) => {
		expect(lines(change)).toEqual({ lines: told, restarts });
	});

	test.each(cases)('%s: the supervisor sees the same', (_name, change, _told, restarts) => {
		const [before, after] = [pod(), pod(change)];
		const sandbox = sandboxHash(before) !== sandboxHash(after);
		const old = new Map(before.spec.containers.map((one) => [one.name, containerHash(before, one)] as const));
		const replaced = after.spec.containers
			.filter((one) => sandbox || old.get(one.name) !== containerHash(after, one))
			.map(({ name }) => name);
		expect(restarts).toEqual(replaced);
	});

	test('a ConfigMap and a Secret tell keys, never values', () => {
		const config = (data: object): KubeObject => ({
			apiVersion: 'v1',
			kind: 'Secret',
			metadata: { name: 's' },
			data,
		});
		expect(announce(config({ a: 'b2xk', b: 'eA==' }), config({ a: 'bmV3', b: 'eA==', c: '' })).lines).toEqual(
			['a, c of secret/s changed: swapped in place, nothing restarts'],
		);
		expect(announce(undefined, config({})).lines).toEqual(['secret/s is created']);
	});
});
