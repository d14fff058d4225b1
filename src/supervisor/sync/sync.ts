/**
 * Files synced into containers, so that they stay: each container has an overlay of what the host has, kept
 * on disk. A body goes into the overlay first and then into the attempt that is there; an attempt that is made
 * later gets the whole overlay before it starts. So a crash, a restart or another image loses nothing.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError, badRequest } from '../../api/errors.ts';
import { decodeSync, type SyncHeader, type SyncResult } from '../../api/sync.ts';
import type { AnyContainer, Pod } from '../../api/types.ts';
import { type Engine, EngineError } from '../../engine/engine.ts';
import type { Inventory, KnownContainer } from '../../engine/observe.ts';
import { POD_CONTAINER } from '../../translate/names.ts';
import { allContainers } from '../../translate/volumes.ts';
import type { Log } from '../log.ts';
import { missingFolders, type Parcel, remove, write } from './deliver.ts';
import { Overlay } from './overlay.ts';
import { type Owner, ownerOf } from './owner.ts';
import { placeOf } from './places.ts';

export interface SyncParts {
	readonly engine: Engine;
	readonly inventory: Inventory;
	readonly log: Log;
	/** Overlays live in `sync/<pod uid>/<container>` of it. */
	readonly stateFolder: string;
}

/** Removed paths up to this number are looked for one by one in a new attempt; most images never had them. */
const LOOKED_FOR = 30;
const RM = ['rm', '-rf', '--'];
const PAUSE_REMOVE = ['/pause', 'remove'];

/** What one attempt, or a volume by way of its pause, has got. */
interface Delivered {
	readonly generation: number;
}

export class PodSync {
	readonly #parts: SyncParts;
	readonly #folder: string;
	/** By `<uid>/<container>`. */
	readonly #overlays = new Map<string, Promise<Overlay>>();
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
		this.#folder = join(parts.stateFolder, 'sync');
	}

	/** Drops the overlays of pods that are no more. `uids`: those that are stored. */
	async clean(uids: ReadonlySet<string>): Promise<void> {
		for (const uid of await readdir(this.#folder).catch(() => [])) {
			if (!uids.has(uid)) await rm(join(this.#folder, uid), { recursive: true, force: true });
		}
	}

	/** The pod is gone. */
	forget(uid: string): void {
		for (const map of [this.#overlays, this.#volumes]) {
			for (const key of [...map.keys()]) if (key.startsWith(`${uid}/`)) map.delete(key);
		}
		rm(join(this.#folder, uid), { recursive: true, force: true }).catch((error: unknown) => {
			this.#parts.log.warn('synced files of a pod that is gone could not be removed', { uid, error });
		});
	}

	/** Absolute paths that the overlay of a container holds. Throws ApiError 400 for a container that is not there. */
	async paths(pod: Pod, container: string): Promise<string[]> {
		containerOf(pod, container);
		return (await this.#overlay(pod, container)).paths();
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
			const overlay = await this.#overlay(pod, name);
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
			const overlay = await this.#overlay(pod, name);
			const { generation } = overlay;
			if (!overlay.isEmpty && this.#roots.get(id)?.generation !== generation) {
				const container = containerOf(pod, name);
				const all = async (root: boolean): Promise<Parcel[]> => {
					const parcels: Parcel[] = [];
					for await (const { entry, content } of overlay.entries()) {
						const place = placeOf(pod, container, entry.path);
						if (place.type === (root ? 'root' : 'volume')) parcels.push({ path: entry.path, entry, content });
					}
					return parcels;
				};
				try {
					const parcels = await all(true);
					const owner = await this.#owner(pod, container, id);
					await this.#write(id, parcels, owner);
					if (sandboxID !== undefined && this.#volumes.get(keyOf(pod, name)) !== sandboxID) {
						await this.#write(sandboxID, inPause(pod, container, await all(false)), owner);
						this.#volumes.set(keyOf(pod, name), sandboxID);
					}
				} catch (error) {
					// What a container can't take (its root filesystem is read-only now) must not keep it from running.
					if (!(error instanceof EngineError) || !['UNKNOWN', 'BAD_REQUEST'].includes(error.code))
						throw error;
					this.#parts.log.warn('synced files not brought back', { pod: pod.metadata.name, name, error });
				}
			}
			this.#roots.set(id, { generation });
		});
	}

	/** After the start: what was removed on the host goes, where the image has it. */
	async started(pod: Pod, name: string, id: string): Promise<void> {
		const overlay = await this.#overlay(pod, name);
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
		const early = attempt === undefined || attempt.observed.state === 'created';
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

	#overlay(pod: Pod, name: string): Promise<Overlay> {
		const key = keyOf(pod, name);
		let overlay = this.#overlays.get(key);
		if (overlay === undefined) {
			overlay = Overlay.load(join(this.#folder, key));
			this.#overlays.set(key, overlay);
		}
		return overlay;
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

function containerOf(pod: Pod, name: string): AnyContainer {
	const found = allContainers(pod).find((container) => container.name === name);
	if (found === undefined) throw badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`);
	return found;
}

function newest(known: readonly KnownContainer[], name: string): KnownContainer | undefined {
	return known
		.filter(({ observed }) => observed.name === name)
		.sort(
			(a, b) => b.observed.attempt - a.observed.attempt || b.observed.createdAt - a.observed.createdAt,
		)[0];
}

function readHeader(body: Buffer): SyncHeader {
	try {
		return decodeSync(body).header;
	} catch (error) {
		throw badRequest(`the files can't be read: ${(error as Error).message}`);
	}
}

function parcelsOf(header: SyncHeader, body: Buffer): Parcel[] {
	let at = decodeSync(body).dataAt;
	return header.entries.map((entry) => {
		const content = body.subarray(at, at + entry.size);
		at += entry.size;
		return { path: entry.path, entry, content };
	});
}

function inPause(pod: Pod, container: AnyContainer, parcels: readonly Parcel[]): Parcel[] {
	return parcels.flatMap((parcel) => {
		const place = placeOf(pod, container, parcel.path);
		return place.type === 'volume' ? [{ ...parcel, path: place.path }] : [];
	});
}
