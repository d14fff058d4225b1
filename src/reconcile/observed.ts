/**
 * What is known of one pod at one instant: the whole input of `decide` beside the Pod itself. The engine's
 * part is observed anew each time (labels and states of containers); the journal's part (hooks, signals,
 * failures, verdicts) is what the worker remembers of its own deeds. Everything that must outlive the
 * supervisor stands in labels or can be done again without harm.
 */
import type { Instant, Role } from '../api/types.ts';

export type { Role };

/** One attempt of one container, as the engine has it. The pause is a container of role infra, name POD. */
export interface ObservedContainer {
	readonly id: string;
	/** The pod spec's name; POD for the pause. */
	readonly name: string;
	readonly role: Role;
	/** 0 for the first; restartCount of the status. */
	readonly attempt: number;
	/** Hash of the spec that it was created from (`podrun.dev/hash`). */
	readonly hash: string;
	/** Hash of its resources alone, which may change live (`podrun.dev/resources`). */
	readonly resourcesHash: string;
	/** Crash back-off in ms that was in force when it was created (`podrun.dev/backoff`); 0: none. */
	readonly backoffMs: number;
	/** created: never started (or its start failed: then `exitCode` is not 0 and `error` tells). */
	readonly state: 'created' | 'running' | 'paused' | 'exited' | 'dead';
	readonly image: string;
	readonly imageID: string;
	readonly createdAt: Instant;
	/** By the engine's clock, which may be another than ours, and may have been set since: for the status alone. */
	readonly startedAt?: Instant;
	readonly finishedAt?: Instant;
	/** When it began and when it was over by our own clock: what is reckoned with. Absent: the engine's word counts. */
	readonly seen?: { readonly startedAt?: Instant; readonly overSince?: Instant };
	readonly exitCode?: number;
	/** The signal's number where the engine tells one. */
	readonly signal?: number;
	readonly oomKilled: boolean;
	/** The engine's words of a failed start. */
	readonly error?: string;
	/** Termination message, read when it had exited. Undefined: not read yet. */
	readonly message?: string;
	/** Id of the pause whose namespaces it joined. */
	readonly sandboxID?: string;
	/** The stop signal in force (spec, else image, else SIGTERM), e.g. SIGTERM. */
	readonly stopSignal?: string;
	/** Of the pause: its IP in podrun's network (host network: the node's). */
	readonly ip?: string;
}

/** An image by the reference that the spec uses. `undefined` as id: the engine does not have it. */
export interface ObservedImage {
	readonly ref: string;
	readonly id?: string;
}

/**
 * Verdicts of one container's probes, folded over its results. Undefined: no verdict yet.
 * `started`: startup probe passed. `ready`: readiness. `live` false: liveness or startup has failed for good,
 * `failed` says which, and `message` what it said.
 */
export interface ProbeVerdicts {
	readonly started?: boolean;
	readonly ready?: boolean;
	readonly live?: boolean;
	readonly failed?: 'liveness' | 'startup';
	readonly message?: string;
}

export interface HookRun {
	readonly startedAt: Instant;
	readonly endedAt?: Instant;
	readonly ok?: boolean;
	readonly message?: string;
}

/** What the worker has done to one container id. Keys are the engine's container ids. */
export interface Deeds {
	readonly postStart?: HookRun;
	readonly preStop?: HookRun;
	/** When the stop was begun (first of preStop or TERM), and the deadline that the beginner set. */
	readonly stopping?: { readonly since: Instant; readonly deadline: Instant; readonly reason: string };
	readonly termSentAt?: Instant;
	readonly killSentAt?: Instant;
}

/** Reason of a failure that says nothing about the pod: no engine answered. */
export const ENGINE_AWAY = 'EngineAway';

/** A deed that did not succeed. Kept by target until it succeeds or its spec changes. */
export interface Failure {
	/** Reason as in a waiting state or an event: ErrImagePull, CreateContainerConfigError, FailedMount… */
	readonly reason: string;
	readonly message: string;
	/** How many times in a row. */
	readonly count: number;
	readonly at: Instant;
}

export interface ObservedPod {
	readonly at: Instant;
	/** Pauses, newest attempt first. */
	readonly sandboxes: readonly ObservedContainer[];
	/** By container name, newest attempt first; names that the spec no longer has are here too. */
	readonly containers: ReadonlyMap<string, readonly ObservedContainer[]>;
	/** By reference; a reference that is not in it was not looked up (treat as absent). */
	readonly images: ReadonlyMap<string, ObservedImage>;
	/** By container name: the attempt for which a pull last succeeded (imagePullPolicy Always). */
	readonly pulled: ReadonlyMap<string, { readonly attempt: number; readonly at: Instant }>;
	readonly volumes: VolumesState;
	readonly admission: Admission;
	/** By container id. */
	readonly probes: ReadonlyMap<string, ProbeVerdicts>;
	/** By container id. */
	readonly deeds: ReadonlyMap<string, Deeds>;
	/** Targets (see `targetOf`) that an action is being performed on. */
	readonly inFlight: ReadonlySet<string>;
	/** By target. */
	readonly failures: ReadonlyMap<string, Failure>;
	/** Init containers that were done in the sandbox of this id and whose attempts may have been removed since. */
	readonly initDone: ReadonlyMap<string, ReadonlySet<string>>;
	/**
	 * A restart that a user asked for: ids of the attempts that are to end once and be followed by another
	 * at once, whatever the restart policy. Keep an id until a newer attempt is seen.
	 */
	readonly restartRequested: ReadonlySet<string>;
	/**
	 * Rebuilt init images etc.: init container names that are to run again in the running pod. Drop a name as
	 * soon as its new attempt has been created.
	 */
	readonly rerunInit: ReadonlySet<string>;
	readonly hostIP: string;
	/** The IP that podrun handed out; known before the pause starts. Host network: the node's. */
	readonly podIP: string;
}

export interface VolumesState {
	/** Every volume of the spec exists on the engine. */
	readonly created: boolean;
	/** The contents (configMap, secret, projected, downwardAPI) that stand in them are the wanted ones. */
	readonly current: boolean;
	/** The contents were written at least once into this sandbox. */
	readonly written: boolean;
}

/** Whether the node has room for the pod; decided over all pods by the supervisor (gang admission). */
export type Admission =
	| { readonly admitted: true; readonly at: Instant }
	| { readonly admitted: false; readonly reason: string; readonly message: string };

/** What `decide` must know beside Pod and observation. */
export interface Settings {
	readonly profile: 'local' | 'kubernetes';
	/** Ceiling of the crash back-off in ms; 300 000 by default, 1 000 at the least. */
	readonly maxRestartBackoffMs: number;
	/** Name of the one node, for the Scheduled event. */
	readonly nodeName?: string;
}
