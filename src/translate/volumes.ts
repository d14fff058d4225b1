/**
 * Which volumes a pod has on the engine. Every kind that podrun fills or shares becomes a named volume which
 * the pause mounts at /volumes/<name>: so a tmpfs lives as long as the pause, and files can be written through
 * it. Besides the spec's volumes each pod has one for its own files: hosts, resolv.conf, termination messages.
 */
import { compareQuantities, quantityOf, quantityValue, tryParseQuantity } from '../api/quantity.ts';
import { podLimits } from '../api/resources.ts';
import type { AnyContainer, Pod, Volume } from '../api/types.ts';
import type { PodContext } from './context.ts';
import { claimLabels, claimVolumeName, identityOf, volumeLabels, volumeName } from './names.ts';

/** Where the pause has the pod's volumes. */
export const VOLUMES_PATH = '/volumes';
/** Not a DNS label, so no volume of a spec can have this name. */
export const FILES_VOLUME = 'podrun.files';
/** Under the files volume: one file a container and attempt. */
export const MESSAGES_PATH = 'messages';

export type VolumeKind =
	| 'files'
	| 'emptyDir'
	| 'configMap'
	| 'secret'
	| 'projected'
	| 'downwardAPI'
	| 'persistentVolumeClaim'
	| 'ephemeral'
	| 'nfs'
	| 'image'
	| 'hostPath';

/** A volume on the engine: `createVolume(name, labels, driver, options)` makes it. */
export interface PlannedVolume {
	/** The pod spec's name, or `podrun.files`. */
	readonly volume: string;
	readonly kind: VolumeKind;
	/** The engine's name. */
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
	/** Of the engine's local driver; {} for a plain folder on its disk. */
	readonly options: Readonly<Record<string, string>>;
	/** In memory: empty again once no container uses it. */
	readonly tmpfs: boolean;
	/** Mounted read-write by the pause at /volumes/<volume>. */
	readonly inPause: boolean;
	/** Removed with the pod. Claims are not. */
	readonly ownedByPod: boolean;
	/** A container mounts it; what nobody mounts need not be filled, nor hold the pod back. */
	readonly used: boolean;
	/**
	 * Mode and group that its root folder must get through the pause before containers see it (a fresh engine
	 * volume is 0755 root), once, when the volume was made: later it is the containers' own. Undefined: as it
	 * is, or made right by the driver's options.
	 */
	readonly root?: { readonly mode: number; readonly gid: number } | undefined;
	/** Image volumes: what to fill it from (engines without image mounts). */
	readonly image?: { readonly reference: string; readonly pullPolicy?: string };
	/** Bytes that an emptyDir on disk may hold; the engine can't enforce it, so it is watched. */
	readonly sizeLimitBytes?: number;
}

/** A hostPath volume: nothing is made on the engine, S checks the type before the containers start. */
export interface HostPathVolume {
	readonly volume: string;
	readonly path: string;
	/** '', Directory, DirectoryOrCreate, File, FileOrCreate, Socket, CharDevice, BlockDevice. */
	readonly type: string;
	readonly used: boolean;
}

/** Every container of a spec, ephemeral ones too. */
export function allContainers(pod: Pod): readonly AnyContainer[] {
	const { initContainers, containers, ephemeralContainers } = pod.spec;
	return [...(initContainers ?? []), ...containers, ...(ephemeralContainers ?? [])];
}

/** Names of the volumes that some container mounts. */
export function usedVolumes(pod: Pod): ReadonlySet<string> {
	return new Set(allContainers(pod).flatMap((one) => (one.volumeMounts ?? []).map((mount) => mount.name)));
}

/** The engine's volumes of a pod, its own files first. Unused image volumes and claims are left out, as the kubelet does. */
export function plannedVolumes(pod: Pod, context: PodContext): PlannedVolume[] {
	const used = usedVolumes(pod);
	const planned = (pod.spec.volumes ?? []).map((volume) =>
		plannedVolume(pod, volume, context, used.has(volume.name)),
	);
	return [filesVolume(pod, context), ...planned.filter((one) => one !== undefined)];
}

/** The volume of podrun's own files for the pod. */
export function filesVolume(pod: Pod, context: Pick<PodContext, 'instance'>): PlannedVolume {
	return {
		...owned(pod, FILES_VOLUME, 'files', context),
		options: {},
		tmpfs: false,
		inPause: true,
		used: true,
	};
}

/** With whether any container mounts them: only those are looked at. */
export function hostPathVolumes(pod: Pod): HostPathVolume[] {
	const used = usedVolumes(pod);
	return (pod.spec.volumes ?? []).flatMap(({ name, hostPath }) =>
		hostPath ? [{ volume: name, path: hostPath.path, type: hostPath.type ?? '', used: used.has(name) }] : [],
	);
}

/** fsGroup, where it changes the volumes' owners. */
export function fsGroupOf(pod: Pod): number | undefined {
	return pod.spec.securityContext?.fsGroup;
}

/** The engine's name of a pod's volume; undefined for hostPath. */
export function engineVolumeName(
	pod: Pod,
	volume: Volume,
	context: Pick<PodContext, 'instance'>,
): string | undefined {
	if (volume.hostPath) return undefined;
	const claim = volume.persistentVolumeClaim?.claimName;
	if (claim !== undefined) {
		return claimVolumeName(context.instance, pod.metadata.namespace ?? 'default', claim);
	}
	return volumeName(context.instance, identityOf(pod), volume.name);
}

