/** Gang admission: all of the pod or nothing. */
import { describe, expect, it } from 'vitest';
import { parseQuantity } from '../../../src/api/quantity.ts';
import { admit, demandOf } from '../../../src/reconcile/admission.ts';
import { container, pod, sidecar, T0 } from './builders.ts';

const capacity = { cpu: parseQuantity('4'), memory: parseQuantity('8Gi') };
const asking = (cpu: string, memory = '1Gi') =>
	demandOf(pod({ containers: [container('main', { resources: { requests: { cpu, memory } } })] }));
const publishing = (hostPort: number, more: object = {}) =>
	demandOf(pod({ containers: [container('main', { ports: [{ containerPort: 80, hostPort, ...more }] })] }));

describe('a pod is admitted', () => {
	it('when its sum fits beside the others', () => {
		expect(admit(asking('2'), capacity, [asking('2')], T0)).toEqual({ admitted: true, at: T0 });
	});

	it('or not at all, with what is short', () => {
		expect(admit(asking('3', '16Gi'), capacity, [asking('2')], T0)).toEqual({
			admitted: false,
			reason: 'Unschedulable',
			message:
				'0/1 nodes are available: 1 Insufficient cpu (requested 3, free 2 of 4), 1 Insufficient memory (requested 16Gi, free 7Gi of 8Gi).',
		});
	});

	it('beside finished pods, which ask for nothing', () => {
		const finished = demandOf(
			pod(
				{ containers: [container('main', { resources: { requests: { cpu: '4' } } })] },
				{ status: { phase: 'Failed' } },
			),
		);
		expect(admit(asking('4'), capacity, [finished], T0).admitted).toBe(true);
	});

	it('with its sidecars counted in', () => {
		const resources = { requests: { cpu: '3' } };
		const both = pod({
			initContainers: [sidecar('s', { resources })],
			containers: [container('main', { resources })],
		});
		expect(admit(demandOf(both), capacity, [], T0).admitted).toBe(false);
	});

	it('unless it asks for a resource that the node does not have', () => {
		const gpu = pod({
			containers: [container('main', { resources: { limits: { 'example.com/gpu': '1' } } })],
		});
		expect(admit(demandOf(gpu), capacity, [], T0)).toMatchObject({
			message: '0/1 nodes are available: 1 Insufficient example.com/gpu (requested 1, free 0 of 0).',
		});
	});

	it('unless its host port is taken on the same address', () => {
		expect(admit(publishing(80), capacity, [publishing(80)], T0)).toMatchObject({
			message: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
		});
		expect(admit(publishing(80), capacity, [publishing(81)], T0).admitted).toBe(true);
		expect(admit(publishing(80, { protocol: 'UDP' }), capacity, [publishing(80)], T0).admitted).toBe(true);
		const one = publishing(80, { hostIP: '127.0.0.1' });
		expect(admit(one, capacity, [publishing(80, { hostIP: '127.0.0.2' })], T0).admitted).toBe(true);
		expect(admit(one, capacity, [publishing(80)], T0).admitted).toBe(false);
	});
});
