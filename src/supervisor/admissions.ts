/**
 * Gang admission over all pods of the node: a pod gets all that it asks for, or waits as a whole. Once
 * admitted a pod stays so; a finished one, or one that is gone, gives its room back.
 */
import type { WatchEvent } from '../api/backend.ts';
import { parseQuantity, quantityOf } from '../api/quantity.ts';
import type { PersistentVolumeClaim, Pod } from '../api/types.ts';
import { admit, demandOf } from '../reconcile/admission.ts';
import type { Admission } from '../reconcile/observed.ts';
import { GATED_MESSAGE } from '../reconcile/status.ts';
import type { NodeFacts } from '../translate/context.ts';
import type { Clock } from './clock.ts';
import type { Store } from './store.ts';

export class Admissions {
	readonly #store: Store;
	readonly #node: NodeFacts;
	readonly #clock: Clock;
	/** By uid: since when. */
	readonly #admitted = new Map<string, number>();

	constructor(store: Store, node: NodeFacts, clock: Clock) {
		this.#store = store;
		this.#node = node;
		this.#clock = clock;
	}

	/** Whether there is room for the pod now; the answer is remembered when it is yes. */
	admit(pod: Pod): Admission {
		const uid = pod.metadata.uid ?? '';
		// A pod that has a node was admitted by this supervisor or by the one before it.
		const since =
			this.#admitted.get(uid) ?? (pod.spec.nodeName === undefined ? undefined : this.#clock.now());
		if (since !== undefined) {
			this.#admitted.set(uid, since);
			return { admitted: true, at: since };
		}
		// Nobody looks for a node for it, so it has none yet, and takes no room.
		if (pod.spec.schedulingGates?.length) {
			return { admitted: false, reason: 'SchedulingGated', message: GATED_MESSAGE };
		}
		const lacking = this.#lackingClaim(pod);
		if (lacking !== undefined) {
			const message = `0/1 nodes are available: persistentvolumeclaim ${lacking}`;
			return { admitted: false, reason: 'Unschedulable', message };
		}
		const others = this.#store
			.list<Pod>('Pod')
			.items.filter(
				(other) =>
					other.metadata.uid !== uid && this.#admitted.has(other.metadata.uid ?? '') && !finished(other),
			);
		const capacity = { cpu: parseQuantity(this.#node.cpus), memory: quantityOf(this.#node.memoryBytes) };
		const admission = admit(demandOf(pod), capacity, others.map(demandOf), this.#clock.now());
		if (admission.admitted) this.#admitted.set(uid, admission.at);
		return admission;
	}

	/** Whether this change of a pod may have made room for another one. */
	changed(event: WatchEvent): boolean {
		const pod = event.object as unknown as Pod;
		if (event.type === 'DELETED') {
			this.#admitted.delete(pod.metadata.uid ?? '');
			return true;
		}
		return finished(pod) && event.previous !== undefined && !finished(event.previous as unknown as Pod);
	}

	/** The first claim that the pod can't have, and why. */
	#lackingClaim(pod: Pod): string | undefined {
		for (const { persistentVolumeClaim } of pod.spec.volumes ?? []) {
			const name = persistentVolumeClaim?.claimName;
			if (name === undefined) continue;
			const namespace = pod.metadata.namespace ?? 'default';
			const claim = this.#store.get<PersistentVolumeClaim>('PersistentVolumeClaim', namespace, name);
			if (claim === undefined) return `"${name}" not found. not found`;
			if (claim.metadata.deletionTimestamp !== undefined) return `"${name}" is being deleted.`;
		}
		return undefined;
	}
}

function finished(pod: Pod): boolean {
	return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}
