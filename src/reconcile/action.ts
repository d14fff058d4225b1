/**
 * The deeds that `decide` may ask for: one engine call each, or one small fixed group. An action names its
 * target and its cause and carries no data that the performer could get wrong; `perform` translates and
 * calls. At most one action per target is in flight.
 */
import type { Instant, PodStatus } from '../api/types.ts';

interface Base {
	/** Why, for logs, `--dry-run` and the screen: a few words. */
	readonly cause: string;
}

/** Volumes on the engine (named volumes, tmpfs, host paths checked). Target: volumes. */
export interface CreateVolumes extends Base {
	readonly type: 'CreateVolumes';
}
/** Contents of configMap, secret, projected and downwardAPI volumes, swapped atomically. Target: volumes. */
export interface WriteVolumes extends Base {
	readonly type: 'WriteVolumes';
}
/** Target: image:<ref>, so that one image is pulled once. `container`/`attempt`: for whom (policy Always); `volume:<name>` for an image volume. */
export interface PullImage extends Base {
	readonly type: 'PullImage';
	readonly image: string;
	readonly container: string;
	readonly attempt: number;
	/** Profile local: a pull that fails falls back on the image that the engine has, with a warning. */
	readonly fallback: boolean;
}
/** The pause of this attempt. Target: sandbox. */
export interface CreateSandbox extends Base {
	readonly type: 'CreateSandbox';
	readonly attempt: number;
}
export interface StartSandbox extends Base {
	readonly type: 'StartSandbox';
	readonly id: string;
}
/** Target: container:<name>. The attempt is new; `backoffMs` goes into its label. `ahead`: its time is still to come. */
export interface CreateContainer extends Base {
	readonly type: 'CreateContainer';
	readonly container: string;
	readonly attempt: number;
	readonly backoffMs: number;
	readonly sandboxID: string;
	readonly ahead?: boolean;
}
export interface StartContainer extends Base {
	readonly type: 'StartContainer';
	readonly container: string;
	readonly id: string;
}
/** Target: container:<name>. preStop is cut off at `deadline`. */
export interface RunHook extends Base {
	readonly type: 'RunHook';
	readonly container: string;
	readonly id: string;
	readonly hook: 'postStart' | 'preStop';
	readonly deadline?: Instant;
	/** Set with preStop: what the stop is for (event text), and noted as deeds.stopping. */
	readonly reason?: string;
}
/** TERM (or the stop signal) the first time, KILL at the deadline. Target: signal:<id>, never blocked by another. */
export interface SignalContainer extends Base {
	readonly type: 'SignalContainer';
	readonly container: string;
	readonly id: string;
	readonly signal: string;
	/** With the first signal: noted as deeds.stopping if a preStop hook did not do so. */
	readonly deadline?: Instant;
	readonly reason?: string;
}
/** unpause, for a container that somebody else has paused; the pause of the pod too. */
export interface UnpauseContainer extends Base {
	readonly type: 'UnpauseContainer';
	readonly container: string;
	readonly id: string;
}
/** Live change of limits (engine update). Target: container:<name>. */
export interface UpdateResources extends Base {
	readonly type: 'UpdateResources';
	readonly container: string;
	readonly id: string;
}
/** An attempt, dead or never started (`force` for leftovers that run). Target: remove:<id>. */
export interface RemoveContainer extends Base {
	readonly type: 'RemoveContainer';
	readonly container: string;
	readonly id: string;
	readonly force: boolean;
}
/** Reads /dev/termination-log's stand-in of an exited container. Target: message:<id>. */
export interface ReadMessage extends Base {
	readonly type: 'ReadMessage';
	readonly container: string;
	readonly id: string;
}
/** Everything the pod still has on the engine but claims: pauses, containers, volumes; then the object goes. Target: pod. */
export interface RemovePod extends Base {
	readonly type: 'RemovePod';
}

export type Action =
	| CreateVolumes
	| WriteVolumes
	| PullImage
	| CreateSandbox
	| StartSandbox
	| CreateContainer
	| StartContainer
	| RunHook
	| SignalContainer
	| UnpauseContainer
	| UpdateResources
	| RemoveContainer
	| ReadMessage
	| RemovePod;

/** An event that the decision itself is worth (Killing, BackOff, …); deeds tell their own. */
export interface EventNote {
	readonly type: 'Normal' | 'Warning';
	readonly reason: string;
	readonly message: string;
	/** spec.containers{web}: undefined for the pod itself. */
	readonly fieldPath?: string;
}

/** The whole answer of `decide`: what may be done now, what the pod's status is now, and when to ask again. */
export interface Decision {
	/** In the order in which they were found; all of them may be begun at once. */
	readonly actions: readonly Action[];
	readonly status: PodStatus;
	readonly notes: readonly EventNote[];
	/** The next instant at which the answer changes without news. */
	readonly wakeAt?: Instant;
}

/** The key under which an action is in flight and its failure is kept. */
export function targetOf(action: Action): string {
	switch (action.type) {
		case 'CreateVolumes':
		case 'WriteVolumes':
			return 'volumes';
		case 'PullImage':
			return `image:${action.image}`;
		case 'CreateSandbox':
		case 'StartSandbox':
			return 'sandbox';
		case 'CreateContainer':
		case 'StartContainer':
		case 'RunHook':
		case 'UnpauseContainer':
		case 'UpdateResources':
			return `container:${action.container}`;
		case 'SignalContainer':
			return `signal:${action.id}`;
		case 'RemoveContainer':
			return `remove:${action.id}`;
		case 'ReadMessage':
			return `message:${action.id}`;
		case 'RemovePod':
			return 'pod';
	}
}

/** One line for logs and for the text that tests compare: `StartContainer web 3f2a… (init is done)`. */
export function formatAction(action: Action): string {
	const { type, cause, ...rest } = action;
	const told = Object.entries(rest)
		.filter(([, value]) => value !== undefined)
		.map(([key, value]) => `${key}=${String(value)}`);
	return `${[type, ...told].join(' ')} (${cause})`;
}
