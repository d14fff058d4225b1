/**
 * Files synced into containers, so that they stay: each container has an overlay of what the host has, kept
 * on disk. A body goes into the overlay first and then into the attempt that is there; an attempt that is made
 * later gets the whole overlay before it starts. So a crash, a restart or another image loses nothing.
 */
import { ApiError, badRequest } from '../../api/errors.ts';
import type { SyncHeader, SyncResult } from '../../api/sync.ts';
import type { AnyContainer, Pod } from '../../api/types.ts';
import { type Engine, EngineError } from '../../engine/engine.ts';
import type { Inventory, KnownContainer } from '../../engine/observe.ts';
import { POD_CONTAINER } from '../../translate/names.ts';
import type { Log } from '../log.ts';
import { missingFolders, type Parcel, remove, write } from './deliver.ts';
import type { Overlay } from './overlay.ts';
import { Overlays } from './overlays.ts';
import { type Owner, ownerOf } from './owner.ts';
import { containerOf, inPause, newest, parcelsOf, readHeader } from './parcels.ts';
import { placeOf } from './places.ts';

export interface SyncParts {
	readonly engine: Engine;
	readonly inventory: Inventory;
	readonly log: Log;
	/** Overlays live in `sync/<pod uid>/<container>` of it. */
	readonly stateFolder: string;
	/** ms after its start in which a watch that goes on may not have come back yet. */
	readonly mayReturn?: number;
	/** A container starts without its synced files, since it can't take them. */
	readonly onRefused?: (pod: Pod, container: string, why: string) => void;
}

/** Removed paths up to this number are looked for one by one in a new attempt; most images never had them. */
const LOOKED_FOR = 30;
const MAY_RETURN = 15_000;
const RM = ['rm', '-rf', '--'];
const PAUSE_REMOVE = ['/pause', 'remove'];

/** What one attempt, or a volume by way of its pause, has got. */
interface Delivered {
	readonly generation: number;
}

export class PodSync {
	readonly #parts: SyncParts;
	readonly #overlays: Overlays;
	/** How many watch a pod, by uid. */
	readonly #watching = new Map<string, number>();
	readonly #began = performance.now();
	readonly #turns = new Map<string, Promise<unknown>>();
	/** Attempts by id. */
	readonly #roots = new Map<string, Delivered>();
	/** By `<uid>/<container>`: the pause through which the volumes got all of the overlay. */
	readonly #volumes = new Map<string, string>();
	/** Folders that are known to be there, by container id. */
	readonly #folders = new Map<string, Set<string>>();
	readonly #owners = new Map<string, Owner>();

	constructor(parts: SyncParts) {
		this.#parts = parts;
		this.#overlays = new Overlays(parts.stateFolder, parts.log);
	}

	/** Drops the overlays of pods that are no more. `uids`: those that are stored. */
	clean(uids: ReadonlySet<string>): Promise<void> {
		return this.#overlays.clean(uids);
	}

