/** Pods dumped from a cluster must run as they are: what the cluster added is left out, and told with its line. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isPod } from '../../../src/manifest/kinds.ts';
import { loadText } from '../../../src/manifest/load.ts';

const DUMP = readFileSync(new URL('../../support/cluster-dump.yaml', import.meta.url), 'utf8');
const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

function loaded(text: string) {
	const { objects, diagnostics } = loadText(text, 'pod.yaml', { profile: 'local' });
	const object = objects[0]?.object;
	if (object === undefined || !isPod(object)) throw new Error('no Pod was loaded');
	return { pod: object, diagnostics };
}

test.each(['local', 'kubernetes'] as const)('a dump has no errors in profile %s', (profile) => {
	const { diagnostics } = loadText(DUMP, 'pod.yaml', { profile });
	expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('the volume of the token goes with its mounts, and everything else stays', () => {
	const { pod } = loaded(DUMP);
	expect(pod.spec?.volumes).toEqual([{ name: 'scratch', emptyDir: {} }]);
	const mounts = [{ name: 'scratch', mountPath: '/scratch' }];
	expect(pod.spec?.containers[0]?.volumeMounts).toEqual(mounts);
	expect(pod.spec?.initContainers?.[0]?.volumeMounts).toEqual(mounts);
});

test('what is left out is a warning at the line of the volume; what says nothing here is none', () => {
	const told = loaded(DUMP).diagnostics.map(({ line, path, severity }) => [severity, path, line]);
	const line = DUMP.split('\n').findIndex((text) => text.includes('- name: kube-api-access')) + 1;
	expect(told).toContainEqual(['warning', 'spec.volumes[0]', line]);
	expect(told.map(([, path]) => path)).toEqual([
		'metadata.ownerReferences',
		'spec.nodeName',
		'spec.serviceAccount',
		'spec.serviceAccountName',
		'spec.volumes[0]',
	]);
});

describe('by the volume', () => {
	const pod = (volume: object, mountPath: string): string =>
		JSON.stringify({
			apiVersion: 'v1',
			kind: 'Pod',
			metadata: { name: 'p' },
			spec: {
				containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'x-token-ab12c', mountPath }] }],
				volumes: [{ name: 'x-token-ab12c', ...volume }],
			},
		});
	const secret = { secret: { secretName: 'x-token-ab12c' } };

	test("older clusters' Secrets of a token are left out where they were mounted for the service account", () => {
		const { pod: slim, diagnostics } = loaded(pod(secret, MOUNT));
		expect(slim.spec?.volumes).toBeUndefined();
		expect(slim.spec?.containers[0]?.volumeMounts).toBeUndefined();
		expect(diagnostics).toHaveLength(1);
	});
	test('a Secret that looks alike and is mounted elsewhere stays', () => {
		expect(loaded(pod(secret, '/etc/token')).pod.spec?.volumes).toHaveLength(1);
	});
	test('a token that somebody asks for is refused', () => {
		const volume = {
			projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'vault' } }] },
		};
		expect(loaded(pod(volume, '/var/run/vault')).diagnostics.map(({ severity }) => severity)).toContain(
			'error',
		);
	});
});
