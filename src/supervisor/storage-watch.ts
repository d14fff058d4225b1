/**
 * What the engine can't enforce on disks is watched, as a kubelet does: every ten seconds the pause measures the
 * emptyDir volumes that have a limit, and a pod that has filled one is evicted. (An emptyDir in memory has its limit
 * from the kernel.) So is a pod whose containers have written more than their limits of ephemeral-storage, with the
 * volumes on top; logs, which no engine tells the size of, are not counted.
 */
import { formatQuantity, parseQuantity, type Quantity } from '../api/quantity.ts';
import { containerLimits, containersLimits } from '../api/resources.ts';
import type { Pod } from '../api/types.ts';
import { type Engine, EngineError } from '../engine/engine.ts';
import type { Clock } from './clock.ts';
import type { PodFailure } from './journal.ts';
import type { Log } from './log.ts';
import { usageOfVolumes } from './pause-tools.ts';

/** As a kubelet's eviction manager. */
const PERIOD_MS = 10_000;
const STORAGE = 'ephemeral-storage';

export interface StorageWatchParts {
	readonly engine: Pick<Engine, 'exec' | 'writtenBytes'>;
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

/** A container that runs or has ended, with its limit of ephemeral-storage. */
interface Writer {
	readonly name: string;
	readonly id: string;
	readonly limit?: Quantity;
}

/** What is measured of a pod. */
interface Measured {
	readonly limits: readonly Limited[];
	/** emptyDir volumes on disk, of a pod with a limit in all. */
	readonly volumes: readonly string[];
	readonly writers: readonly Writer[];
	/** Of containers and volumes together. */
	readonly total?: Quantity;
}

interface Watch {
	readonly sandboxID: string;
	measured: Measured;
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
		const measured = measuredOf(pod);
		const before = this.#watches.get(uid);
		if (sandboxID === undefined || (measured.limits.length === 0 && measured.total === undefined)) {
			this.stop(uid);
		} else if (before?.sandboxID === sandboxID) {
			before.measured = measured;
		} else {
			this.stop(uid);
			const watch: Watch = { sandboxID, measured, cancel: () => {} };
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
		const message = await this.#exceeded(watch);
		if (message === undefined || this.#watches.get(uid) !== watch) return;
		this.#parts.onExceeded(uid, { reason: 'Evicted', message });
	}

	/** Why the pod is to go, in a kubelet's words and order. The space at their end is a kubelet's too. */
	async #exceeded({ sandboxID, measured }: Watch): Promise<string | undefined> {
		const { engine } = this.#parts;
		const { limits, volumes, writers, total } = measured;
		const names = [...new Set([...limits.map(({ volume }) => volume), ...volumes])];
		const sizes = names.length === 0 ? [] : await usageOfVolumes(engine, sandboxID, names);
		const usage = new Map(names.map((name, at) => [name, BigInt(sizes[at] ?? 0)]));
		const over = limits.find(({ volume, bytes }) => (usage.get(volume) ?? 0n) > bytes);
		if (over) return `Usage of EmptyDir volume "${over.volume}" exceeds the limit "${over.told}". `;
		if (total === undefined) return undefined;
		const written = await Promise.all(writers.map(({ id }) => this.#written(id)));
		const inVolumes = volumes.reduce((sum, name) => sum + (usage.get(name) ?? 0n), 0n);
		if (written.reduce((sum, bytes) => sum + bytes, inVolumes) > bytesOf(total))
			return `Pod ephemeral local storage usage exceeds the total limit of containers ${formatQuantity(total)}. `;
		const greedy = writers.find(({ limit }, at) => limit && (written[at] ?? 0n) > bytesOf(limit));
		if (greedy?.limit === undefined) return undefined;
		return `Container ${greedy.name} exceeded its local ephemeral storage limit "${formatQuantity(greedy.limit)}". `;
	}

	async #written(id: string): Promise<bigint> {
		try {
			return BigInt(await this.#parts.engine.writtenBytes(id));
		} catch (error) {
			if (error instanceof EngineError && error.code === 'NOT_FOUND') return 0n;
			throw error;
		}
	}
}

const bytesOf = ({ nano }: Quantity): bigint => nano / 1_000_000_000n;

function measuredOf(pod: Pod): Measured {
	const total = containersLimits(pod.spec)[STORAGE];
	const limits = diskLimits(pod);
	if (total === undefined) return { limits, volumes: [], writers: [] };
	const { volumes = [], containers, initContainers = [] } = pod.spec;
	const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
	const specs = new Map([...containers, ...initContainers].map((container) => [container.name, container]));
	const writers = statuses.flatMap(({ name, containerID }): Writer[] => {
		const spec = specs.get(name);
		if (!containerID || spec === undefined) return [];
		const limit = containerLimits(spec)[STORAGE];
		return [{ name, id: containerID.replace(/^.*:\/\//, ''), ...(limit === undefined ? {} : { limit }) }];
	});
	const onDisk = volumes.filter(({ emptyDir }) => emptyDir && emptyDir.medium !== 'Memory');
	return { limits, volumes: onDisk.map(({ name }) => name), writers, total };
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
