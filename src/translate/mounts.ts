/**
 * volumeMounts → what is to be mounted where. Most of it the engine can do as it stands (`engineMount`); a
 * subPath, a hostPath type, an image on an older engine, and the pod's own files need hands: the plan says
 * what, the performer makes it real.
 */
import type { AnyContainer, Pod, VolumeMount } from '../api/types.ts';
import { dnsOf } from './dns.ts';
import { containerEnv, type EnvContext } from './env.ts';
import { ConfigError } from './errors.ts';
import { expand } from './expansion.ts';
import { identityOf, volumeName } from './names.ts';
import type { MountOption } from './options.ts';
import { engineVolumeName, FILES_VOLUME, MESSAGES_PATH } from './volumes.ts';

const TERMINATION_MESSAGE = '/dev/termination-log';
const REASON = 'CreateContainerConfigError';

interface Common {
	/** In the container: absolute and clean. */
	readonly target: string;
	readonly readOnly: boolean;
}

interface OfVolume extends Common {
	/** The pod spec's name. */
	readonly volume: string;
	/** Relative, with no `..`; symbolic links in it are still to be checked. */
	readonly subPath?: string;
	readonly recursiveReadOnly?: 'IfPossible' | 'Enabled';
	readonly propagation?: 'rprivate' | 'rslave' | 'rshared';
}

export type PlannedMount =
	/** An engine volume. With subPath: that folder or file of it, made (mode of the volume's root) if missing. */
	| (OfVolume & { readonly kind: 'volume'; readonly source: string })
	/** A path of the engine's host, `type` already held. */
	| (OfVolume & { readonly kind: 'hostPath'; readonly path: string; readonly type: string })
	/**
	 * An image's files; `source` is the volume that stands in where the engine can't mount the image: one older than API 1.48,
	 * and 28.5 where a container has the image `again` (it answers "mount already exists with name").
	 */
	| (OfVolume & {
			readonly kind: 'image';
			readonly reference: string;
			readonly source: string;
			readonly again: boolean;
	  })
	/** `file` of the pod's files volume `source`, which must be there (mode 0666, empty) before the container is created. */
	| (Common & {
			readonly kind: 'terminationMessage';
			readonly source: string;
			readonly file: string;
	  })
	/** As terminationMessage, but the engine's own file will do where a file can't be mounted. */
	| (Common & {
			readonly kind: 'podFile';
			readonly source: string;
			readonly file: 'hosts' | 'resolv.conf';
	  });

/** File of a container's attempt in the files volume. */
export function messageFile(container: string, attempt: number): string {
	return `${MESSAGES_PATH}/${container}-${attempt}`;
}

/**
 * The mounts of one attempt of a container, outer before inner.
 * @throws ConfigError for a subPathExpr that can't be expanded or leads out of the volume.
 */
export function plannedMounts(
	pod: Pod,
	container: AnyContainer,
	context: EnvContext & { readonly attempt: number },
): PlannedMount[] {
	const all = (container.volumeMounts ?? []).map((mount) => plan(pod, container, mount, context));
	const references = all.map((mount) => (mount.kind === 'image' ? mount.reference : undefined));
	const planned = all.map((mount, n) =>
		mount.kind === 'image' ? { ...mount, again: references.indexOf(mount.reference) < n } : mount,
	);
	const taken = new Set(planned.map((mount) => mount.target));
	const source = volumeName(context.instance, identityOf(pod), FILES_VOLUME);
	const own: PlannedMount[] = [];
	// What mounts over all of /etc brings its own files.
	if (!taken.has('/etc/hosts') && !taken.has('/etc') && !pod.spec.hostNetwork) {
		own.push({ kind: 'podFile', source, file: 'hosts', target: '/etc/hosts', readOnly: false });
	}
	if (!taken.has('/etc/resolv.conf') && !taken.has('/etc') && !dnsOf(pod, context).engineSuffices) {
		own.push({ kind: 'podFile', source, file: 'resolv.conf', target: '/etc/resolv.conf', readOnly: false });
	}
	const target = cleanPath(container.terminationMessagePath || TERMINATION_MESSAGE);
	if (!taken.has(target)) {
		const file = messageFile(container.name, context.attempt);
		own.push({ kind: 'terminationMessage', source, file, target, readOnly: false });
	}
	return [...planned, ...own].sort((a, b) => depth(a.target) - depth(b.target));
}

/** Types of a hostPath that become a folder where nothing is. */
const MADE: ReadonlySet<string> = new Set(['', 'DirectoryOrCreate']);

/** Whether the engine mounts the image itself; else the volume that stands in must be filled. */
export function isEngineImage(mount: PlannedMount, apiVersion: string): boolean {
	return mount.kind === 'image' && !mount.again && atLeast(apiVersion, 48);
}

