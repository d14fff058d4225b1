/**
 * The overlays of all containers, by pod and container, in `sync` of the state folder; and files that were left
 * there for a pod that is about to be made, so that its first attempts begin with them.
 */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { badRequest } from '../../api/errors.ts';
import type { Pod } from '../../api/types.ts';
import type { Log } from '../log.ts';
import { Overlay } from './overlay.ts';

/** ms after which nobody will make the pod that files were left for: its `up` is dead. */
const STAGED_FOR = 60_000;
/** Beside the folders of uids, which have no such name. */
const STAGED = 'staged';
const NAME = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;

export class Overlays {
	readonly #folder: string;
	readonly #log: Log;
	/** By folder. */
	readonly #open = new Map<string, Promise<Overlay>>();

	constructor(stateFolder: string, log: Log) {
		this.#folder = join(stateFolder, 'sync');
		this.#log = log;
	}

	/** Of a container of a pod; what was left for it before it was made is in it. */
	of(pod: Pod, container: string): Promise<Overlay> {
		const folder = join(this.#folder, pod.metadata.uid ?? '', container);
		let overlay = this.#open.get(folder);
		if (overlay === undefined) {
			const { namespace = 'default', name } = pod.metadata;
			overlay = this.#adopt(this.#staged(namespace, name, container), folder).then(() =>
				Overlay.load(folder),
			);
			this.#open.set(folder, overlay);
		}
		return overlay;
	}

	/** Leaves a body for a pod that is about to be made. Throws ApiError 400 for names that are none, and what Overlay.add throws. */
	async stage(namespace: string, pod: string, container: string, body: Buffer): Promise<void> {
		const folder = this.#staged(namespace, pod, container);
		const overlay = this.#open.get(folder) ?? Overlay.load(folder);
		this.#open.set(folder, overlay);
		await (await overlay).add(body);
	}

	/** Drops what was left for a pod and not taken. */
	async unstage(namespace: string, pod: string): Promise<void> {
		const folder = this.#staged(namespace, pod, 'any');
		this.#close(dirname(folder));
		await rm(dirname(folder), { recursive: true, force: true });
	}

	/** The pod is gone. */
	forget(uid: string): void {
		const folder = join(this.#folder, uid);
		this.#close(folder);
		rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
			this.#log.warn('synced files of a pod that is gone could not be removed', { uid, error });
		});
	}

	/** Drops those of pods that are no more. `uids`: those that are stored. */
	async clean(uids: ReadonlySet<string>): Promise<void> {
		for (const uid of await readdir(this.#folder).catch(() => [])) {
			if (!uids.has(uid)) await rm(join(this.#folder, uid), { recursive: true, force: true });
		}
	}

	async #adopt(staged: string, folder: string): Promise<void> {
		const found = await stat(staged).catch(() => undefined);
		if (found === undefined || Date.now() - found.mtimeMs > STAGED_FOR) return;
		await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
		this.#close(staged);
		// Where there is an overlay already, what was left is not for this pod.
		await rename(staged, folder).catch((error: unknown) => {
			this.#log.warn('files that were left for a pod are not taken', { folder, error });
		});
	}

	/** Throws ApiError 400: what comes from a path of the API becomes one of the disk. */
	#staged(...names: [namespace: string, pod: string, container: string]): string {
		const odd = names.find((name) => !NAME.test(name) || name.includes('..'));
		if (odd !== undefined) throw badRequest(`not a name: ${JSON.stringify(odd)}`);
		return join(this.#folder, STAGED, ...names);
	}

	#close(folder: string): void {
		for (const key of [...this.#open.keys()]) {
			if (key === folder || key.startsWith(`${folder}/`)) this.#open.delete(key);
		}
	}
}
