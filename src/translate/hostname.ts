/**
 * The names of a pod: its hostname as the kubelet cuts it, its domain, its fully qualified name, the aliases
 * under which other pods find it, and the /etc/hosts that its containers see.
 */
import type { Pod } from '../api/types.ts';

export const CLUSTER_DOMAIN = 'cluster.local';
const HOSTNAME_MAX = 63;

export interface PodNames {
	/** What `hostname` prints. */
	readonly hostname: string;
	/** `<subdomain>.<namespace>.svc.cluster.local`, or nothing. */
	readonly domain: string;
	/** hostname.domain, or the hostname alone. */
	readonly fqdn: string;
}

/** hostnameOverride wins over all; setHostnameAsFQDN makes the full name the hostname. */
export function podNames(pod: Pod): PodNames {
	const { spec, metadata } = pod;
	if (spec.hostnameOverride) {
		return { hostname: spec.hostnameOverride, domain: '', fqdn: spec.hostnameOverride };
	}
	const short = cut(spec.hostname || metadata.name);
	const namespace = metadata.namespace ?? 'default';
	const domain = spec.subdomain ? `${spec.subdomain}.${namespace}.svc.${CLUSTER_DOMAIN}` : '';
	const fqdn = domain ? `${short}.${domain}` : short;
	return { hostname: spec.setHostnameAsFQDN && domain ? fqdn : short, domain, fqdn };
}

/** The first 63 characters, without what may not end a label. */
function cut(name: string): string {
	return name.length <= HOSTNAME_MAX ? name : name.slice(0, HOSTNAME_MAX).replace(/[-.]+$/, '');
}

/**
 * Names under which the network's DNS knows the pod. Its own name and its hostname, alone in namespace default
 * and with the namespace everywhere (`db`, `db.team`, `db.team.svc`, `db.team.svc.cluster.local`): with the
 * search domains of ClusterFirst a pod finds its neighbours by their bare names, and never those of another
 * namespace. And Kubernetes' own: `10-1-2-3.ns.pod.cluster.local`, `host.subdomain.ns.svc.cluster.local`.
 */
export function podAliases(pod: Pod, ip: string): string[] {
	const namespace = pod.metadata.namespace ?? 'default';
	const { hostname, domain } = podNames(pod);
	const aliases = new Set<string>();
	for (const name of [pod.metadata.name, hostname]) {
		if (namespace === 'default') aliases.add(name);
		for (const suffix of [namespace, `${namespace}.svc`, `${namespace}.svc.${CLUSTER_DOMAIN}`]) {
			aliases.add(`${name}.${suffix}`);
		}
	}
	const dashed = ip.replaceAll(/[.:]/g, '-');
	aliases.add(`${dashed}.${namespace}.pod`);
	aliases.add(`${dashed}.${namespace}.pod.${CLUSTER_DOMAIN}`);
	if (domain && pod.spec.subdomain) {
		const short = cut(pod.spec.hostname || pod.metadata.name);
		for (const suffix of ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.${CLUSTER_DOMAIN}`]) {
			aliases.add(`${short}.${pod.spec.subdomain}${suffix}`);
		}
	}
	return [...aliases];
}

/** Lines of hostAliases: one a alias, its names beside each other. */
export function hostAliasLines(pod: Pod): { readonly ip: string; readonly names: string }[] {
	return (pod.spec.hostAliases ?? []).map(({ ip, hostnames }) => ({
		ip,
		names: (hostnames ?? []).join('\t'),
	}));
}

/** The /etc/hosts that a kubelet writes for a pod with a network of its own. */
export function hostsFile(pod: Pod, ip: string): string {
	const { hostname, fqdn } = podNames(pod);
	const lines = [
		'# Kubernetes-managed hosts file.',
		'127.0.0.1\tlocalhost',
		'::1\tlocalhost ip6-localhost ip6-loopback',
		'fe00::0\tip6-localnet',
		'fe00::0\tip6-mcastprefix',
		'fe00::1\tip6-allnodes',
		'fe00::2\tip6-allrouters',
		fqdn === hostname && !pod.spec.setHostnameAsFQDN ? `${ip}\t${hostname}` : `${ip}\t${fqdn}\t${hostname}`,
	];
	const aliases = hostAliasLines(pod);
	if (aliases.length > 0) {
		lines.push(
			'',
			'# Entries added by HostAliases.',
			...aliases.map(({ ip: to, names }) => `${to}\t${names}`),
		);
	}
	return `${lines.join('\n')}\n`;
}
