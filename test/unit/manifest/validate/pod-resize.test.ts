/** The subresource resize must change CPU and memory alone, and nothing that would make another kind of Pod of it. */
import { expect, test } from 'vitest';
import type { KubeObject, Pod } from '../../../../src/api/types.ts';
import { isPod } from '../../../../src/manifest/kinds.ts';
import { validatePodResize } from '../../../../src/manifest/validate.ts';
import { decoded, pod } from '../fixtures.ts';

const asPod = (object: KubeObject): Pod => {
	if (!isPod(object)) throw new Error('no Pod');
	return object;
};

function resized(before: object, after: object): string[] {
	const [is, was] = [asPod(decoded(after)), asPod(decoded(before))];
	return validatePodResize(is, was).map(({ path, message }) => `${path}: ${message}`);
}

const sized = (resources: object, more: object = {}) => pod({ container: { resources, ...more } });
const BURSTABLE = { limits: { cpu: '200m', memory: '64Mi' }, requests: { cpu: '100m', memory: '32Mi' } };

test('up, down, and limits where there were none', () => {
	const larger = { limits: { cpu: '400m', memory: '32Mi' }, requests: { cpu: '150m', memory: '16Mi' } };
	expect(resized(sized(BURSTABLE), sized(larger))).toEqual([]);
	expect(
		resized(sized({ requests: { cpu: '1' } }), sized({ requests: { cpu: '2' }, limits: { memory: '1Gi' } })),
	).toEqual([]);
});

test.each([
	[
		{},
		{ requests: { memory: '40Mi' } },
		'spec: Invalid value: "BestEffort": Pod QOS Class may not change as a result of resizing',
	],
	[
		BURSTABLE,
		{ ...BURSTABLE, limits: { cpu: '200m' } },
		'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
	],
	[
		{ requests: { cpu: '1', memory: '1Mi' } },
		{ requests: { cpu: '1' } },
		'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
	],
	[
		BURSTABLE,
		{ ...BURSTABLE, requests: { ...BURSTABLE.requests, 'ephemeral-storage': '1Gi' } },
		'spec: Forbidden: only cpu and memory resources are mutable',
	],
])('%j to %j', (before, after, why) => {
	expect(resized(sized(before), sized(after))).toEqual([why]);
});

test('nothing but resources', () => {
	const mutable = 'spec: Forbidden: only cpu and memory resources are mutable';
	expect(resized(sized(BURSTABLE), sized(BURSTABLE, { image: 'busybox:2' }))).toEqual([mutable]);
	const renamed = 'spec.containers: Forbidden: containers may not be renamed or reordered on resize';
	expect(resized(sized(BURSTABLE), sized(BURSTABLE, { name: 'other' }))).toEqual([renamed]);
	const withInit = (policy: object, cpu: string) =>
		pod({
			container: { resources: BURSTABLE },
			spec: { initContainers: [{ name: 'i', image: 'b:1', resources: { requests: { cpu } }, ...policy }] },
		});
	expect(resized(withInit({}, '1'), withInit({}, '2'))).toEqual([mutable]);
	const sidecar = { restartPolicy: 'Always' };
	expect(resized(withInit(sidecar, '1'), withInit(sidecar, '2'))).toEqual([]);
});