/** The engine's mount where nothing is left to do, else undefined: a subPath on an engine older than API 1.45, and the pod's own files. */
export function engineMount(mount: PlannedMount, apiVersion: string): MountOption | undefined {
	const { target, readOnly } = mount;
	switch (mount.kind) {
		case 'volume':
			if (mount.subPath !== undefined && !atLeast(apiVersion, 45)) return undefined;
			return ofVolume(mount, readOnly);
		case 'hostPath':
			if (mount.subPath !== undefined) return undefined;
			// On this machine it is there by now; on a remote one only the engine can make it.
			return { ...bindMount(mount, mount.path), ...(MADE.has(mount.type) ? { create: true } : {}) };
		case 'image':
			if (!isEngineImage(mount, apiVersion)) {
				if (mount.subPath !== undefined && !atLeast(apiVersion, 45)) return undefined;
				return ofVolume(mount, true);
			}
			return {
				type: 'image',
				source: mount.reference,
				target,
				...(mount.subPath === undefined ? {} : { subPath: mount.subPath }),
			};
		case 'terminationMessage':
		case 'podFile':
			if (!atLeast(apiVersion, 45)) return undefined;
			return { type: 'volume', source: mount.source, target, readOnly, noCopy: true, subPath: mount.file };
	}
}

function ofVolume(mount: OfVolume & { readonly source: string }, readOnly: boolean): MountOption {
	const { source, target, subPath } = mount;
	return {
		type: 'volume',
		source,
		target,
		readOnly,
		noCopy: true,
		...(subPath === undefined ? {} : { subPath }),
	};
}

/** The bind of a path that the performer has found, with the read-only and propagation flags of the plan. */
export function bindMount(mount: PlannedMount, path: string): MountOption {
	const { target, readOnly } = mount;
	const { recursiveReadOnly, propagation } = 'volume' in mount ? mount : {};
	return {
		type: 'bind',
		source: path,
		target,
		readOnly,
		...(recursiveReadOnly === undefined
			? {}
			: { recursiveReadOnly: recursiveReadOnly === 'Enabled' ? true : ('IfPossible' as const) }),
		...(propagation === undefined ? {} : { propagation }),
	};
}

/** Whether an API version of the engine, e.g. 1.41, is 1.<minor> or newer. */
export function atLeast(apiVersion: string, minor: number): boolean {
	const [major = '0', own = '0'] = apiVersion.split('.');
	return Number(major) > 1 || (Number(major) === 1 && Number(own) >= minor);
}

function plan(pod: Pod, container: AnyContainer, mount: VolumeMount, context: EnvContext): PlannedMount {
	const volume = (pod.spec.volumes ?? []).find((one) => one.name === mount.name);
	if (!volume) throw new ConfigError(REASON, `volume "${mount.name}" not found`);
	const subPath = subPathOf(pod, container, mount, context);
	const propagation = PROPAGATION[mount.mountPropagation ?? 'None'];
	const contents =
		volume.configMap || volume.secret || volume.projected || volume.downwardAPI || volume.image;
	const readOnly =
		Boolean(contents) ||
		mount.readOnly === true ||
		volume.persistentVolumeClaim?.readOnly === true ||
		volume.nfs?.readOnly === true;
	const recursive = readOnly ? RECURSIVE[mount.recursiveReadOnly ?? 'Disabled'] : undefined;
	const common: OfVolume = {
		volume: mount.name,
		target: cleanPath(mount.mountPath),
		readOnly,
		...(subPath === undefined ? {} : { subPath }),
		...(recursive === undefined ? {} : { recursiveReadOnly: recursive }),
		...(propagation === undefined ? {} : { propagation }),
	};
	if (volume.hostPath) {
		return { ...common, kind: 'hostPath', path: volume.hostPath.path, type: volume.hostPath.type ?? '' };
	}
	const source = engineVolumeName(pod, volume, context) ?? '';
	if (volume.image) {
		return { ...common, kind: 'image', reference: volume.image.reference ?? '', source, again: false };
	}
	return { ...common, kind: 'volume', source };
}

const RECURSIVE: Readonly<Record<string, OfVolume['recursiveReadOnly']>> = {
	IfPossible: 'IfPossible',
	Enabled: 'Enabled',
};

const PROPAGATION: Readonly<Record<string, 'rprivate' | 'rslave' | 'rshared' | undefined>> = {
	None: undefined,
	HostToContainer: 'rslave',
	Bidirectional: 'rshared',
};

function subPathOf(
	pod: Pod,
	container: AnyContainer,
	mount: VolumeMount,
	context: EnvContext,
): string | undefined {
	let path = mount.subPath;
	if (mount.subPathExpr) {
		const missing = new Set<string>();
		// A variable that is empty counts as missing: without it the whole volume would be mounted.
		const set = [...containerEnv(pod, container, context).options].filter(([, value]) => value !== '');
		path = expand(mount.subPathExpr, new Map(set), (name) => missing.add(name));
		if (missing.size > 0)
			throw new ConfigError(REASON, `missing value for ${[...missing].sort().join(', ')}`);
	}
	if (!path) return undefined;
	if (path.startsWith('/')) {
		throw new ConfigError(REASON, `error SubPath \`${path}\` must not be an absolute path`);
	}
	if (path.split('/').includes('..')) {
		throw new ConfigError(REASON, `unable to provision SubPath \`${path}\`: must not contain '..'`);
	}
	const clean = cleanPath(path).slice(1);
	return clean === '' ? undefined : clean;
}

/** Absolute, taken from the root, without `.`, `..`, doubled and trailing slashes. */
function cleanPath(path: string): string {
	const parts: string[] = [];
	for (const part of path.split('/')) {
		if (part === '..') parts.pop();
		else if (part !== '' && part !== '.') parts.push(part);
	}
	return `/${parts.join('/')}`;
}

function depth(path: string): number {
	return path === '/' ? 0 : path.split('/').length;
}
