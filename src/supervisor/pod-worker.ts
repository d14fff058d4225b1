/**
 * One pod's loop: observe → decide → perform → publish, serially for the pod, in parallel across pods.
 *
 *        wake (event, verdict, finished deed, new spec, clock)
 *          │
 *          ▼
 *      observe ──▶ decide ──▶ publish status, tell notes ──▶ begin actions ──▶ sleep until wakeAt
 *          ▲                                                      │
 *          └────────────── a deed ended: journal it ◀─────────────┘
 *
 * Actions are not waited for: they are in flight, and `decide` sees that. Only the last state counts: ten
 * wakes during one turn make one more turn. What could not be done goes into the journal as a failure.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, Pod } from '../api/types.ts';
import type { Inventory } from '../engine/observe.ts';
import { type Action, formatAction, targetOf } from '../reconcile/action.ts';
import { decide } from '../reconcile/decide.ts';
import type { Admission, ObservedPod, Settings } from '../reconcile/observed.ts';
import type { Clock } from './clock.ts';
import { DeedError } from './deed-error.ts';
import { type EngineLink, isUnreachable } from './engine-link.ts';
import { Journal, type PodFailure } from './journal.ts';
import type { Log } from './log.ts';
import type { Observer } from './observer.ts';
import type { Performer } from './perform/performer.ts';
import { probeTargets } from './probe-targets.ts';
import type { Prober } from './prober.ts';
import type { Recorder } from './recorder.ts';
import { maxBackoffOf, profileOf } from './registry.ts';
import type { StorageWatch } from './storage-watch.ts';
import type { Store } from './store.ts';

export interface WorkerParts {
	readonly store: Store;
	readonly observer: Observer;
	readonly performer: Performer;
	readonly prober: Prober;
	readonly recorder: Recorder;
	readonly settings: Omit<Settings, 'profile'>;
	readonly nodeName: string;
	readonly clock: Clock;
	readonly log: Log;
	/** Room on the node, over all pods; asked until the pod is admitted. */
	readonly admit: (pod: Pod) => Admission;
	/** Why the node won't take the pod at all; asked before anything of it is started. */
	readonly reject: (pod: Pod) => PodFailure | undefined;
	readonly storage: StorageWatch;
	/** While the engine is away, nothing is looked at and nothing is done. */
	readonly link: EngineLink;
	/** The pod and all that it had are gone. */
	readonly onGone: (worker: PodWorker) => void;
}

/** After an observation that failed (engine away): first and longest pause, in ms. */
const RETRY_FIRST = 200;
const RETRY_MOST = 5_000;

/** Deeds that leave something on the engine. */
const MAKING: ReadonlySet<string> = new Set<Action['type']>([
	'CreateVolumes',
	'WriteVolumes',
	'CreateSandbox',
	'StartSandbox',
	'CreateContainer',
	'StartContainer',
]);

export class PodWorker {
	readonly namespace: string;
	readonly name: string;
	readonly uid: string;
	readonly journal: Journal;
	readonly #parts: WorkerParts;
	#dirty = false;
	/** Generation and deletion that are known to be on disk. */
	#durable = '';
	#turning: Promise<void> | undefined;
	#timer: (() => void) | undefined;
	#stopped = false;
	#retry = RETRY_FIRST;
	readonly #waiting = new Set<() => void>();

	constructor(pod: Pod, parts: WorkerParts) {
		this.namespace = pod.metadata.namespace ?? 'default';
		this.name = pod.metadata.name;
		this.uid = pod.metadata.uid ?? '';
		this.#parts = parts;
		this.journal = new Journal(parts.clock);
	}

	/** Something may have changed: look again, soon and once. */
	wake(): void {
		this.#dirty = true;
		// While all of it is being removed there is nothing to decide: the deed's end wakes it.
		if (this.#turning !== undefined || this.#isHeld || this.journal.inFlight.has('pod')) return;
		this.#turning = this.#turns().finally(() => {
			this.#turning = undefined;
			if (this.#dirty) this.wake();
		});
	}

	/**
	 * A container has started or ended. The engine lets nobody look at one that it is busy with: a turn that waits for
	 * such a look is not to hold back the looks of the next one.
	 */
	lookAhead(): void {
		const isIdle = this.#turning === undefined || this.#isHeld || this.journal.inFlight.has('pod');
		if (!isIdle) this.#parts.observer.lookAhead(this.uid);
	}

