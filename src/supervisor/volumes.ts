/**
 * The volumes of pods on the engine: made, given their contents, removed. What a volume is to hold is
 * rendered by translate/payload.ts; here it is written, through the pause, which mounts every volume of its
 * pod at /volumes/<name>. An archive that ends with the swap of `..data` changes all files at once.
 */
import { shortHash } from '../api/object.ts';
import type { Pod } from '../api/types.ts';
import type { Engine, EngineInfo } from '../engine/engine.ts';
import type { VolumesState } from '../reconcile/observed.ts';
import type { NodeFacts, PodContext } from '../translate/context.ts';
import { ConfigError } from '../translate/errors.ts';
import { type Attempt, messageEntry, messagePath, podFiles } from '../translate/files.ts';
import { messageFile } from '../translate/mounts.ts';
import { claimVolumeName, identityOf, POD_UID, volumeName } from '../translate/names.ts';
import {
	hasPayload,
	type PayloadContext,
	type RenderedVolume,
	renderVolume,
	topNames,
	versionEntries,
	versionFolder,
} from '../translate/payload.ts';
import { engineVolumeName, FILES_VOLUME, plannedVolumes, usedVolumes } from '../translate/volumes.ts';
import { endOfFirstFile } from './first-file.ts';
import { ensureHostPaths } from './host-paths.ts';
import { ignoring } from './ignoring.ts';
import { ImageVolumes } from './image-volumes.ts';
import type { Images } from './images.ts';
import type { Journal } from './journal.ts';
import type { Log } from './log.ts';
import { ownVolume } from './pause-tools.ts';
import { referencesOf } from './references.ts';
import { profileOf } from './registry.ts';
import type { Store } from './store.ts';
import { VolumeWriter } from './volume-writer.ts';

export interface VolumesParts {
	readonly engine: Engine;
	readonly info: EngineInfo;
	readonly store: Store;
	readonly images: Images;
	readonly instance: string;
	readonly node: NodeFacts;
	readonly log: Log;
	/** Never write straight into a local engine's folders (`PODRUN_VOLUMES=archive`). */
	readonly archiveOnly: boolean;
}

export class PodVolumes {
	readonly #parts: VolumesParts;
	/** By pod uid, then volume: the hash of the contents that were last written. */
	readonly #written = new Map<string, Map<string, string>>();
	/** Engine names of volumes that this process has made and not written to: they hold nothing. */
	readonly #empty = new Set<string>();
	/** Engine names of volumes that were made and whose roots have not got their mode yet, by pod uid. */
	readonly #fresh = new Map<string, Set<string>>();

	readonly writer: VolumeWriter;
	readonly #images: ImageVolumes;

	constructor(parts: VolumesParts) {
		this.#parts = parts;
		this.writer = new VolumeWriter(parts.engine, parts.info.local && !parts.archiveOnly);
		this.#images = new ImageVolumes(parts.engine, parts.images);
	}

