/**
 * What the translators must be told beside the Pod: facts of the node and of the image, the objects that the
 * pod refers to, and what podrun has already handed out (IP, sandbox, attempt). All of it is given; nothing
 * here asks an engine or a clock.
 */

import type { ConfigMap, PersistentVolumeClaim, Profile, Secret } from '../api/types.ts';
import type { MountOption } from './options.ts';

/** resolv.conf of the node, for dnsPolicy Default. */
export interface NodeDns {
	readonly nameservers: readonly string[];
	readonly searches: readonly string[];
	readonly options: readonly string[];
}

/** The engine as a node. */
export interface NodeFacts {
	/** The engine's host name: spec.nodeName. */
	readonly name: string;
	readonly ip: string;
	/** What pods may use in all: the bound of limits that are not given, and of memory-backed volumes. */
	readonly cpus: number;
	readonly memoryBytes: number;
	/** Negotiated API version, e.g. 1.41. */
	readonly apiVersion: string;
	/**
	 * Whether the engine may set a negative oom_score_adj; where it may not, a start with one fails. Of an engine
	 * elsewhere nobody knows before that has happened: it is set to false then.
	 */
	oomScoreAllowed: boolean;
	/** Where the machine can't give every capability: those that it can. ALL means these then. */
	readonly capabilities?: readonly string[];
	/** Undefined when nobody could read it: the engine's own choice stands. */
	readonly dns?: NodeDns;
}

/** The objects that a pod refers to, as they are now. Names are of the pod's namespace. */
export interface References {
	configMap(name: string): ConfigMap | undefined;
	secret(name: string): Secret | undefined;
	claim(name: string): PersistentVolumeClaim | undefined;
}

/** What every translator is told. */
export interface PodContext {
	readonly instance: string;
	readonly profile: Profile;
	readonly node: NodeFacts;
	/** Handed out before the pause starts; with hostNetwork the node's. */
	readonly podIP: string;
}

export interface SandboxContext extends PodContext {
	/** Name of podrun's bridge network. */
	readonly network: string;
	/** Reference of the infra image. */
	readonly infraImage: string;
	readonly attempt: number;
	/** Of the pod's fields that make the pause. */
	readonly hash: string;
	/** Of the pause, where the engine has several (runtimeClassName). */
	readonly runtime?: string;
}

/** What an image says of itself. */
export interface ImageFacts {
	/** USER: uid or name, with an optional `:group`; '' when it has none. */
	readonly user: string;
	readonly entrypoint: readonly string[];
	readonly cmd: readonly string[];
	/**
	 * gids that the image's /etc/group gives the user whom the container runs as, and the primary one of its
	 * /etc/passwd; read only where `needsImageGroups` says so.
	 */
	readonly groups?: { readonly primary?: number; readonly supplementary: readonly number[] };
}

export interface ContainerContext extends PodContext {
	readonly attempt: number;
	readonly hash: string;
	readonly resourcesHash: string;
	readonly backoffMs: number;
	/** Id of the pause to join. */
	readonly sandboxID: string;
	readonly image: ImageFacts;
	readonly refs: References;
	/** What `plannedMounts` asked for, made real. */
	readonly mounts: readonly MountOption[];
	/** Of an ephemeral container with targetContainerName: the id whose PID namespace it joins. */
	readonly targetID?: string;
	/** Contents of Localhost seccomp profiles by localhostProfile. */
	readonly seccompProfiles?: ReadonlyMap<string, string>;
	/** Environment of the namespace's Services (enableServiceLinks). */
	readonly serviceEnv?: Readonly<Record<string, string>>;
	/** Texts of the files that variables come from (fileKeyRef), by `envFileKey`. */
	readonly envFiles?: ReadonlyMap<string, string>;
	readonly runtime?: string;
}
