/**
 * Requests and limits → what the engine enforces, by the kubelet's arithmetic: shares from the CPU request, a
 * quota from the CPU limit, memory without swap, and who is killed first when the node runs out of it.
 */
import { qosClass } from '../api/qos.ts';
import { type Quantity, quantityMilliValue, quantityValue } from '../api/quantity.ts';
import { amountOf, containerLimits, containerRequests, isSidecar } from '../api/resources.ts';
import type { AnyContainer, Container, Pod } from '../api/types.ts';
import type { NodeFacts } from './context.ts';
import type { ResourceOptions } from './options.ts';

const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
/** The kernel's quota is at least 1 ms of a period of 100 ms. */
const MIN_LIMIT_MILLIS = 10n;
const GUARANTEED_OOM = -997;
const BEST_EFFORT_OOM = 1000;
/** Of the pause: it should be the last to go. */
export const SANDBOX_OOM = -998;

/** cpu.shares of millicores: 1024 a core, 2 for nothing. */
export function milliCpuToShares(milli: bigint): number {
	const shares = Number((milli * 1024n) / 1000n);
	return Math.min(MAX_SHARES, Math.max(MIN_SHARES, shares));
}

/** The engine's limits of a container. The pod's own limits hold for a container that has none. */
export function resourceOptions(pod: Pod, container: AnyContainer): ResourceOptions {
	const holder = container as Pick<Container, 'resources'>;
	const own = containerLimits(holder);
	const pods = containerLimits({ resources: pod.spec.resources as Container['resources'] });
	const cpu = own.cpu ?? pods.cpu;
	const memory = own.memory ?? pods.memory;
	const request = containerRequests(holder).cpu;
	return {
		cpuShares: milliCpuToShares(request ? quantityMilliValue(request) : 0n),
		...(positive(cpu) ? { nanoCpus: Number(nanoCpus(quantityMilliValue(cpu))) } : {}),
		...(positive(memory)
			? { memoryBytes: Number(quantityValue(memory)), memorySwapBytes: Number(quantityValue(memory)) }
			: {}),
	};
}

/** The pause's: the least there is, as it only waits. */
export function sandboxResources(): ResourceOptions {
	return { cpuShares: MIN_SHARES };
}

/**
 * oom_score_adj: Guaranteed -997, BestEffort 1000, and in between the less, the larger the share of the node's
 * memory that the container asked for. A sidecar is never killed before the containers that need it.
 */
export function oomScoreAdj(pod: Pod, container: AnyContainer, node: NodeFacts): number {
	// Both of Kubernetes' critical classes.
	if (/^system-(node|cluster)-critical$/.test(pod.spec.priorityClassName ?? '')) return GUARANTEED_OOM;
	const qos = qosClass(pod);
	if (qos === 'Guaranteed') return GUARANTEED_OOM;
	if (qos === 'BestEffort') return BEST_EFFORT_OOM;
	const capacity = BigInt(Math.max(1, Math.floor(node.memoryBytes)));
	const spare = spareOfPod(pod);
	const score = (request: bigint): number => Number(1000n - (1000n * (request + spare)) / capacity);
	let adjust = score(memoryRequest(container as Container));
	if ((pod.spec.initContainers ?? []).some((one) => one.name === container.name && isSidecar(one))) {
		const least = pod.spec.containers.map(memoryRequest).reduce(smaller);
		adjust = Math.min(adjust, score(least));
	}
	// Between the two classes, whatever the arithmetic says.
	return Math.min(BEST_EFFORT_OOM - 1, Math.max(BEST_EFFORT_OOM + GUARANTEED_OOM, adjust));
}

/** What the pod asks for beyond its containers, shared out among them. */
function spareOfPod(pod: Pod): bigint {
	const own = containerRequests({ resources: pod.spec.resources as Container['resources'] }).memory;
	if (!own) return 0n;
	const holders = [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(isSidecar)];
	const asked = holders.map(memoryRequest).reduce((a, b) => a + b, 0n);
	const rest = quantityValue(own) - asked;
	return rest > 0n && holders.length > 0 ? rest / BigInt(holders.length) : 0n;
}

function smaller(a: bigint, b: bigint): bigint {
	return a > b ? b : a;
}

function memoryRequest(container: Pick<Container, 'resources'>): bigint {
	return quantityValue(amountOf(containerRequests(container), 'memory'));
}

function nanoCpus(milli: bigint): bigint {
	return (milli < MIN_LIMIT_MILLIS ? MIN_LIMIT_MILLIS : milli) * 1_000_000n;
}

function positive(quantity: Quantity | undefined): quantity is Quantity {
	return quantity !== undefined && quantity.nano > 0n;
}
