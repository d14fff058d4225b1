/**
 * What a container, its resources and the sandbox were made from, as short hashes in the engine's labels. A
 * hash that differs from the spec's means: this is to be replaced (or updated live). Only that goes in which
 * the engine's container really depends on.
 */
import { LIVE_FIELDS, publishedPorts, volumeIdentity } from '../api/live-fields.ts';
import { shortHash } from '../api/object.ts';
import type { AnyContainer, Container, Pod } from '../api/types.ts';

/**
 * Hash of a container's spec, with the pod's fields that shape every container. Resources are left out: they
 * may change live and have a hash of their own.
 */
export function containerHash(pod: Pod, container: AnyContainer): string {
	const built = Object.entries(container).filter(([field]) => !LIVE_FIELDS.has(field));
	return shortHash([Object.fromEntries(built), pod.spec.securityContext]);
}

/** Which resources a change of `resourcesHash` is about. */
export type ResourceName = 'cpu' | 'memory' | 'other';
const RESOURCES: readonly ResourceName[] = ['cpu', 'memory', 'other'];

/** Hash of the resources alone: three parts, `cpu.memory.other`, so that a change can be told apart. */
export function resourcesHash(container: AnyContainer): string {
	const { requests = {}, limits = {}, claims } = (container as Container).resources ?? {};
	const of = (name: string) => [requests[name] ?? limits[name] ?? null, limits[name] ?? null];
	const rest = (list: object) => Object.entries(list).filter(([name]) => name !== 'cpu' && name !== 'memory');
	return [of('cpu'), of('memory'), [rest(requests), rest(limits), claims ?? []]]
		.map((part) => shortHash(part).slice(0, 8))
		.join('.');
}

/** The resources in which two hashes differ; hashes of unknown make differ in all. */
export function changedResources(before: string, after: string): readonly ResourceName[] {
	const [old, now] = [before.split('.'), after.split('.')];
	return RESOURCES.filter((_name, i) => old[i] !== now[i]);
}

/** Hash of what the pause is made from: namespaces, names, DNS, published ports, sysctls, the set of volumes. */
export function sandboxHash(pod: Pod): string {
	const { spec } = pod;
	return shortHash({
		hostname: spec.hostname,
		hostnameOverride: spec.hostnameOverride,
		subdomain: spec.subdomain,
		setHostnameAsFQDN: spec.setHostnameAsFQDN,
		hostAliases: spec.hostAliases,
		dnsPolicy: spec.dnsPolicy,
		dnsConfig: spec.dnsConfig,
		hostNetwork: spec.hostNetwork || undefined,
		hostIPC: spec.hostIPC || undefined,
		hostPID: spec.hostPID || undefined,
		hostUsers: spec.hostUsers,
		shareProcessNamespace: spec.shareProcessNamespace,
		runtimeClassName: spec.runtimeClassName,
		sysctls: spec.securityContext?.sysctls,
		ports: publishedPorts(pod),
		volumes: (spec.volumes ?? []).map(volumeIdentity),
	});
}
