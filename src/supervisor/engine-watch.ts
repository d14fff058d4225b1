/**
 * What the engine tells, as wakes of the pods' workers: its events, and a list of its containers whenever events
 * may have been missed. Subscribed first, then listed: nothing that happens in between is lost.
 */
import type { Engine, EngineEvent } from '../engine/engine.ts';
import { watchEvents } from '../engine/events.ts';
import type { Inventory } from '../engine/observe.ts';
import { INSTANCE, POD_UID } from '../translate/names.ts';
import type { EngineLink } from './engine-link.ts';
import type { Images } from './images.ts';
import type { Log } from './log.ts';
import type { PodNetwork } from './network.ts';
import type { Workers } from './workers.ts';

/** Of containers, images and networks. Execs come in numbers, those of anybody's health checks on this engine. */
const CHANGES: readonly string[] = (
	'start restart die kill oom stop pause unpause rename update destroy ' +
	'disconnect create pull tag untag delete load import prune'
).split(' ');

export interface EngineWatchOptions {
	readonly engine: Engine;
	readonly instance: string;
	readonly inventory: Inventory;
	readonly images: Images;
	readonly network: PodNetwork;
	readonly workers: Workers;
	readonly link: EngineLink;
	readonly log: Log;
}

export class EngineWatch {
	readonly #options: EngineWatchOptions;
	#found = Promise.withResolvers<void>();
	/** Of the connection on which events come. */
	#connection = new AbortController();
	/** The next one is not to be waited for. */
	#isDue = false;

	constructor(options: EngineWatchOptions) {
		this.#options = options;
	}

	/** Watches until the signal fires. Resolves when the first list is there; rejects when that fails. */
	start(signal: AbortSignal): Promise<void> {
		const { engine, link, log } = this.#options;
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		watchEvents(
			{
				events: (asked, cut) => {
					this.#connection = new AbortController();
					this.#isDue = false;
					const either = AbortSignal.any([cut, this.#connection.signal]);
					return engine.events({ ...asked, actions: CHANGES }, either);
				},
			},
			[],
			(event) => this.#onEvent(event),
			() => {
				// Listed after the engine listens, whoever else has found it meanwhile.
				this.lookAnew().then(resolve, reject);
				void link.found();
			},
			signal,
			() => link.doubt(),
			() => (this.#isDue ? Promise.resolve() : this.#found.promise),
		).catch((error: unknown) => {
			if (!signal.aborted) log.error('events', { error });
		});
		return promise;
	}

	/** Events may not come any more on the connection that there is: another one takes its place. */
	reconnect(): void {
		this.#isDue = true;
		this.#connection.abort();
	}

	/** Nothing that was known is taken for granted: lists what the engine has, and wakes everybody. Throws EngineError. */
	lookAnew(): Promise<void> {
		const { images, network, workers, log } = this.#options;
		images.forget();
		images.forgetInfra();
		network.forget();
		// Whoever waits to listen to it need not wait any longer.
		this.#found.resolve();
		this.#found = Promise.withResolvers();
		const listed = this.relist(true);
		listed.catch((error: unknown) => log.warn('relist', { error }));
		workers.wakeAll();
		return listed;
	}

	/** Lists the containers and wakes the pods whose list differs from what was known; `all`: every pod's. */
	async relist(all: boolean): Promise<void> {
		const { inventory, workers, link } = this.#options;
		const changed = await inventory.relist(all);
		link.heard();
		for (const uid of changed) workers.wake(uid);
	}

	#onEvent(event: EngineEvent): void {
		const { instance, images, workers, link } = this.#options;
		link.heard();
		switch (event.kind) {
			case 'image':
				images.forget();
				if (event.action === 'delete' || event.action === 'untag') images.forgetInfra();
				workers.wakeAll();
				break;
			case 'network':
				this.#onNetwork(event);
				break;
			case 'container':
				if (event.attributes[INSTANCE] === instance) this.#onContainer(event);
		}
	}

	#onNetwork(event: EngineEvent): void {
		const { network, inventory, workers } = this.#options;
		if (event.attributes['name'] !== network.name) return;
		if (event.action === 'destroy') network.forget();
		// Of a pause that runs on, nothing else tells that it has lost its address.
		const uid =
			event.action === 'disconnect' ? inventory.touch(event.attributes['container'] ?? '') : undefined;
		if (uid !== undefined) workers.wake(uid);
	}

	#onContainer({ action, id, attributes }: EngineEvent): void {
		const { inventory, workers } = this.#options;
		// Execs (probes, hooks) change nothing of their container; their events come in numbers.
		if (action.startsWith('exec_') || action === 'top' || action.startsWith('archive')) return;
		// Only podrun makes them, and the deed that does wakes its pod; a deed that was cut off is done again.
		if (action === 'create') return;
		const uid = action === 'destroy' ? inventory.forget(id) : inventory.touch(id, attributes[POD_UID]);
		if (uid === undefined) return;
		if (action === 'start' || action === 'die') workers.get(uid)?.lookAhead();
		workers.wake(uid);
	}
}
