/**
 * What pods ask for and may use at most, summed by Kubernetes' rules: containers and sidecars run together,
 * init containers one after the other beside the sidecars before them, overhead on top, and requests of the
 * pod itself instead of the sum where they are given.
 */
import { addQuantities, compareQuantities, type Quantity, quantityOf, tryParseQuantity } from './quantity.ts';
import type { Container, Pod, PodSpec } from './types.ts';

/** Amounts by resource name: cpu, memory, ephemeral-storage, hugepages-2Mi… */
export type ResourceAmounts = Readonly<Record<string, Quantity>>;

const POD_LEVEL = /^(cpu|memory|hugepages-.*)$/;

/** Whether an init container stays beside the others (restartPolicy Always of its own). */
export function isSidecar(container: { readonly restartPolicy?: string }): boolean {
	return container.restartPolicy === 'Always';
}

/** A container's requests; a limit without a request is the request too. */
export function containerRequests(container: Pick<Container, 'resources'>): ResourceAmounts {
	return { ...containerLimits(container), ...amounts(container.resources?.requests) };
}

/** A container's limits. */
export function containerLimits(container: Pick<Container, 'resources'>): ResourceAmounts {
	return amounts(container.resources?.limits);
}

/** What the containers ask for together, whatever the pod asks for as a whole. */
export function containersRequests(spec: PodSpec): ResourceAmounts {
	return aggregate(spec, containerRequests);
}

/** The sum of the limits that containers have, also where others have none. */
export function containersLimits(spec: PodSpec): ResourceAmounts {
	return aggregate(spec, containerLimits);
}

/** What the node must have free for the pod: the sum that a scheduler compares. */
export function podRequests(pod: Pick<Pod, 'spec'>): ResourceAmounts {
	const sum = containersRequests(pod.spec);
	const own = podLevel({ ...pod.spec.resources?.limits, ...pod.spec.resources?.requests });
	return add({ ...sum, ...own }, amounts(pod.spec.overhead));
}

/** The pod's ceiling. A resource is left out when a container has no limit for it, unless the pod has its own. */
export function podLimits(pod: Pick<Pod, 'spec'>): ResourceAmounts {
	const bounded = Object.entries(containersLimits(pod.spec)).filter(([name]) =>
		pod.spec.containers.every((container) => containerLimits(container)[name] !== undefined),
	);
	const sum = { ...Object.fromEntries(bounded), ...podLevel(pod.spec.resources?.limits ?? {}) };
	const overhead = Object.entries(amounts(pod.spec.overhead)).filter(([name]) => sum[name] !== undefined);
	return add(sum, Object.fromEntries(overhead));
}

/** Sums by resource name. */
export function add(a: ResourceAmounts, b: ResourceAmounts): ResourceAmounts {
	const sum: Record<string, Quantity> = { ...a };
	for (const [name, amount] of Object.entries(b)) {
		const before = sum[name];
		sum[name] = before ? addQuantities(before, amount) : amount;
	}
	return sum;
}

/** An amount, 0 when it is not there. */
export function amountOf(resources: ResourceAmounts, name: string): Quantity {
	return resources[name] ?? quantityOf(0);
}

function aggregate(spec: PodSpec, of: (container: Container) => ResourceAmounts): ResourceAmounts {
	let together = spec.containers.map(of).reduce(add, {});
	let sidecars: ResourceAmounts = {};
	let peak: ResourceAmounts = {};
	for (const container of spec.initContainers ?? []) {
		const own = of(container);
		if (isSidecar(container)) {
			together = add(together, own);
			sidecars = add(sidecars, own);
			peak = max(peak, sidecars);
		} else {
			peak = max(peak, add(sidecars, own));
		}
	}
	return max(together, peak);
}

function max(a: ResourceAmounts, b: ResourceAmounts): ResourceAmounts {
	const larger: Record<string, Quantity> = { ...a };
	for (const [name, amount] of Object.entries(b)) {
		const other = larger[name];
		if (!other || compareQuantities(other, amount) < 0) larger[name] = amount;
	}
	return larger;
}

function amounts(list: Readonly<Record<string, unknown>> | undefined): ResourceAmounts {
	const parsed: Record<string, Quantity> = {};
	for (const [name, value] of Object.entries(list ?? {})) {
		if (typeof value !== 'string' && typeof value !== 'number') continue;
		const quantity = tryParseQuantity(value);
		if (quantity) parsed[name] = quantity;
	}
	return parsed;
}

function podLevel(list: Readonly<Record<string, unknown>>): ResourceAmounts {
	return Object.fromEntries(Object.entries(amounts(list)).filter(([name]) => POD_LEVEL.test(name)));
}
