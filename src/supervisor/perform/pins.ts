/**
 * subPath on engines that have none of their own (before API 1.45), safe against a container that puts a link in
 * the way after the path was looked at: the folder that was found is held open, and the engine is given a volume
 * that is a bind of the open handle (`/proc/<pid>/fd/<n>`), which no link can bend. Each attempt of a container has
 * such volumes of its own; they go with it. Only where this process and the engine share files and processes;
 * elsewhere the engine is given the path.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Pod } from '../../api/types.ts';
import { type Engine, EngineError } from '../../engine/engine.ts';
import type { PlannedMount } from '../../translate/mounts.ts';
import { identityOf, PINNED, volumeLabels } from '../../translate/names.ts';
import type { MountOption } from '../../translate/options.ts';
import { hasPayload } from '../../translate/payload.ts';
import { ignoring } from '../ignoring.ts';
import { holdFolder } from '../inside.ts';
import type { PerformerParts } from './performer.ts';

/** Open handles by token. They stay open as long as their container is there: its engine may mount once more. */
const held = new Map<string, FileHandle[]>();
/** Engines that were seen not to reach our handles. */
const without = new WeakSet<Engine>();

/** The pinned folders of one attempt. */
export class Pins {
	readonly #parts: PerformerParts;
	readonly #pod: Pod;
	readonly #token = randomUUID();
	#count = 0;

	constructor(parts: PerformerParts, pod: Pod) {
		this.#parts = parts;
		this.#pod = pod;
	}

	/** The mount of `subPath` below `root`; undefined where the path has to do. Throws when a link is in its way. */
	async mount(mount: PlannedMount, root: string, subPath: string): Promise<MountOption | undefined> {
		if (!(await this.#isNeeded(mount))) return undefined;
		const folder = await holdFolder(root, subPath);
		if (folder === undefined) return undefined;
		held.set(this.#token, [...(held.get(this.#token) ?? []), folder]);
		const { engine, instance } = this.#parts;
		const { target, readOnly } = mount;
		const volume = 'volume' in mount ? mount.volume : '';
		const name = `podrun_pinned_${this.#token}_${this.#count++}`;
		const labels = {
			...volumeLabels(instance, identityOf(this.#pod), volume, 'subPath'),
			[PINNED]: this.#token,
		};
		const device = `/proc/${process.pid}/fd/${folder.fd}`;
		await engine.createVolume({ name, labels, options: { type: 'none', o: 'bind', device } });
		return { type: 'volume', source: name, target, readOnly, noCopy: true };
	}

	/** What the container must carry. */
	get labels(): Record<string, string> {
		return this.#count > 0 ? { [PINNED]: this.#token } : {};
	}

	/** The container was not made. */
	async undo(): Promise<void> {
		if (this.#count > 0) await unpin(this.#parts.engine, this.#token);
	}

	/** Where no container writes, nobody can put a link. */
	async #isNeeded(mount: PlannedMount): Promise<boolean> {
		const { engine, info, volumes } = this.#parts;
		if (!info.local || process.platform !== 'linux' || process.getuid?.() !== 0 || without.has(engine))
			return false;
		if (mount.kind !== 'volume' && mount.kind !== 'hostPath') return false;
		if (mount.propagation !== undefined || mount.recursiveReadOnly !== undefined) return false;
		const volume = this.#pod.spec.volumes?.find(({ name }) => name === mount.volume);
		if (volume === undefined || hasPayload(volume)) return false;
		if (mount.kind === 'volume' && !(await volumes.writer.isDirect(mount.source))) return false;
		return seesEngine();
	}
}

/** A container that was made by an earlier process, whose handles are gone: it can't be started any more. */
export function isUnpinned(labels: Readonly<Record<string, string>> = {}): boolean {
	const token = labels[PINNED];
	return token !== undefined && !held.has(token);
}

/**
 * The start failed at a pinned folder: it was removed in the meantime, or the engine does not reach our handles at all.
 * In that case it is given paths from now on.
 */
export function cannotMount(
	engine: Engine,
	labels: Readonly<Record<string, string>>,
	error: unknown,
): boolean {
	if (labels[PINNED] === undefined || !(error instanceof EngineError)) return false;
	if (!error.message.includes('failed to mount local volume')) return false;
	// EINVAL: the handle is of another mount namespace than the engine's.
	if (error.message.includes('invalid argument')) without.add(engine);
	return true;
}

/** The container of this token is gone: so are its volumes. */
export async function unpin(engine: Engine, token: string | undefined): Promise<void> {
	if (token === undefined) return;
	const volumes = await engine.listVolumes([`${PINNED}=${token}`]);
	await Promise.all(volumes.map(({ name }) => ignoring(['NOT_FOUND'], engine.removeVolume(name))));
	await letGo(token);
}

/** Closes the handles; the volumes go in another way. */
export async function letGo(token: string | undefined): Promise<void> {
	const handles = held.get(token ?? '') ?? [];
	held.delete(token ?? '');
	await Promise.all(handles.map((handle) => handle.close()));
}

let seen: boolean | undefined;

/** Whether an engine runs among the processes that we see: then it sees us. */
function seesEngine(): boolean {
	seen ??= readdirSync('/proc').some((name) => {
		try {
			return /^\d+$/.test(name) && readFileSync(`/proc/${name}/comm`, 'utf8').trim() === 'dockerd';
		} catch {
			// It has ended.
			return false;
		}
	});
	return seen;
}