	/** The pod is gone. */
	forget(uid: string): void {
		for (const key of [...this.#volumes.keys()]) if (key.startsWith(`${uid}/`)) this.#volumes.delete(key);
		this.#overlays.forget(uid);
	}

	/**
	 * Leaves a body (see api/sync.ts) for a pod that is about to be made. Throws ApiError 400 for a body or names
	 * that are none; whether the pod can take it shows when it is made.
	 */
	async stage(namespace: string, pod: string, container: string, body: Buffer): Promise<void> {
		readHeader(body);
		await this.#overlays.stage(namespace, pod, container, body);
	}

	/** Drops what was left for a pod and not taken. Throws ApiError 400. */
	unstage(namespace: string, pod: string): Promise<void> {
		return this.#overlays.unstage(namespace, pod);
	}

	/** Somebody keeps a pod's overlays current until the signal. */
	async watched(uid: string, signal: AbortSignal): Promise<void> {
		this.#watching.set(uid, (this.#watching.get(uid) ?? 0) + 1);
		if (!signal.aborted) {
			await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
		}
		const left = (this.#watching.get(uid) ?? 1) - 1;
		if (left > 0) this.#watching.set(uid, left);
		else this.#watching.delete(uid);
	}

	/** Absolute paths that the overlay of a container holds. Throws ApiError 400 for a container that is not there. */
	async paths(pod: Pod, container: string): Promise<string[]> {
		containerOf(pod, container);
		return (await this.#overlays.of(pod, container)).paths();
	}

	/**
	 * Keeps a body (see api/sync.ts) and brings it into the running attempt. Throws ApiError 400 for a body that
	 * is none or a path that can't be synced, 422 when the container refuses it, EngineError when no engine answers.
	 */
	sync(pod: Pod, name: string, body: Buffer): Promise<SyncResult> {
		const container = containerOf(pod, name);
		const header = readHeader(body);
		for (const path of [...header.removed, ...header.entries.map((entry) => entry.path)]) {
			const place = placeOf(pod, container, path);
			if (place.type === 'refused') throw badRequest(place.reason);
		}
		return this.#inTurn(pod, name, async () => {
			const overlay = await this.#overlays.of(pod, name);
			const fresh = overlay.isEmpty;
			await overlay.add(body);
			const known = await this.#parts.inventory.observe(pod.metadata.uid ?? '');
			const pause = newest(known, POD_CONTAINER);
			const attempt = newest(known, name);
			try {
				const parcels = parcelsOf(header, body);
				const delivered = await this.#intoAttempt(pod, container, overlay, attempt, header, parcels);
				const inVolumes = await this.#intoVolumes(pod, container, pause, attempt, header, parcels, fresh);
				return { delivered: delivered.done && inVolumes.done, ...(delivered.result ?? inVolumes.result) };
			} catch (error) {
				if (!(error instanceof EngineError) || error.code === 'UNREACHABLE' || error.code === 'ABORTED')
					throw error;
				if (attempt === undefined || !(await this.#runs(attempt.observed.id))) return { delivered: false };
				await overlay.drop(header);
				throw new ApiError(422, 'Invalid', `container "${name}" refuses the files: ${error.message}`);
			}
		});
	}

	/** Before an attempt starts: all that was synced into its container goes into it. Throws EngineError. */
	prepare(pod: Pod, name: string, id: string, sandboxID: string | undefined): Promise<void> {
		return this.#inTurn(pod, name, async () => {
			const overlay = await this.#overlays.of(pod, name);
			if (!overlay.isEmpty) await this.#dropStale(pod, name, overlay, id);
			const { generation } = overlay;
			if (!overlay.isEmpty && this.#roots.get(id)?.generation !== generation) {
				try {
					await this.#layOver(pod, name, overlay, id, sandboxID);
				} catch (error) {
					// What a container can't take (its root filesystem is read-only now) must not keep it from running.
					if (!(error instanceof EngineError) || !['UNKNOWN', 'BAD_REQUEST'].includes(error.code))
						throw error;
					this.#parts.log.warn('synced files not brought back', { pod: pod.metadata.name, name, error });
					this.#parts.onRefused?.(pod, name, error.message);
				}
			}
			this.#roots.set(id, { generation });
		});
	}

	/**
	 * What a watch that has ended left behind is older than an image that was made since: its files would hide
	 * those of the image. While somebody watches, what is synced is the newer.
	 */
	async #dropStale(pod: Pod, name: string, overlay: Overlay, id: string): Promise<void> {
		const { imageID } = await this.#parts.engine.inspectContainer(id);
		const watched = this.#watching.has(pod.metadata.uid ?? '');
		const mayReturn = performance.now() - this.#began < (this.#parts.mayReturn ?? MAY_RETURN);
		if (overlay.image !== undefined && overlay.image !== imageID && !watched && !mayReturn) {
			await overlay.clear();
			this.#parts.log.info('synced files are left out: nobody watches and the image is another', {
				pod: pod.metadata.name,
				container: name,
			});
		} else await overlay.layOver(imageID);
	}

	async #layOver(
		pod: Pod,
		name: string,
		overlay: Overlay,
		id: string,
		sandboxID: string | undefined,
	): Promise<void> {
		const container = containerOf(pod, name);
		const all = async (type: 'root' | 'volume'): Promise<Parcel[]> => {
			const parcels: Parcel[] = [];
			for await (const { entry, content } of overlay.entries()) {
				if (placeOf(pod, container, entry.path).type === type)
					parcels.push({ path: entry.path, entry, content });
			}
			return parcels;
		};
		const owner = await this.#owner(pod, container, id);
		await this.#write(id, await all('root'), owner);
		if (sandboxID === undefined || this.#volumes.get(keyOf(pod, name)) === sandboxID) return;
		await this.#write(sandboxID, inPause(pod, container, await all('volume')), owner);
		this.#volumes.set(keyOf(pod, name), sandboxID);
	}

	/** After the start: what was removed on the host goes, where the image has it. */
	async started(pod: Pod, name: string, id: string): Promise<void> {
		const overlay = await this.#overlays.of(pod, name);
		const container = containerOf(pod, name);
		const removed = overlay.removed().filter((path) => placeOf(pod, container, path).type === 'root');
		if (removed.length === 0) return;
		const { engine, log } = this.#parts;
		try {
			let there = removed;
			if (removed.length <= LOOKED_FOR) {
				const found = await Promise.all(removed.map((path) => engine.statPath(id, path)));
				there = removed.filter((_path, index) => found[index] !== undefined);
			}
			if (there.length > 0) await remove(engine, id, there, RM);
		} catch (error) {
			log.warn('files that were removed on the host may be back', { pod: pod.metadata.name, name, error });
		}
	}

	async #intoAttempt(
		pod: Pod,
		container: AnyContainer,
		overlay: Overlay,
		attempt: KnownContainer | undefined,
		header: SyncHeader,
		all: readonly Parcel[],
	): Promise<{ done: boolean; result?: Pick<SyncResult, 'notRemoved'> }> {
		const parcels = all.filter(({ path }) => placeOf(pod, container, path).type === 'root');
		const removed = header.removed.filter((path) => placeOf(pod, container, path).type === 'root');
		if (attempt === undefined) return { done: parcels.length === 0 && removed.length === 0 };
		const { id, state } = attempt.observed;
		const running = state === 'running' || state === 'paused';
		// One that is merely made gets the whole overlay before it starts, unless it had all but this.
		const ahead = state === 'created' && this.#roots.get(id)?.generation === overlay.generation - 1;
		if (!running && !ahead) return { done: parcels.length === 0 && removed.length === 0 };
		let reason: string | undefined;
		if (removed.length > 0 && state === 'running') {
			reason = await remove(this.#parts.engine, id, removed, RM);
			this.#folders.delete(id);
		}
		await this.#write(id, parcels, await this.#owner(pod, container, id));
		if (overlay.image === undefined) await overlay.layOver(attempt.observed.imageID);
		this.#roots.set(id, { generation: overlay.generation });
		return {
			done: true,
			...(reason === undefined ? {} : { result: { notRemoved: { paths: removed, reason } } }),
		};
	}

	async #intoVolumes(
		pod: Pod,
		container: AnyContainer,
		pause: KnownContainer | undefined,
		attempt: KnownContainer | undefined,
		header: SyncHeader,
		all: readonly Parcel[],
		fresh: boolean,
	): Promise<{ done: boolean; result?: Pick<SyncResult, 'notRemoved'> }> {
		const parcels = inPause(pod, container, all);
		const removed = header.removed.flatMap((path) => {
			const place = placeOf(pod, container, path);
			return place.type === 'volume' ? [place.path] : [];
		});
		if (parcels.length === 0 && removed.length === 0) return { done: true };
		// Before the container has started once, init containers may still be filling the volume.
		const early =
			attempt === undefined || (attempt.observed.state === 'created' && attempt.observed.attempt === 0);
		if (pause === undefined || pause.observed.state !== 'running' || early) return { done: false };
		const { id } = pause.observed;
		let reason: string | undefined;
		if (removed.length > 0) {
			reason = await remove(this.#parts.engine, id, removed, PAUSE_REMOVE);
			this.#folders.delete(id);
		}
		await this.#write(id, parcels, await this.#owner(pod, container, attempt.observed.id));
		if (fresh) this.#volumes.set(keyOf(pod, container.name), id);
		return {
			done: true,
			...(reason === undefined ? {} : { result: { notRemoved: { paths: removed, reason } } }),
		};
	}

	async #write(id: string, parcels: readonly Parcel[], owner: Owner): Promise<void> {
		if (parcels.length === 0) return;
		const { engine } = this.#parts;
		const known = this.#folders.get(id) ?? new Set<string>();
		this.#folders.set(id, known);
		const paths = parcels.map(({ path }) => path);
		await write(engine, id, parcels, owner, await missingFolders(engine, id, paths, known));
	}

	async #owner(pod: Pod, container: AnyContainer, id: string): Promise<Owner> {
		const before = this.#owners.get(id);
		if (before !== undefined) return before;
		const { engine } = this.#parts;
		const { imageID } = await engine.inspectContainer(id);
		const owner = await ownerOf(engine, pod, container, { id, imageID });
		this.#owners.set(id, owner);
		return owner;
	}

	async #runs(id: string): Promise<boolean> {
		const found = await this.#parts.engine.inspectContainer(id).catch(() => undefined);
		return found?.status === 'running';
	}

	/** One after the other for one container: an attempt gets what came before it and nothing twice. */
	#inTurn<T>(pod: Pod, name: string, work: () => Promise<T>): Promise<T> {
		const key = keyOf(pod, name);
		const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work, work);
		const settled = turn
			.catch(() => {})
			.finally(() => {
				if (this.#turns.get(key) === settled) this.#turns.delete(key);
			});
		this.#turns.set(key, settled);
		return turn;
	}
}

function keyOf(pod: Pod, container: string): string {
	return `${pod.metadata.uid ?? ''}/${container}`;
}
