/**
 * Gang admission: one engine is one node, and the whole pod fits beside what is there, or none of it starts.
 * The sum of its requests is held against what is free, its host ports against those that are taken. A
 * nodeSelector has nothing to choose from and is not looked at.
 */
import { formatQuantity, type Quantity, quantityOf } from '../api/quantity.ts';
import { podRequests, type ResourceAmounts } from '../api/resources.ts';
import type { Instant, Pod } from '../api/types.ts';
import type { Admission } from './observed.ts';

export interface HostPort {
	readonly port: number;
	readonly protocol: string;
	/** '' and 0.0.0.0: every address. */
	readonly hostIP: string;
}

/** What one pod takes of the node. */
export interface PodDemand {
	readonly requests: ResourceAmounts;
	readonly hostPorts: readonly HostPort[];
}

/** What the node has, before any pod: cpu, memory… A resource that is not named is not bounded, save extended ones (`vendor/x`). */
export type Capacity = ResourceAmounts;

/** What a pod asks of the node; a finished pod asks for nothing. */
export function demandOf(pod: Pod): PodDemand {
	const phase = pod.status?.phase;
	if (phase === 'Succeeded' || phase === 'Failed') return { requests: {}, hostPorts: [] };
	const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
	const hostPorts = [...sidecars, ...pod.spec.containers]
		.flatMap(({ ports }) => ports ?? [])
		.flatMap(({ hostPort, containerPort, hostIP, protocol }) => {
			const port = hostPort || (pod.spec.hostNetwork ? containerPort : 0);
			return port ? [{ port, protocol: protocol ?? 'TCP', hostIP: hostIP ?? '' }] : [];
		});
	return { requests: podRequests(pod), hostPorts };
}

/** Is there room? The message is a scheduler's, with what is short added in brackets. */
export function admit(
	demand: PodDemand,
	capacity: Capacity,
	others: readonly PodDemand[],
	now: Instant,
): Admission {
	const taken = others.flatMap(({ hostPorts }) => hostPorts);
	const reasons: string[] = [];
	if (demand.hostPorts.some((port) => taken.some((other) => clash(port, other)))) {
		reasons.push("1 node(s) didn't have free ports for the requested pod ports");
	}
	for (const [name, wanted] of Object.entries(demand.requests).sort(([a], [b]) => (a < b ? -1 : 1))) {
		const short = shortage(name, wanted, capacity[name], others);
		if (short !== undefined) reasons.push(short);
	}
	if (reasons.length === 0) return { admitted: true, at: now };
	return {
		admitted: false,
		reason: 'Unschedulable',
		message: `0/1 nodes are available: ${reasons.join(', ')}.`,
	};
}

function shortage(
	name: string,
	wanted: Quantity,
	capacity: Quantity | undefined,
	others: readonly PodDemand[],
): string | undefined {
	if (wanted.nano <= 0n) return undefined;
	if (capacity === undefined && !name.includes('/') && !name.startsWith('hugepages-')) return undefined;
	const used = others.reduce((sum, { requests }) => sum + (requests[name]?.nano ?? 0n), 0n);
	const total = capacity?.nano ?? 0n;
	const free = total > used ? total - used : 0n;
	if (wanted.nano <= free) return undefined;
	const { format } = capacity ?? quantityOf(0);
	const told = [wanted, { nano: free, format }, { nano: total, format }].map(formatQuantity);
	return `1 Insufficient ${name} (requested ${told[0]}, free ${told[1]} of ${told[2]})`;
}

function clash(a: HostPort, b: HostPort): boolean {
	if (a.port !== b.port || a.protocol !== b.protocol) return false;
	const every = (ip: string) => ip === '' || ip === '0.0.0.0' || ip === '::';
	return every(a.hostIP) || every(b.hostIP) || a.hostIP === b.hostIP;
}
