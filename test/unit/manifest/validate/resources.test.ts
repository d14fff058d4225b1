/** Requests and limits, and what may be changed of them. */
import { describe, expect, test } from 'vitest';
import { faults, pod } from '../fixtures.ts';

const image = 'busybox:1.36';

describe('resources', () => {
	const resources = (value: object, spec: object = {}): string[] =>
		faults(pod({ spec: { containers: [{ name: 'main', image, resources: value }], ...spec } }));
	const path = 'spec.containers[0].resources';
	test.each([
		[
			{ limits: { memory: '64MB' } },
			`${path}.limits[memory]: Invalid value: "64MB": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
		],
		[
			{ limits: { memory: '-1' } },
			`${path}.limits[memory]: Invalid value: "-1": must be greater than or equal to 0`,
		],
		[
			{ limits: { cpu: '1' }, requests: { cpu: '2' } },
			`${path}.requests[cpu]: Invalid value: "2": must be less than or equal to cpu limit of 1`,
		],
		[
			{ limits: { disk: '1' } },
			`${path}.limits[disk]: Invalid value: "disk": must be a standard resource for containers`,
		],
		[
			{ requests: { 'example.com/gpu': '1' } },
			`${path}.limits: Required value: Limit must be set for non overcommitable resources`,
		],
		[{ limits: { 'hugepages-2Mi': '2Mi' } }, `${path}: Forbidden: HugePages require cpu or memory`],
	])('%j', (value, expected) => {
		expect(resources(value)).toContain(expected);
	});
	test('of the whole Pod hold those of its containers', () => {
		const limits = { memory: '64Mi' };
		expect(resources({ limits }, { resources: { limits: { memory: '32Mi' } } })).toEqual([
			'spec.resources.requests[memory]: Invalid value: "64Mi": must be less than or equal to memory limit of 32Mi',
			'spec.containers[0].resources.limits[memory]: Invalid value: "64Mi": must be less than or equal to pod limits of 32Mi',
		]);
		expect(resources({ limits }, { resources: { limits: { memory: '128Mi' } } })).toEqual([]);
	});
});