	context(pod: Pod, podIP: string): PodContext {
		return { instance: this.#parts.instance, profile: profileOf(pod), node: this.#parts.node, podIP };
	}

	/** Contents that can't be rendered (a ConfigMap was deleted) stay as they are, as under a kubelet. */
	state(pod: Pod, journal: Journal, podIP: string, sandboxID: string | undefined): VolumesState {
		const created = journal.volumesCreated === volumesKey(pod);
		if (!hasContents(pod)) return { created, written: sandboxID !== undefined, current: true };
		const written = sandboxID !== undefined && journal.volumesWritten?.sandboxID === sandboxID;
		let current = written;
		if (written) {
			try {
				current = journal.volumesWritten?.digest === digest(this.#render(pod, podIP));
			} catch (error) {
				if (!(error instanceof ConfigError)) throw error;
			}
		}
		return { created, written, current };
	}

	/**
	 * Makes what is missing on the engine and checks host paths. `begun`: the pod has had a sandbox; before that,
	 * the roots of its own volumes are still to be made right, also when an earlier supervisor has made them.
	 * `bare`: nothing of the pod is on the engine, so whatever has its volumes' names has not been written to.
	 * Throws EngineError, DeedError (FailedMount).
	 */
	async create(pod: Pod, journal: Journal, podIP: string, begun: boolean, bare = false): Promise<void> {
		const { engine, info } = this.#parts;
		await ensureHostPaths(pod, info);
		const fresh = this.#fresh.get(pod.metadata.uid ?? '') ?? new Set<string>();
		this.#fresh.set(pod.metadata.uid ?? '', fresh);
		const planned = plannedVolumes(pod, this.context(pod, podIP));
		await Promise.all(
			planned.map(async ({ name, labels, options, image, ownedByPod }) => {
				// Filled when a container is made: their image is pulled then.
				if (image !== undefined) return;
				if (ownedByPod && !begun) fresh.add(name);
				const isNew = ownedByPod && bare;
				if (!isNew && (await engine.inspectVolume(name)) !== undefined) return;
				fresh.add(name);
				this.writer.learn(await engine.createVolume({ name, labels, options }));
				this.#empty.add(name);
			}),
		);
		journal.volumesCreated = volumesKey(pod);
	}

	/** The stand-in of an image volume, on engines without image mounts, holds the image's files. */
	async fillImageVolume(pod: Pod, podIP: string, volume: string): Promise<void> {
		const planned = plannedVolumes(pod, this.context(pod, podIP)).find((one) => one.volume === volume);
		if (planned?.image !== undefined) await this.#images.ensure(planned);
	}

	/** What a new pause must be given before containers are made: hosts, message files, roots of fresh volumes. */
	async prepare(pod: Pod, podIP: string, sandboxID: string, messages: readonly Attempt[]): Promise<void> {
		const fresh = this.#fresh.get(pod.metadata.uid ?? '') ?? new Set<string>();
		await this.writer.write(podFiles(pod, this.context(pod, podIP), fresh, messages), sandboxID);
		fresh.clear();
	}

	/** The file that takes one attempt's termination message; it must be there before the container is made. */
	async prepareMessage(pod: Pod, attempt: Attempt, sandboxID: string): Promise<void> {
		await this.writer.write([{ ...this.#files(pod), entries: [messageEntry(attempt)] }], sandboxID);
	}

	/** What an attempt left as its termination message, the last `limit` bytes of it at most, as a kubelet reads it. */
	async readMessage(
		pod: Pod,
		attempt: Attempt,
		sandboxID: string | undefined,
		limit: number,
	): Promise<string> {
		const straight = await this.writer.read(
			this.#files(pod),
			messageFile(attempt.container, attempt.attempt),
			limit,
		);
		if (straight !== undefined) return straight.toString();
		if (sandboxID === undefined) return '';
		const archive = await this.#parts.engine.getArchive(sandboxID, messagePath(attempt));
		return (await endOfFirstFile(archive, limit)).toString();
	}

	#files(pod: Pod): { volume: string; name: string } {
		return { volume: FILES_VOLUME, name: volumeName(this.#parts.instance, identityOf(pod), FILES_VOLUME) };
	}

	/**
	 * Writes the contents of configMap, secret, projected and downwardAPI volumes that have changed (or all, in a
	 * new pause). Throws ConfigError (FailedMount) for a reference that is not there.
	 */
	async write(pod: Pod, journal: Journal, podIP: string, sandboxID: string): Promise<void> {
		const uid = pod.metadata.uid ?? '';
		const rendered = this.#render(pod, podIP);
		const anew = journal.volumesWritten?.sandboxID !== sandboxID;
		const before = this.#written.get(uid) ?? new Map<string, string>();
		this.#written.set(uid, before);
		for (const [volume, contents] of rendered) {
			if (!anew && before.get(volume) === contents.hash) continue;
			await this.#writeOne(pod, volume, contents, sandboxID);
			before.set(volume, contents.hash);
		}
		if (anew) await this.#handOver(pod, podIP, sandboxID);
		journal.volumesWritten = { digest: digest(rendered), sandboxID };
	}

	/**
	 * fsGroup for volumes that come with contents, before anything of the pod has run. Through the pause on every engine: another pod may hold the same
	 * claim, and must not lead this process astray by a link.
	 */
	async #handOver(pod: Pod, podIP: string, sandboxID: string): Promise<void> {
		const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {};
		if (fsGroup === undefined || hasRun(pod)) return;
		const lazy = fsGroupChangePolicy === 'OnRootMismatch';
		for (const { volume, kind, used } of plannedVolumes(pod, this.context(pod, podIP))) {
			if (!used || (kind !== 'persistentVolumeClaim' && kind !== 'ephemeral')) continue;
			await ownVolume(this.#parts.engine, sandboxID, volume, fsGroup, lazy);
		}
	}

	/** The engine's names of what the pod owns. */
	async owned(pod: Pod): Promise<string[]> {
		const volumes = await this.#parts.engine.listVolumes([`${POD_UID}=${pod.metadata.uid ?? ''}`]);
		return volumes.map(({ name }) => name);
	}

	/** Removes volumes by name. Those that are gone already are no error. */
	async remove(names: readonly string[]): Promise<void> {
		const { engine } = this.#parts;
		await Promise.all(
			names.map(async (name) => {
				this.writer.forget(name);
				this.#images.forget(name);
				this.#empty.delete(name);
				await ignoring(['NOT_FOUND'], engine.removeVolume(name));
			}),
		);
	}

	/** A claim was deleted: its volume goes, unless a pod still uses it (then with the pod). */
	async removeClaim(namespace: string, claim: string): Promise<void> {
		const name = claimVolumeName(this.#parts.instance, namespace, claim);
		this.writer.forget(name);
		await ignoring(['NOT_FOUND', 'CONFLICT'], this.#parts.engine.removeVolume(name));
	}

	/** A pod is gone: claims that were deleted while it ran can go now. */
	async releaseClaims(pod: Pod): Promise<void> {
		const { store } = this.#parts;
		const namespace = pod.metadata.namespace ?? 'default';
		for (const { persistentVolumeClaim } of pod.spec.volumes ?? []) {
			const claim = persistentVolumeClaim?.claimName;
			if (claim === undefined || store.get('PersistentVolumeClaim', namespace, claim) !== undefined) continue;
			await this.removeClaim(namespace, claim);
		}
	}

	forget(uid: string): void {
		this.#written.delete(uid);
		this.#fresh.delete(uid);
	}

	#render(pod: Pod, podIP: string): Map<string, RenderedVolume> {
		const context: PayloadContext = {
			...this.context(pod, podIP),
			refs: referencesOf(this.#parts.store, pod),
		};
		const used = usedVolumes(pod);
		const rendered = new Map<string, RenderedVolume>();
		for (const volume of pod.spec.volumes ?? []) {
			if (hasPayload(volume) && used.has(volume.name))
				rendered.set(volume.name, renderVolume(pod, volume, context));
		}
		return rendered;
	}

	async #writeOne(pod: Pod, volume: string, contents: RenderedVolume, sandboxID: string): Promise<void> {
		const name = engineVolumeName(pod, { name: volume }, { instance: this.#parts.instance }) ?? '';
		const folder = versionFolder(new Date().toISOString(), contents.hash);
		const files = { volume, name, entries: versionEntries(pod, contents, folder) };
		const fresh = this.#empty.delete(name);
		await this.writer.publish(files, { folder, names: topNames(contents) }, sandboxID, fresh);
	}
}

function hasRun({ status }: Pod): boolean {
	const { containerStatuses = [], initContainerStatuses = [] } = status ?? {};
	return [...initContainerStatuses, ...containerStatuses].some(
		({ containerID }) => containerID !== undefined,
	);
}

/** Whether anything is written into its volumes: without that, a pause that runs is all they need. */
function hasContents(pod: Pod): boolean {
	const { volumes = [], securityContext } = pod.spec;
	const handedOver = securityContext?.fsGroup !== undefined;
	return volumes.some(
		(volume) =>
			hasPayload(volume) ||
			(handedOver && (volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined)),
	);
}

/** Changes when the volumes of the spec do. */
function volumesKey(pod: Pod): string {
	return shortHash([pod.spec.volumes ?? [], [...usedVolumes(pod)].sort()]);
}

function digest(rendered: ReadonlyMap<string, RenderedVolume>): string {
	return shortHash([...rendered].map(([volume, { hash }]) => [volume, hash]));
}
