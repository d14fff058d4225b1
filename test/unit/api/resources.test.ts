import { describe, expect, it } from 'vitest';
import { qosClass } from '../../../src/api/qos.ts';
import { formatQuantity } from '../../../src/api/quantity.ts';
import { podLimits, podRequests, type ResourceAmounts } from '../../../src/api/resources.ts';
import type { Container, PodSpec } from '../../../src/api/types.ts';
import { podOf } from '../../support/translate.ts';

const told = (amounts: ResourceAmounts): Record<string, string> =>
	Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, formatQuantity(amount)]));

const asking = (
	name: string,
	requests: Record<string, string>,
	more: Partial<Container> = {},
): Container => ({
	name,
	image: 'x',
	resources: { requests },
	...more,
});

const requestsOf = (spec: PodSpec): Record<string, string> => told(podRequests(podOf(spec)));

describe('what a pod asks for', () => {
	it('is the sum of its containers', () => {
		const containers = [asking('a', { memory: '1Gi', cpu: '250m' }), asking('b', { memory: '1Gi' })];
		expect(requestsOf({ containers })).toEqual({ memory: '2Gi', cpu: '250m' });
	});

	it('is what its largest init container needs, when that is more', () => {
		const containers = [asking('a', { memory: '1Gi', cpu: '1' })];
		const initContainers = [asking('i', { memory: '3Gi' }), asking('j', { cpu: '500m' })];
		expect(requestsOf({ containers, initContainers })).toEqual({ memory: '3Gi', cpu: '1' });
	});

	it('counts a sidecar beside the containers, and beside the init containers after it', () => {
		const containers = [asking('a', { memory: '1Gi' })];
		const sidecar = asking('s', { memory: '1Gi' }, { restartPolicy: 'Always' });
		expect(requestsOf({ containers, initContainers: [sidecar, asking('i', { memory: '2Gi' })] })).toEqual({
			memory: '3Gi',
		});
		expect(requestsOf({ containers, initContainers: [asking('i', { memory: '2Gi' }), sidecar] })).toEqual({
			memory: '2Gi',
		});
	});

	it('is a limit where no request was made, and overhead comes on top', () => {
		const containers: Container[] = [{ name: 'a', image: 'x', resources: { limits: { cpu: '2' } } }];
		expect(requestsOf({ containers, overhead: { cpu: '100m' } })).toEqual({ cpu: '2100m' });
	});

	it('is what the pod itself asks for, where it does', () => {
		const containers = [asking('a', { memory: '1Gi', cpu: '1' })];
		expect(requestsOf({ containers, resources: { requests: { cpu: '3' } } })).toEqual({
			memory: '1Gi',
			cpu: '3',
		});
	});

	it('has a ceiling only where every container has one', () => {
		const limited = (limits: Record<string, string>): Container => ({
			name: 'a',
			image: 'x',
			resources: { limits },
		});
		const containers = [limited({ memory: '1Gi', cpu: '1' }), limited({ memory: '1Gi' })];
		expect(told(podLimits(podOf({ containers })))).toEqual({ memory: '2Gi' });
	});
});

describe('the QoS class', () => {
	const classOf = (...resources: Container['resources'][]): string =>
		qosClass(
			podOf({ containers: resources.map((one, at) => ({ name: `c${at}`, image: 'x', resources: one })) }),
		);
	const both = { cpu: '100m', memory: '32Mi' };

	it('is BestEffort when nothing is asked for', () => {
		expect(classOf({}, undefined)).toBe('BestEffort');
		expect(classOf({ requests: { cpu: '0' } })).toBe('BestEffort');
	});

	it('is Guaranteed when every container may use just what it asks for', () => {
		expect(classOf({ limits: both }, { limits: both, requests: { cpu: '0.1', memory: '32Mi' } })).toBe(
			'Guaranteed',
		);
	});

	it('is Burstable for anything in between', () => {
		expect(classOf({ limits: both }, {})).toBe('Burstable');
		expect(classOf({ limits: { cpu: '1' } })).toBe('Burstable');
		expect(classOf({ limits: both, requests: { ...both, cpu: '50m' } })).toBe('Burstable');
	});

	it('counts init containers, and only the pod when it has resources of its own', () => {
		const container = { name: 'a', image: 'x', resources: { limits: both } };
		const init = { name: 'i', image: 'x' };
		expect(qosClass(podOf({ containers: [container], initContainers: [init] }))).toBe('Burstable');
		expect(
			qosClass(
				podOf({
					containers: [container],
					initContainers: [init],
					resources: { limits: both, requests: both },
				}),
			),
		).toBe('Guaranteed');
	});
});
