/**
 * How a pod resolves names: dnsPolicy and dnsConfig as the kubelet merges them. In podrun's network the
 * engine's own resolver, 127.0.0.11, stands where a cluster has its DNS: it knows the pods' names and asks the
 * node's servers for the rest. It always writes itself as the only nameserver, so what names other servers
 * needs a resolv.conf of the pod's own.
 */
import type { Pod } from '../api/types.ts';
import type { PodContext } from './context.ts';
import { CLUSTER_DOMAIN } from './hostname.ts';

/** The engine's resolver in every container of a user-defined network. */
const EMBEDDED = '127.0.0.11';
// More than these a resolver does not read; the kubelet cuts there too.
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;

export interface DnsWish {
	readonly nameservers: readonly string[];
	readonly searches: readonly string[];
	/** `ndots:5`, `rotate` */
	readonly options: readonly string[];
	/** Whether the engine's own resolv.conf, with searches and options set, says just this. */
	readonly engineSuffices: boolean;
}

/** The resolv.conf that the pod is to have. */
export function dnsOf(pod: Pod, context: PodContext): DnsWish {
	const { spec } = pod;
	const config = spec.dnsConfig ?? {};
	const base = baseOf(pod, context);
	const nameservers = unique([...base.nameservers, ...(config.nameservers ?? [])]).slice(0, MAX_NAMESERVERS);
	const engines = spec.hostNetwork ? base.nameservers.length === 0 : base.nameservers[0] === EMBEDDED;
	return {
		nameservers,
		searches: unique([...base.searches, ...(config.searches ?? [])]).slice(0, MAX_SEARCHES),
		options: mergedOptions(base.options, config.options ?? []),
		engineSuffices: spec.hostNetwork === true || (engines && nameservers.length === 1),
	};
}

/** The file, in the kubelet's order of lines. */
export function resolvConf(wish: DnsWish): string {
	const lines = wish.nameservers.map((server) => `nameserver ${server}`);
	if (wish.searches.length > 0) lines.unshift(`search ${wish.searches.join(' ')}`);
	if (wish.options.length > 0) lines.push(`options ${wish.options.join(' ')}`);
	return `${lines.join('\n')}\n`;
}

function baseOf(pod: Pod, context: PodContext): Omit<DnsWish, 'engineSuffices'> {
	const namespace = pod.metadata.namespace ?? 'default';
	const { hostNetwork = false, dnsPolicy = 'ClusterFirst' } = pod.spec;
	const node = context.node.dns;
	const cluster = {
		searches: [`${namespace}.svc.${CLUSTER_DOMAIN}`, `svc.${CLUSTER_DOMAIN}`, CLUSTER_DOMAIN],
		options: ['ndots:5'],
	};
	const inherited = { searches: node?.searches ?? [], options: node?.options ?? [] };
	switch (dnsPolicy) {
		case 'None':
			return { nameservers: [], searches: [], options: [] };
		case 'ClusterFirstWithHostNet':
			// The engine's resolver does not reach into the host's network: the node's servers stand in for it.
			if (hostNetwork) {
				return {
					nameservers: node?.nameservers ?? [],
					searches: [...cluster.searches, ...inherited.searches],
					options: cluster.options,
				};
			}
			break;
		case 'Default':
			return { nameservers: nodeServers(pod, context), ...inherited };
		default:
			// On the host's network ClusterFirst falls back on Default.
			if (hostNetwork) return { nameservers: nodeServers(pod, context), ...inherited };
	}
	return {
		nameservers: [EMBEDDED],
		searches: [...cluster.searches, ...inherited.searches],
		options: cluster.options,
	};
}

/** A server on the node's loopback can't be reached from a pod's own network; the engine's resolver asks it. */
function nodeServers(pod: Pod, context: PodContext): readonly string[] {
	const servers = context.node.dns?.nameservers ?? [];
	if (pod.spec.hostNetwork) return servers;
	const reachable = servers.filter((server) => !/^(127\.|::1$)/.test(server));
	return reachable.length > 0 ? reachable : [EMBEDDED];
}

function mergedOptions(
	base: readonly string[],
	added: readonly { readonly name?: string; readonly value?: string }[],
): string[] {
	const options = new Map(base.map((option) => [option.split(':')[0] ?? option, option]));
	for (const { name, value } of added) {
		if (name) options.set(name, value === undefined || value === '' ? name : `${name}:${value}`);
	}
	return [...options.values()];
}

function unique(list: readonly string[]): string[] {
	return [...new Set(list)];
}