	/** Ends the loop; deeds that are in flight go on by themselves. Containers are left as they are. */
	stop(): void {
		this.#stopped = true;
		this.#timer?.();
		this.#parts.prober.stop(this.uid);
		this.#parts.storage.stop(this.uid);
	}

	/** Resolves after a turn that found nothing to do at once, with nothing in flight; rejects with the signal. */
	settled(signal: AbortSignal): Promise<void> {
		return new Promise((resolve, reject) => {
			const abort = (): void => {
				this.#waiting.delete(resolve);
				reject(signal.reason);
			};
			if (signal.aborted) return abort();
			signal.addEventListener('abort', abort, { once: true });
			this.#waiting.add(() => {
				signal.removeEventListener('abort', abort);
				resolve();
			});
			this.wake();
		});
	}

	/** The engine was away, and is back: what could not be done for want of it is tried again at once. */
	engineIsBack(): void {
		this.journal.forgiveAbsence();
		this.#retry = RETRY_FIRST;
		this.wake();
	}

	/** The pod as it is stored now, if it is still the one that this worker serves. */
	get pod(): Pod | undefined {
		const pod = this.#parts.store.get<Pod>('Pod', this.namespace, this.name);
		return pod?.metadata.uid === this.uid ? pod : undefined;
	}

	/** Ends the named container's attempt once (all app containers without a name); an init container runs again. */
	restart(pod: Pod, container: string | undefined, inventory: Inventory): void {
		const inits = pod.spec.initContainers ?? [];
		const names = container === undefined ? pod.spec.containers.map(({ name }) => name) : [container];
		for (const name of names) {
			const init = inits.find((one) => one.name === name);
			if (init !== undefined && init.restartPolicy !== 'Always') this.journal.rerunInit.add(name);
			else for (const id of inventory.running(this.uid, name)) this.journal.restartRequested.add(id);
		}
		this.wake();
	}

	get #isHeld(): boolean {
		return this.#stopped || this.#parts.link.isAway;
	}

	async #turns(): Promise<void> {
		// Given away, so that all wakes of this tick are one.
		await Promise.resolve();
		while (this.#dirty && !this.#isHeld) {
			this.#dirty = false;
			this.#timer?.();
			this.#timer = undefined;
			try {
				await this.#turn();
				this.#retry = RETRY_FIRST;
			} catch (error) {
				if (isUnreachable(error)) this.#parts.link.doubt();
				else this.#tellWhy(error);
				this.#sleep(this.#retry);
				this.#retry = Math.min(this.#retry * 2, RETRY_MOST);
			}
		}
	}

	/** Nothing can be decided for the pod now. */
	#tellWhy(error: unknown): void {
		const { log, recorder, clock } = this.#parts;
		log.warn('pod could not be looked at', { pod: this.#told, error });
		const { pod } = this;
		if (pod === undefined || !(error instanceof DeedError)) return;
		for (const note of error.notes) recorder.record(pod, note, clock.now());
	}

	async #turn(): Promise<void> {
		const { observer, settings, recorder, clock } = this.#parts;
		const before = this.pod;
		if (before === undefined) return this.#gone();
		const admission = this.#parts.admit(before);
		const observed = await observer.observe(before, this.journal, admission);
		// It may have changed while the engine was asked: decide on the newest.
		let { pod } = this;
		// What is done for a spec or a deletion that a killed supervisor has not written, the next one would undo.
		while (pod !== undefined && wantedOf(pod) !== this.#durable) {
			const wanted = wantedOf(pod);
			await this.#parts.store.flush();
			this.#durable = wanted;
			pod = this.pod;
		}
		if (pod === undefined) return this.#gone();
		const decision = decide(this.#judged(pod, observed), observed, {
			...settings,
			maxRestartBackoffMs: maxBackoffOf(pod) ?? settings.maxRestartBackoffMs,
			profile: profileOf(pod),
			nodeName: this.#parts.nodeName,
		});
		const published = this.#publish(pod, decision.status, admission);
		for (const note of decision.notes) recorder.record(published, note, clock.now());
		for (const action of decision.actions) this.#begin(action, published, observed);
		this.#parts.prober.sync(this.uid, probeTargets(published, observed));
		this.#parts.storage.sync(published, isOver(published) ? undefined : runningSandbox(observed));
		if (decision.actions.length === 0 && this.journal.inFlight.size === 0 && !this.#dirty)
			this.#tellSettled();
		if (decision.wakeAt !== undefined) this.#sleep(decision.wakeAt - clock.now());
	}

	/** The pod with the phase Failed, when the node has given it up: `decide` takes a final phase as it is. */
	#judged(pod: Pod, observed: ObservedPod): Pod {
		if (isOver(pod) || pod.metadata.deletionTimestamp !== undefined) return pod;
		const begun = observed.sandboxes.length > 0 || !observed.admission.admitted;
		const rejected = begun ? undefined : this.#parts.reject(pod);
		const failure = this.journal.failed ?? rejected;
		if (failure === undefined) return pod;
		const { recorder, clock } = this.#parts;
		const { reason, message } = failure;
		recorder.record(pod, { type: 'Warning', reason, message }, clock.now());
		const told = failure === rejected ? `Pod was rejected: ${message}` : message;
		return { ...pod, status: { ...pod.status, phase: 'Failed', reason, message: told } };
	}

	#tellSettled(): void {
		for (const resolve of this.#waiting) resolve();
		this.#waiting.clear();
	}

	#publish(pod: Pod, status: Pod['status'], admission: Admission): Pod {
		const bound = admission.admitted && pod.spec.nodeName === undefined;
		if (!bound && isDeepStrictEqual(status, pod.status)) return pod;
		const spec = bound ? { ...pod.spec, nodeName: this.#parts.nodeName } : pod.spec;
		const next = { ...pod, spec, status } as unknown as KubeObject;
		return this.#parts.store.update(next) as unknown as Pod;
	}

	#begin(action: Action, pod: Pod, observed: ObservedPod): void {
		const target = targetOf(action);
		if (this.journal.inFlight.has(target)) return;
		// What is being made now would come after all was removed, and stay: its end wakes the worker again.
		if (action.type === 'RemovePod' && this.journal.inFlight.values().some((type) => MAKING.has(type)))
			return;
		this.journal.inFlight.set(target, action.type);
		this.#parts.log.debug('begin', { pod: this.#told, action: formatAction(action) });
		this.#perform(action, target, pod, observed).finally(() => {
			this.journal.inFlight.delete(target);
			if (action.type === 'RemovePod' && !this.journal.failures.has(target)) this.#gone();
			else this.wake();
		});
	}

	/** Never rejects: what fails becomes an observation. */
	async #perform(action: Action, target: string, pod: Pod, observed: ObservedPod): Promise<void> {
		const { performer, recorder, clock, log, link } = this.#parts;
		try {
			await performer.perform(action, { pod, observed, journal: this.journal });
			this.journal.failures.delete(target);
		} catch (error) {
			const deed = DeedError.of(error, action);
			if (deed.isAbsence) link.doubt();
			this.journal.fail(target, deed.reason, deed.message, clock.now());
			for (const note of deed.notes) recorder.record(pod, note, clock.now());
			log.info('failed', {
				pod: this.#told,
				action: formatAction(action),
				reason: deed.reason,
				error: deed.message,
			});
		}
	}

	#gone(): void {
		if (this.#stopped) return;
		this.stop();
		this.#tellSettled();
		this.#parts.onGone(this);
	}

	#sleep(ms: number): void {
		this.#timer?.();
		this.#timer = this.#parts.clock.after(Math.max(ms, 0), () => this.wake());
	}

	get #told(): string {
		return `${this.namespace}/${this.name}`;
	}
}

/** Changes with what users want of the pod, not with its status. */
function wantedOf({ metadata }: Pod): string {
	return `${metadata.generation} ${metadata.deletionTimestamp ?? ''}`;
}

/** Its phase is final. */
export function isOver(pod: Pod): boolean {
	return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

function runningSandbox({ sandboxes }: ObservedPod): string | undefined {
	return sandboxes[0]?.state === 'running' ? sandboxes[0].id : undefined;
}
