/** Where a container sees the volumes of its Pod. */
import { describe, expect, test } from 'vitest';
import { faults, pod } from '../fixtures.ts';

const image = 'busybox:1.36';

describe('mounts', () => {
	const mounts = (...volumeMounts: object[]): string[] =>
		faults(
			pod({
				spec: { volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'main', image, volumeMounts }] },
			}),
		);
	const path = 'spec.containers[0].volumeMounts[0]';
	test.each([
		[{ name: 'nosuch', mountPath: '/v' }, [`${path}.name: Not found: "nosuch"`]],
		[{ name: 'v' }, [`${path}.mountPath: Required value`]],
		[
			{ name: 'v', mountPath: '/v', subPath: 'x/../../y' },
			[`${path}.subPath: Invalid value: "x/../../y": must not contain '..'`],
		],
		[
			{ name: 'v', mountPath: '/v', subPath: '/x' },
			[`${path}.subPath: Invalid value: "/x": must be a relative path`],
		],
		[
			{ name: 'v', mountPath: '/v', subPath: 'x', subPathExpr: 'y' },
			[`${path}.subPathExpr: Invalid value: "y": subPathExpr and subPath are mutually exclusive`],
		],
		[
			{ name: 'v', mountPath: '/v', mountPropagation: 'Bidirectional' },
			[
				`${path}.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`,
			],
		],
		[
			{ name: 'v', mountPath: '/v', recursiveReadOnly: 'Enabled' },
			[`${path}.recursiveReadOnly: Forbidden: may only be specified when readOnly is true`],
		],
		[{ name: 'v', mountPath: 'relative' }, []],
	])('%j', (mount, expected) => {
		expect(mounts(mount)).toEqual(expected);
	});
	test('each path is used once', () => {
		expect(mounts({ name: 'v', mountPath: '/v' }, { name: 'v', mountPath: '/v' })).toEqual([
			'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/v": must be unique',
		]);
	});
});
