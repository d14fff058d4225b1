/**
 * Carries actions out: translates and calls the engine. No decision is made here; an action that can't be
 * done throws, and its failure is an observation of the next turn.
 */
import type { Pod } from '../../api/types.ts';
import type { Engine, EngineInfo } from '../../engine/engine.ts';
import type { Inventory } from '../../engine/observe.ts';
import type { Action } from '../../reconcile/action.ts';
import type { ObservedPod } from '../../reconcile/observed.ts';
import type { NodeFacts } from '../../translate/context.ts';
import type { Clock } from '../clock.ts';
import type { Reach } from '../handlers/reach.ts';
import type { Images } from '../images.ts';
import type { Journal } from '../journal.ts';
import type { Log } from '../log.ts';
import type { Neighbours } from '../neighbours.ts';
import type { PodNetwork } from '../network.ts';
import type { Recorder } from '../recorder.ts';
import type { Store } from '../store.ts';
import type { PodSync } from '../sync/sync.ts';
import type { PodVolumes } from '../volumes.ts';
import { createContainer, startContainer, updateResources } from './containers.ts';
import { readMessage } from './messages.ts';
import { pullImage } from './pull.ts';
import { removeContainer, removePod } from './remove.ts';
import { createSandbox, startSandbox } from './sandbox.ts';
import { runContainerHook, signalContainer, unpauseContainer } from './stop.ts';

/** What performing needs, the same for all pods. */
export interface PerformerParts {
	readonly engine: Engine;
	readonly info: EngineInfo;
	readonly store: Store;
	readonly inventory: Inventory;
	readonly images: Images;
	readonly network: PodNetwork;
	readonly volumes: PodVolumes;
	readonly sync: PodSync;
	readonly reach: Reach;
	readonly recorder: Recorder;
	readonly clock: Clock;
	readonly log: Log;
	readonly instance: string;
	readonly node: NodeFacts;
	readonly env: NodeJS.ProcessEnv;
	/** Pods of other supervisors on this engine. */
	readonly neighbours: () => Promise<Neighbours>;
	/** Whether the pod with this uid is the only one left. */
	readonly isLast: (uid: string) => boolean;
}

/** The pod that an action is for, as it was decided on. */
export interface Deed {
	readonly pod: Pod;
	readonly observed: ObservedPod;
	readonly journal: Journal;
}

export class Performer {
	readonly #parts: PerformerParts;

	constructor(parts: PerformerParts) {
		this.#parts = parts;
	}

	/** Throws EngineError, ConfigError, DeedError. */
	async perform(action: Action, deed: Deed): Promise<void> {
		const parts = this.#parts;
		const { pod, observed, journal } = deed;
		switch (action.type) {
			case 'CreateVolumes':
				return parts.volumes.create(pod, journal, observed.podIP, hasBegun(observed), isBare(observed));
			case 'WriteVolumes':
				return parts.volumes.write(pod, journal, observed.podIP, observed.sandboxes[0]?.id ?? '');
			case 'PullImage':
				return pullImage(parts, deed, action);
			case 'CreateSandbox':
				return createSandbox(parts, deed, action);
			case 'StartSandbox':
				return startSandbox(parts, deed, action);
			case 'CreateContainer':
				return createContainer(parts, deed, action);
			case 'StartContainer':
				return startContainer(parts, deed, action);
			case 'RunHook':
				return runContainerHook(parts, deed, action);
			case 'SignalContainer':
				return signalContainer(parts, deed, action);
			case 'UnpauseContainer':
				return unpauseContainer(parts, deed, action);
			case 'UpdateResources':
				return updateResources(parts, deed, action);
			case 'RemoveContainer':
				return removeContainer(parts, deed, action);
			case 'ReadMessage':
				return readMessage(parts, deed, action);
			case 'RemovePod':
				return removePod(parts, deed);
		}
	}
}

/** Nothing of the pod is on the engine. */
function isBare({ sandboxes, containers }: ObservedPod): boolean {
	return sandboxes.length === 0 && containers.size === 0;
}

/** Something of the pod has run: what its volumes hold is its containers' own. */
function hasBegun({ sandboxes, containers }: ObservedPod): boolean {
	return containers.size > 0 || sandboxes.some(({ startedAt }) => startedAt !== undefined);
}
