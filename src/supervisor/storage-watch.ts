/**
 * What the engine can't enforce on disks is watched, as a kubelet does: every ten seconds the pause measures the
 * emptyDir volumes that have a limit, and a pod that has filled one is evicted. (An emptyDir in memory has its limit
 * from the kernel.)
 */
import { formatQuantity, parseQuantity } from '../api/quantity.ts';
import type { Pod } from '../api/types.ts';
import type { Engine } from '../engine/engine.ts';
import type { Clock } from './clock.ts';
import type { PodFailure } from './journal.ts';
import type { Log } from './log.ts';
import { usageOfVolumes } from './pause-tools.ts';

/** As a kubelet's eviction manager. */
const PERIOD_MS = 10_000;

export interface StorageWatchParts {
	readonly engine: Pick<Engine, 'exec'>;
	readonly clock: Clock;
	readonly log: Log;
	readonly onExceeded: (uid: string, failure: PodFailure) => void;
	/** The engine is away: nothing is measured. */
	readonly isHeld: () => boolean;
}

interface Limited {
	readonly volume: string;
	readonly bytes: bigint;
	/** As messages tell it. */
	readonly told: string;
}

interface Watch {
	readonly sandboxID: string;
	limits: readonly Limited[];
	cancel: () => void;
}

export class StorageWatch {
	readonly #parts: StorageWatchParts;
	readonly #watches = new Map<string, Watch>();

	constructor(parts: StorageWatchParts) {
		this.#parts = parts;
	}

	/** Measures from now on, in this sandbox; without one, or without limits, not any more. */
	sync(pod: Pod, sandboxID: string | undefined): void {
		const uid = pod.metadata.uid ?? '';
		const limits = diskLimits(pod);
		const before = this.#watches.get(uid);
		if (sandboxID === undefined || limits.length === 0) {
			this.stop(uid);
		} else if (before?.sandboxID === sandboxID) {
			before.limits = limits;
		} else {
			this.stop(uid);
			const watch: Watch = { sandboxID, limits, cancel: () => {} };
			this.#watches.set(uid, watch);
			this.#wait(uid, watch);
		}
	}

	stop(uid: string): void {
		this.#watches.get(uid)?.cancel();
		this.#watches.delete(uid);
	}

	#wait(uid: string, watch: Watch): void {
		const { clock, log } = this.#parts;
		watch.cancel = clock.after(PERIOD_MS, () => {
			this.#measure(uid, watch)
				.catch((error: unknown) => log.warn('volumes could not be measured', { uid, error }))
				.finally(() => {
					if (this.#watches.get(uid) === watch) this.#wait(uid, watch);
				});
		});
	}

	async #measure(uid: string, watch: Watch): Promise<void> {
		if (this.#parts.isHeld()) return;
		const { limits, sandboxID } = watch;
		const names = limits.map(({ volume }) => volume);
		const used = await usageOfVolumes(this.#parts.engine, sandboxID, names);
		const over = limits.find(({ bytes }, at) => BigInt(used[at] ?? 0) > bytes);
		if (over === undefined || this.#watches.get(uid) !== watch) return;
		// The space at the end is a kubelet's.
		const message = `Usage of EmptyDir volume "${over.volume}" exceeds the limit "${over.told}". `;
		this.#parts.onExceeded(uid, { reason: 'Evicted', message });
	}
}

/** emptyDir volumes on disk that have a limit. */
function diskLimits(pod: Pod): Limited[] {
	return (pod.spec.volumes ?? []).flatMap(({ name, emptyDir }): Limited[] => {
		if (emptyDir?.sizeLimit === undefined || emptyDir.medium === 'Memory') return [];
		const limit = parseQuantity(emptyDir.sizeLimit as string | number);
		if (limit.nano <= 0n) return [];
		return [{ volume: name, bytes: limit.nano / 1_000_000_000n, told: formatQuantity(limit) }];
	});
}
