/**
 * The workers of all pods, by uid: each from its pod's first sight until nothing of the pod is left on the engine.
 * When one has gone, somebody who waits for room or for an address may have it.
 */
import { notFound } from '../api/errors.ts';
import type { KubeObject, Pod } from '../api/types.ts';
import { releaseClaims } from './claims.ts';
import type { PodWorker } from './pod-worker.ts';
import type { Store } from './store.ts';

export interface WorkersOptions {
	readonly store: Store;
	/** Makes the worker of a pod; it calls `onGone` when the pod and all that it had are gone. */
	readonly make: (pod: Pod, onGone: (worker: PodWorker) => void) => PodWorker;
	/** What was kept for the pod is needed no more. */
	readonly onGone: (uid: string) => void;
}

export class Workers {
	readonly #options: WorkersOptions;
	readonly #workers = new Map<string, PodWorker>();

	constructor(options: WorkersOptions) {
		this.#options = options;
	}

	get(uid: string | undefined): PodWorker | undefined {
		return this.#workers.get(uid ?? '');
	}

	/** The worker of a stored pod. Throws ApiError 404. */
	find(namespace: string, name: string): PodWorker {
		const worker = this.get(this.#options.store.get<Pod>('Pod', namespace, name)?.metadata.uid);
		if (worker?.pod === undefined) throw notFound('pods', name);
		return worker;
	}

	all(): Iterable<PodWorker> {
		return this.#workers.values();
	}

	/** Whether there is no pod but this one. */
	isLast(uid: string): boolean {
		return [...this.#workers.keys()].every((other) => other === uid);
	}

	/** Gives the pod its worker, unless it has one. */
	serve(pod: Pod): void {
		const uid = pod.metadata.uid ?? '';
		if (this.#workers.has(uid)) return;
		const worker = this.#options.make(pod, (gone) => this.#release(gone));
		this.#workers.set(uid, worker);
		worker.wake();
	}

	wake(uid: string): void {
		this.#workers.get(uid)?.wake();
	}

	wakeAll(): void {
		for (const worker of this.#workers.values()) worker.wake();
	}

	#release(worker: PodWorker): void {
		const { store, onGone } = this.#options;
		this.#workers.delete(worker.uid);
		onGone(worker.uid);
		if (worker.pod !== undefined) store.remove('Pod', worker.namespace, worker.name);
		releaseClaims(store);
		const namespace = store.get<KubeObject>('Namespace', undefined, worker.namespace);
		const terminating = (namespace?.['status'] as { phase?: string } | undefined)?.phase === 'Terminating';
		if (terminating && store.list('Pod', worker.namespace).items.length === 0) {
			store.remove('Namespace', undefined, worker.namespace);
		}
		this.wakeAll();
	}
}
