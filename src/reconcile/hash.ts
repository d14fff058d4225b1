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
	const { securityContext } = pod.spec;
	const known = containerHashes.get(container);
	if (known !== undefined && known.securityContext === securityContext) return known.hash;
	const hash = hashOfContainer(container, securityContext);
	containerHashes.set(container, { securityContext, hash });
	return hash;
}

/** A pod is decided on dozens of times while it starts. Specs are replaced and never changed in place. */
const containerHashes = new WeakMap<AnyContainer, { securityContext: unknown; hash: string }>();
const resourcesHashes = new WeakMap<AnyContainer, string>();
const sandboxHashes = new WeakMap<Pod['spec'], string>();

function hashOfContainer(container: AnyContainer, securityContext: unknown): string {
	const built = Object.entries(container).filter(([field]) => !LIVE_FIELDS.has(field));
	return shortHash([Object.fromEntries(built), securityContext]);
}

/** Which resources a change of `resourcesHash` is about. */
export type ResourceName = 'cpu' | 'memory' | 'other';
const RESOURCES: readonly ResourceName[] = ['cpu', 'memory', 'other'];

/** Hash of the resources alone: three parts, `cpu.memory.other`, so that a change can be told apart. */
export function resourcesHash(container: AnyContainer): string {
	return remembered(resourcesHashes, container, hashOfResources);
}

function remembered<K extends object>(known: WeakMap<K, string>, key: K, hash: (key: K) => string): string {
	const found = known.get(key) ?? hash(key);
	known.set(key, found);
	return found;
}

function hashOfResources(container: AnyContainer): string {
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
	return remembered(sandboxHashes, pod.spec, hashOfSandbox);
}

function hashOfSandbox(spec: Pod['spec']): string {
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
		ports: publishedPorts(spec),
		volumes: (spec.volumes ?? []).map(volumeIdentity),
	});
}
