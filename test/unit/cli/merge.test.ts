import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/api/types.ts';
import { LAST_APPLIED, threeWayMerge, withLastApplied, withoutOrigin } from '../../../src/cli/merge.ts';

function manifest(spec: Record<string, unknown>, labels: Record<string, string> = {}): KubeObject {
	return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'default', labels }, spec };
}

/** What the server has after `applied`: defaults filled in, a status, its own metadata. */
function live(applied: KubeObject, changes: (spec: Record<string, unknown>) => void = () => {}): KubeObject {
	const stored = structuredClone(withLastApplied(applied));
	changes(stored.spec as Record<string, unknown>);
	return {
		...stored,
		metadata: {
			...stored.metadata,
			uid: 'u',
			resourceVersion: '7',
			creationTimestamp: '2026-03-01T00:00:00Z',
		},
		status: { phase: 'Running' },
	};
}

const web = { name: 'web', image: 'nginx:1', env: [{ name: 'A', value: '1' }] };
const side = { name: 'side', image: 'busybox:1' };

describe('apply merges three ways', () => {
	test('the same manifest again changes nothing, whatever the server has filled in', () => {
		const first = manifest({ containers: [web] }, { app: 'web' });
		const server = live(first, (spec) => {
			Object.assign((spec.containers as object[])[0] as object, { imagePullPolicy: 'IfNotPresent' });
			spec.restartPolicy = 'Always';
		});
		expect(threeWayMerge(first, server).changed).toBe(false);
	});

	test('what get -o yaml gave of an object changes nothing, also when its status has moved on', () => {
		const server = live(manifest({ containers: [web] }));
		const got = structuredClone(server);
		server.metadata.resourceVersion = '9';
		expect(threeWayMerge(got, server).changed).toBe(false);
	});

	test("a dump of a cluster's pod leaves there what that server wrote, and changes nothing when it comes again", () => {
		const dump = manifest({ containers: [web], nodeName: 'worker-2' });
		Object.assign(dump.metadata, { uid: 'there', resourceVersion: '184467', generation: 3 });
		const server = live(withoutOrigin(dump));
		const { object, changed } = threeWayMerge(dump, server);
		expect({ changed, uid: object.metadata.uid }).toEqual({ changed: false, uid: 'u' });
		expect(withoutOrigin(dump).metadata).toEqual({ name: 'web', namespace: 'default', labels: {} });
		expect(withoutOrigin(dump).spec).toEqual({ containers: [web] });
	});

	test('the name of a node is not taken from a manifest: there is one node', () => {
		const named = manifest({ containers: [web], nodeName: 'worker-2' });
		const server = live(withoutOrigin(named), (spec) => {
			spec.nodeName = 'vm';
		});
		expect(withoutOrigin(named).spec).toEqual({ containers: [web] });
		expect(threeWayMerge(named, server)).toMatchObject({
			changed: false,
			object: { spec: { nodeName: 'vm' } },
		});
	});

	test('a changed image keeps the defaults and leaves no resourceVersion to collide with', () => {
		const server = live(manifest({ containers: [web] }), (spec) => {
			Object.assign((spec.containers as object[])[0] as object, { imagePullPolicy: 'IfNotPresent' });
		});
		const { object, changed } = threeWayMerge(
			manifest({ containers: [{ ...web, image: 'nginx:2' }] }),
			server,
		);
		expect(changed).toBe(true);
		expect(object.spec).toEqual({
			containers: [{ ...web, image: 'nginx:2', imagePullPolicy: 'IfNotPresent' }],
		});
		expect(object.metadata.resourceVersion).toBeUndefined();
		expect(object.metadata.uid).toBe('u');
	});

	test('what was taken out of the manifest vanishes: fields, labels, list items', () => {
		const server = live(manifest({ containers: [web, side], hostname: 'h' }, { app: 'web', old: 'x' }));
		const { object } = threeWayMerge(
			manifest({ containers: [{ name: 'web', image: 'nginx:1' }] }, { app: 'web' }),
			server,
		);
		expect(object.spec).toEqual({ containers: [{ name: 'web', image: 'nginx:1' }] });
		expect(object.metadata.labels).toEqual({ app: 'web' });
		expect(object.metadata.annotations?.[LAST_APPLIED]).not.toContain('side');
	});

	test('what others have added stays', () => {
		const first = manifest({ containers: [web] }, { app: 'web' });
		const server = live(first, (spec) => (spec.containers as object[]).push(side));
		server.metadata.labels = { ...server.metadata.labels, theirs: '1' };
		const { object, changed } = threeWayMerge(first, server);
		expect(changed).toBe(false);
		expect(object.spec).toEqual({ containers: [web, side] });
		expect(object.metadata.labels).toEqual({ app: 'web', theirs: '1' });
	});

	test('the handler of a probe is exchanged, not mixed', () => {
		const probed = (livenessProbe: unknown) => manifest({ containers: [{ ...web, livenessProbe }] });
		const server = live(probed({ httpGet: { path: '/', port: 80 } }));
		const { object } = threeWayMerge(probed({ exec: { command: ['true'] } }), server);
		expect(object.spec).toMatchObject({ containers: [{ livenessProbe: { exec: { command: ['true'] } } }] });
		expect(JSON.stringify(object.spec)).not.toContain('httpGet');
	});

	test("a Secret's stringData is compared with the data that lives", () => {
		const secret = {
			apiVersion: 'v1',
			kind: 'Secret',
			metadata: { name: 's' },
			stringData: { key: 'value' },
		};
		const { stringData: _, ...stored } = withLastApplied(secret);
		const server = { ...stored, data: { key: Buffer.from('value').toString('base64') } };
		expect(threeWayMerge(secret, server as KubeObject).changed).toBe(false);
	});
});
