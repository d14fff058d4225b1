/**
 * The engine's part of what is known about pods: every container of this instance by its pod, kept up to
 * date with as few calls as possible. Events and our own deeds mark containers as stale; a stale one is
 * inspected when its pod is next observed; a gap in the events lists again and marks all. Inspect is the
 * truth, events are hints.
 */
import type { ObservedContainer } from '../reconcile/observed.ts';
import { INSTANCE, parseLabels } from '../translate/names.ts';
import { type Engine, type EngineContainer, EngineError } from './engine.ts';

/** A container of a pod: as `decide` sees it, and as the engine told it. */
export interface KnownContainer {
	readonly podUID: string;
	readonly observed: ObservedContainer;
	readonly engine: EngineContainer;
}

export class Inventory {
	readonly #engine: Engine;
	readonly #instance: string;
	readonly #known = new Map<string, KnownContainer>();
	/** Ids to inspect, with their pod's uid. */
	readonly #stale = new Map<string, string>();
	readonly #inspecting = new Map<string, { readonly podUID: string; readonly look: Promise<void> }>();

	constructor(engine: Engine, instance: string) {
		this.#engine = engine;
		this.#instance = instance;
	}

	/**
	 * Lists anew and forgets what is gone. `all`: events were missed, so every container is stale; otherwise
	 * only those are whose state is another than the known one. Returns the uids of the pods concerned.
	 */
	async relist(all: boolean): Promise<ReadonlySet<string>> {
		const pods = new Set<string>();
		const before = new Set([...this.#known.keys(), ...this.#stale.keys()]);
		const listed = await this.#engine.listContainers([`${INSTANCE}=${this.#instance}`]);
		for (const { id, labels, state } of listed) {
			const uid = parseLabels(labels)?.pod.uid;
			before.delete(id);
			if (uid === undefined) continue;
			if (!all && this.#known.get(id)?.engine.status === state) continue;
			pods.add(uid);
			this.#stale.set(id, uid);
		}
		// Only what was known before the list was asked for can be called gone by it.
		for (const id of before) {
			const uid = this.forget(id);
			if (uid !== undefined) pods.add(uid);
		}
		return pods;
	}

	/** Something happened to it; `podUID` from an event's labels. Unknown ids without a uid are not ours. */
	touch(id: string, podUID?: string): string | undefined {
		const uid = podUID ?? this.#known.get(id)?.podUID ?? this.#stale.get(id);
		if (uid !== undefined) this.#stale.set(id, uid);
		return uid;
	}

	/** It was started, which its event may have told already: not looked at again then. */
	async started(id: string, podUID?: string): Promise<void> {
		await this.#inspecting.get(id)?.look.catch(() => {});
		if (this.#known.get(id)?.observed.state !== 'running') this.touch(id, podUID);
	}

	/** It is gone. Returns the uid of its pod. */
	forget(id: string): string | undefined {
		const uid = this.#known.get(id)?.podUID ?? this.#stale.get(id);
		this.#known.delete(id);
		this.#stale.delete(id);
		return uid;
	}

	find(id: string): KnownContainer | undefined {
		return this.#known.get(id);
	}

	/** Ids of the attempts of one container that run, as last seen. */
	running(podUID: string, name: string): string[] {
		return [...this.#known.values()]
			.filter(
				(known) =>
					known.podUID === podUID && known.observed.name === name && known.observed.state === 'running',
			)
			.map(({ observed }) => observed.id);
	}

	/** uids of all pods that have anything on the engine, with their identity labels. */
	pods(): ReadonlyMap<string, EngineContainer> {
		return new Map([...this.#known.values()].map(({ podUID, engine }) => [podUID, engine]));
	}

	/** Every container of the pod, stale ones inspected first. Throws EngineError when the engine does not answer. */
	async observe(podUID: string): Promise<readonly KnownContainer[]> {
		const ofPod = ([, uid]: readonly [string, string]): boolean => uid === podUID;
		// What is being looked at already is not stale any more, and not known yet either.
		const under = [...this.#inspecting].map(([id, look]) => [id, look.podUID] as const);
		const news = new Set([...this.#stale, ...under].filter(ofPod).map(([id]) => id));
		await Promise.all([...news].map((id) => this.#inspect(id, podUID)));
		return [...this.#known.values()].filter((container) => container.podUID === podUID);
	}

	/** Begins to inspect what of the pod is stale now: whoever observes it next finds that under way. */
	lookAhead(podUID: string): void {
		for (const [id, uid] of this.#stale) {
			// What fails stays stale.
			if (uid === podUID) this.#inspect(id, podUID).catch(() => undefined);
		}
	}

	async #inspect(id: string, podUID: string): Promise<void> {
		const running = this.#inspecting.get(id)?.look;
		if (running !== undefined) {
			// What is under way may have been answered before the news: wait, then look again if still stale.
			await running.catch(() => {});
			if (!this.#stale.has(id)) return;
		}
		this.#stale.delete(id);
		const look = this.#look(id, podUID).catch((error: unknown) => {
			this.#stale.set(id, podUID);
			throw error;
		});
		this.#inspecting.set(id, { podUID, look });
		await look.finally(() => this.#inspecting.delete(id));
	}

	async #look(id: string, podUID: string): Promise<void> {
		try {
			const engine = await this.#engine.inspectContainer(id);
			const observed = toObserved(engine);
			if (observed === undefined) this.#known.delete(id);
			else this.#known.set(id, { podUID, observed, engine });
		} catch (error) {
			if (!(error instanceof EngineError) || error.code !== 'NOT_FOUND') throw error;
			this.#known.delete(id);
		}
	}
}

/** Undefined for a container that is none of podrun's. */
function toObserved(container: EngineContainer): ObservedContainer | undefined {
	const identity = parseLabels(container.labels);
	if (identity === undefined) return undefined;
	const state = stateOf(container);
	const neverRan = state === 'created' && container.exitCode === 0 && container.error === '';
	return {
		id: container.id,
		name: identity.container,
		role: identity.role,
		attempt: identity.attempt,
		hash: identity.hash,
		resourcesHash: identity.resourcesHash,
		backoffMs: identity.backoffMs,
		state,
		image: container.image,
		imageID: container.imageID,
		createdAt: container.createdAt,
		...(container.startedAt === undefined ? {} : { startedAt: container.startedAt }),
		...(container.finishedAt === undefined ? {} : { finishedAt: container.finishedAt }),
		...(neverRan || state === 'running' || state === 'paused' ? {} : { exitCode: container.exitCode }),
		oomKilled: container.oomKilled,
		...(container.error === '' ? {} : { error: container.error }),
		...(identity.sandboxID === undefined ? {} : { sandboxID: identity.sandboxID }),
		...(container.stopSignal === '' ? {} : { stopSignal: container.stopSignal }),
		...(identity.role === 'infra' ? { ip: ipOf(container) } : {}),
	};
}

/** One that is removed before it was ever started has not ended: it is still what it was, as long as it can be seen. */
function stateOf(container: EngineContainer): ObservedContainer['state'] {
	const { status, startedAt, exitCode, error } = container;
	const isGoing = status === 'removing' || status === 'dead';
	if (isGoing && startedAt === undefined && exitCode === 0 && error === '') return 'created';
	return status === 'restarting' || status === 'removing' ? 'exited' : status;
}

/** The first address that any network gave; '' on the host's network. */
function ipOf(container: EngineContainer): string {
	return Object.values(container.networks).find(({ ip }) => ip !== '')?.ip ?? '';
}
