/**
 * Names and labels of what a pod has on the engine, made and parsed side by side. A name is the same for the
 * same thing each time, so that a creation which is done twice meets a name conflict and adopts what is there.
 * `_` separates the parts: no name of Kubernetes can hold one. What a thing is, is read from its labels; a
 * name that grew too long is cut and hashed and tells nothing any more.
 */
import { shortHash } from '../api/object.ts';
import type { Pod, Role } from '../api/types.ts';

// The kubelet's own, as every Docker-based Kubernetes set them: monitoring tools look for these.
export const POD_NAME = 'io.kubernetes.pod.name';
export const POD_NAMESPACE = 'io.kubernetes.pod.namespace';
export const POD_UID = 'io.kubernetes.pod.uid';
const CONTAINER_NAME = 'io.kubernetes.container.name';
export const INSTANCE = 'podrun.dev/instance';
const ROLE = 'podrun.dev/role';
const ATTEMPT = 'podrun.dev/attempt';
const HASH = 'podrun.dev/hash';
export const RESOURCES = 'podrun.dev/resources';
export const BACKOFF = 'podrun.dev/backoff';
export const SANDBOX = 'podrun.dev/sandbox';
const VOLUME = 'podrun.dev/volume';
const VOLUME_KIND = 'podrun.dev/volume-kind';
/** Of a container with pinned folders and of the volumes that they are: which of them belong together. */
export const PINNED = 'podrun.dev/pinned';
/** Of a claim's volume: `namespace/claim`. */
export const CLAIM = 'podrun.dev/claim';

/** The container name of the pause. */
export const POD_CONTAINER = 'POD';
const DEFAULT_INSTANCE = 'default';
/** Docker takes long names, but they become file names of at most 255 bytes in places. */
const MAX_NAME = 200;
const ROLES: readonly string[] = ['infra', 'init', 'sidecar', 'app', 'ephemeral'];

/** What names need to know of a pod. */
export interface PodIdentity {
	readonly name: string;
	readonly namespace: string;
	readonly uid: string;
}

/** What names and labels need of a pod. */
export function identityOf(pod: Pod): PodIdentity {
	const { name, namespace, uid } = pod.metadata;
	return { name, namespace: namespace ?? 'default', uid: uid ?? '' };
}

/** `podrun`, or `podrun-<instance>` for any but the default instance. Also the name of the pods' network. */
export function prefixOf(instance: string): string {
	return instance === DEFAULT_INSTANCE ? 'podrun' : `podrun-${instance.replaceAll(/[^a-zA-Z0-9.-]/g, '-')}`;
}

/** One network for all pods of an instance. */
export function networkName(instance: string): string {
	return prefixOf(instance);
}

/** Which container a name stands for. The pause has no container name. */
export interface NamedContainer {
	readonly pod: string;
	readonly namespace: string;
	/** POD for the pause. */
	readonly container: string;
	readonly attempt: number;
}

/** `podrun_<pod>_<namespace>`, with `_<attempt>` once the first pause is gone. */
export function sandboxName(instance: string, pod: PodIdentity, attempt: number): string {
	return joined(instance, [pod.name, pod.namespace, ...(attempt > 0 ? [String(attempt)] : [])]);
}

/** `podrun_<pod>_<namespace>_<container>_<attempt>` */
export function containerName(
	instance: string,
	pod: PodIdentity,
	container: string,
	attempt: number,
): string {
	return joined(instance, [pod.name, pod.namespace, container, String(attempt)]);
}

