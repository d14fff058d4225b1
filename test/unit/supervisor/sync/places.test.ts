/** Where a path of a container really lies. */
import { expect, test } from 'vitest';
import type { Pod } from '../../../../src/api/types.ts';
import { placeOf } from '../../../../src/supervisor/sync/places.ts';

const pod = {
	spec: {
		containers: [
			{
				name: 'app',
				volumeMounts: [
					{ name: 'data', mountPath: '/data/' },
					{ name: 'deep', mountPath: '/data/deep', subPath: 'x/y', readOnly: true },
					{ name: 'conf', mountPath: '/etc/conf' },
					{ name: 'data', mountPath: '/expr', subPathExpr: '$(A)' },
				],
			},
		],
		volumes: [
			{ name: 'data', emptyDir: {} },
			{ name: 'deep', hostPath: { path: '/host' } },
			{ name: 'conf', configMap: { name: 'c' } },
		],
	},
} as unknown as Pod;
const container = pod.spec.containers[0] as Pod['spec']['containers'][number];

test.each([
	['/srv/app', { type: 'root', path: '/srv/app' }],
	['/database', { type: 'root', path: '/database' }],
	['/data/a/b', { type: 'volume', volume: 'data', path: '/volumes/data/a/b' }],
	['/data', { type: 'volume', volume: 'data', path: '/volumes/data' }],
	['/data/deep/z', { type: 'volume', volume: 'deep', path: '/volumes/deep/x/y/z' }],
	['/etc/conf/a', { type: 'refused', reason: expect.stringContaining('configMap') }],
	['/expr/a', { type: 'refused', reason: expect.stringContaining('subPathExpr') }],
])('%s', (path, place) => {
	expect(placeOf(pod, container, path)).toEqual(place);
});