function plannedVolume(
	pod: Pod,
	volume: Volume,
	context: PodContext,
	used: boolean,
): PlannedVolume | undefined {
	const fsGroup = fsGroupOf(pod);
	const plain = { options: {}, tmpfs: false, inPause: true, used, root: rootFor(fsGroup) };
	if (volume.configMap) return { ...owned(pod, volume.name, 'configMap', context), ...plain };
	if (volume.downwardAPI) return { ...owned(pod, volume.name, 'downwardAPI', context), ...plain };
	// As on a cluster, a secret touches no disk.
	if (volume.secret) return { ...owned(pod, volume.name, 'secret', context), ...plain, ...inMemory(fsGroup) };
	if (volume.projected) {
		const secret = (volume.projected.sources ?? []).some((source) => source.secret !== undefined);
		return {
			...owned(pod, volume.name, 'projected', context),
			...plain,
			...(secret ? inMemory(fsGroup) : {}),
		};
	}
	if (volume.persistentVolumeClaim) {
		const namespace = pod.metadata.namespace ?? 'default';
		const { claimName } = volume.persistentVolumeClaim;
		return {
			...plain,
			volume: volume.name,
			kind: 'persistentVolumeClaim',
			name: claimVolumeName(context.instance, namespace, claimName),
			labels: claimLabels(context.instance, namespace, claimName),
			ownedByPod: false,
		};
	}
	if (volume.ephemeral) {
		return { ...owned(pod, volume.name, 'ephemeral', context), ...plain };
	}
	if (volume.nfs) {
		const { server, path, readOnly } = volume.nfs;
		const host = server.includes(':') && !server.startsWith('[') ? `[${server}]` : server;
		return {
			...owned(pod, volume.name, 'nfs', context),
			...plain,
			root: undefined,
			options: { type: 'nfs', o: `addr=${host},${readOnly ? 'ro' : 'rw'}`, device: `:${path}` },
			// A server that does not answer would keep the pause from starting.
			inPause: false,
		};
	}
	if (volume.image) {
		if (!used) return undefined;
		return {
			...owned(pod, volume.name, 'image', context),
			...plain,
			root: undefined,
			inPause: false,
			image: {
				reference: volume.image.reference ?? '',
				...(volume.image.pullPolicy === undefined ? {} : { pullPolicy: volume.image.pullPolicy }),
			},
		};
	}
	if (volume.hostPath) return undefined;
	// A volume with no source at all is an emptyDir.
	return emptyDir(pod, volume, context, used);
}

/** Open to every user; with fsGroup its own and inherited by what is made in it. */
function rootFor(fsGroup: number | undefined): { readonly mode: number; readonly gid: number } {
	return fsGroup === undefined ? { mode: 0o777, gid: 0 } : { mode: 0o2777, gid: fsGroup };
}

function tmpfsRoot(fsGroup: number | undefined): string {
	return fsGroup === undefined ? 'mode=0777' : `mode=2777,gid=${fsGroup}`;
}

function emptyDir(pod: Pod, volume: Volume, context: PodContext, used: boolean): PlannedVolume {
	const { medium = '', sizeLimit } = volume.emptyDir ?? {};
	const fsGroup = fsGroupOf(pod);
	const base = { ...owned(pod, volume.name, 'emptyDir', context), inPause: true, used };
	if (medium === 'Memory') {
		const size = memorySize(pod, sizeLimit === undefined ? undefined : String(sizeLimit), context);
		return {
			...base,
			tmpfs: true,
			options: { type: 'tmpfs', device: 'tmpfs', o: `size=${size},${tmpfsRoot(fsGroup)}` },
		};
	}
	const limit = tryParseQuantity(sizeLimit as string | number | undefined);
	return {
		...base,
		tmpfs: false,
		options: {},
		root: rootFor(fsGroup),
		...(limit && limit.nano > 0n ? { sizeLimitBytes: Number(quantityValue(limit)) } : {}),
	};
}

/** The least of the node's memory, the pod's memory limit and the volume's own. */
function memorySize(pod: Pod, sizeLimit: string | undefined, context: PodContext): bigint {
	const bounds = [quantityOf(context.node.memoryBytes), podLimits(pod).memory, tryParseQuantity(sizeLimit)];
	const least = bounds
		.filter((bound) => bound !== undefined)
		.filter((bound) => bound.nano > 0n)
		.sort(compareQuantities)[0];
	return quantityValue(least ?? quantityOf(context.node.memoryBytes));
}

function inMemory(fsGroup: number | undefined): Pick<PlannedVolume, 'tmpfs' | 'options' | 'root'> {
	const options = { type: 'tmpfs', device: 'tmpfs', o: tmpfsRoot(fsGroup) };
	return { tmpfs: true, options, root: undefined };
}

function owned(pod: Pod, volume: string, kind: VolumeKind, context: Pick<PodContext, 'instance'>) {
	const identity = identityOf(pod);
	return {
		volume,
		kind,
		name: volumeName(context.instance, identity, volume),
		labels: volumeLabels(context.instance, identity, volume, kind),
		ownedByPod: true,
	};
}