/** The inverse of `sandboxName` and `containerName`; undefined for other names and for names that were cut. */
export function parseContainerName(instance: string, name: string): NamedContainer | undefined {
	const [prefix, pod, namespace, third, fourth, ...rest] = name.replace(/^\//, '').split('_');
	if (prefix !== prefixOf(instance) || !pod || !namespace || rest.length > 0) return undefined;
	if (fourth === undefined) {
		const attempt = third === undefined ? 0 : attemptOf(third);
		return attempt === undefined ? undefined : { pod, namespace, container: POD_CONTAINER, attempt };
	}
	const attempt = attemptOf(fourth);
	return third && attempt !== undefined ? { pod, namespace, container: third, attempt } : undefined;
}

/**
 * Volume of one pod: `podrun_<pod>_<namespace>_<volume>_<8 digits of the uid>`. The uid is in it, so that a pod
 * that was made anew can never see the data of the old one.
 */
export function volumeName(instance: string, pod: PodIdentity, volume: string): string {
	return joined(instance, [pod.name, pod.namespace, volume, shortHash(pod.uid).slice(0, 8)]);
}

/** Volume of a claim, which outlives the pods: `podrun_pvc_<namespace>_<claim>`. */
export function claimVolumeName(instance: string, namespace: string, claim: string): string {
	return joined(instance, ['pvc', namespace, claim]);
}

/** The inverse of `claimVolumeName`. */
export function parseClaimVolumeName(
	instance: string,
	name: string,
): { readonly namespace: string; readonly claim: string } | undefined {
	const [prefix, pvc, namespace, claim, ...rest] = name.split('_');
	if (prefix !== prefixOf(instance) || pvc !== 'pvc' || !namespace || !claim || rest.length > 0)
		return undefined;
	return { namespace, claim };
}

/** What the labels of one container tell. */
export interface ContainerIdentity {
	readonly instance: string;
	readonly pod: PodIdentity;
	/** POD for the pause. */
	readonly container: string;
	readonly role: Role;
	readonly attempt: number;
	readonly hash: string;
	readonly resourcesHash: string;
	readonly backoffMs: number;
	/** Id of the pause that was joined; undefined for the pause itself. */
	readonly sandboxID?: string;
}

/** Labels of a container. Never a secret: anybody who may ask the engine can read them. */
export function makeLabels(identity: ContainerIdentity): Record<string, string> {
	return {
		...podLabels(identity.instance, identity.pod),
		[CONTAINER_NAME]: identity.container,
		[ROLE]: identity.role,
		[ATTEMPT]: String(identity.attempt),
		[HASH]: identity.hash,
		[RESOURCES]: identity.resourcesHash,
		[BACKOFF]: String(identity.backoffMs),
		...(identity.sandboxID === undefined ? {} : { [SANDBOX]: identity.sandboxID }),
	};
}

/** The inverse of `makeLabels`; undefined when the container is none of podrun's. */
export function parseLabels(labels: Readonly<Record<string, string>>): ContainerIdentity | undefined {
	const instance = labels[INSTANCE];
	const name = labels[POD_NAME];
	const container = labels[CONTAINER_NAME];
	const role = labels[ROLE];
	if (instance === undefined || !name || !container || !role || !ROLES.includes(role)) return undefined;
	const sandboxID = labels[SANDBOX];
	return {
		instance,
		pod: { name, namespace: labels[POD_NAMESPACE] || 'default', uid: labels[POD_UID] ?? '' },
		container,
		role: role as Role,
		attempt: attemptOf(labels[ATTEMPT] ?? '') ?? 0,
		hash: labels[HASH] ?? '',
		resourcesHash: labels[RESOURCES] ?? '',
		backoffMs: Number(labels[BACKOFF] ?? 0) || 0,
		...(sandboxID === undefined ? {} : { sandboxID }),
	};
}

/** Labels that everything of one pod carries: its volumes too. */
function podLabels(instance: string, pod: PodIdentity): Record<string, string> {
	return { [INSTANCE]: instance, [POD_NAME]: pod.name, [POD_NAMESPACE]: pod.namespace, [POD_UID]: pod.uid };
}

/** Labels of a pod's volume. */
export function volumeLabels(
	instance: string,
	pod: PodIdentity,
	volume: string,
	kind: string,
): Record<string, string> {
	return { ...podLabels(instance, pod), [VOLUME]: volume, [VOLUME_KIND]: kind };
}

/** Labels of a claim's volume. It names no pod: it outlives them. */
export function claimLabels(instance: string, namespace: string, claim: string): Record<string, string> {
	return { [INSTANCE]: instance, [VOLUME_KIND]: 'persistentVolumeClaim', [CLAIM]: `${namespace}/${claim}` };
}

function joined(instance: string, parts: readonly string[]): string {
	const name = [prefixOf(instance), ...parts].join('_');
	if (name.length <= MAX_NAME) return name;
	// Two underscores in a row: a cut name can't be mistaken for a whole one.
	return `${prefixOf(instance)}__${shortHash(name)}_${(parts[0] ?? '').slice(0, 60)}`;
}

function attemptOf(text: string): number | undefined {
	return /^(0|[1-9]\d{0,8})$/.test(text) ? Number(text) : undefined;
}
