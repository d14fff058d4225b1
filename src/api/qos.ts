/** The quality-of-service class of a pod: who is killed last when memory runs short. */
import { compareQuantities, type Quantity } from './quantity.ts';
import { containerLimits, containerRequests, type ResourceAmounts } from './resources.ts';
import type { Pod } from './types.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** Only these two count for the class. */
const COUNTED = ['cpu', 'memory'];

/**
 * Guaranteed: every container has limits for CPU and memory and requests just as much. BestEffort: nothing is
 * asked for. Burstable: the rest. Resources of the pod itself, where there are any, decide alone.
 */
export function qosClass(pod: Pick<Pod, 'spec'>): QosClass {
	const { spec } = pod;
	const own = { resources: spec.resources as Parameters<typeof containerLimits>[0]['resources'] };
	const hasOwn = [containerRequests(own), containerLimits(own)].some((amounts) => positive(amounts) > 0);
	const holders = hasOwn ? [own] : [...spec.containers, ...(spec.initContainers ?? [])];
	const all = holders.map((holder) => ({
		requests: containerRequests(holder),
		limits: containerLimits(holder),
	}));
	if (all.every(({ requests, limits }) => positive(requests) === 0 && positive(limits) === 0))
		return 'BestEffort';
	const guaranteed = all.every(({ requests, limits }) =>
		COUNTED.every((name) => isPositive(limits[name]) && equal(requests[name], limits[name])),
	);
	return guaranteed ? 'Guaranteed' : 'Burstable';
}

function positive(amounts: ResourceAmounts): number {
	return COUNTED.filter((name) => isPositive(amounts[name])).length;
}

function isPositive(quantity: Quantity | undefined): quantity is Quantity {
	return quantity !== undefined && quantity.nano > 0n;
}

function equal(a: Quantity | undefined, b: Quantity | undefined): boolean {
	return a !== undefined && b !== undefined && compareQuantities(a, b) === 0;
}
