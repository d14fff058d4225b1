/**
 * Writing into volumes. Two ways: straight into the folder where a local engine keeps the volume, when this
 * process may (an archive call costs an engine some 90 ms, since it unpacks in a process of its own), or as
 * one archive through the pause, which works on any engine. Both end with the swap of `..data`.
 */
import { chmod, chown, lstat, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Engine, EngineVolume } from '../engine/engine.ts';
import { pauseEntries, type VolumeFiles } from '../translate/files.ts';
import { type TarEntry, tar } from '../translate/tar.ts';
import { endow, openFolder, readEnd } from './inside.ts';
import { swapVersion } from './pause-tools.ts';

/** One version of a volume of configs: the folder that holds it, and the names at the volume's top. */
export interface Version {
	readonly folder: string;
	readonly names: readonly string[];
}

export class VolumeWriter {
	readonly #engine: Engine;
	readonly #straight: boolean;
	readonly #mountpoints = new Map<string, string | undefined>();
	readonly #volumes = new Map<string, EngineVolume>();

	/** `straight`: the engine is local and its folders may be written to, where this process has the right to. */
	constructor(engine: Engine, straight: boolean) {
		this.#engine = engine;
		this.#straight = straight && process.getuid?.() === 0;
	}

	/** Writes all groups. `sandboxID`: a pause that mounts them; tmpfs volumes need it running. */
	async write(groups: readonly VolumeFiles[], sandboxID: string): Promise<void> {
		const through: VolumeFiles[] = [];
		for (const group of groups) {
			const folder = await this.#folder(group.name);
			if (folder === undefined) through.push(group);
			else for (const entry of group.entries) await put(folder, entry);
		}
		const entries = pauseEntries(through);
		if (entries.length === 0) return;
		const seconds = Math.floor(Date.now() / 1000);
		await this.#engine.putArchive(sandboxID, '/', tar(entries, seconds));
	}

	/**
	 * Writes one version of a volume of configs, changes over to it in one step, and removes what else stands at the
	 * volume's top. `entries`: of all of it, `..data` and the names at the top included. `fresh`: it holds nothing yet.
	 */
	async publish(volume: VolumeFiles, version: Version, sandboxID: string, fresh: boolean): Promise<void> {
		const folder = await this.#folder(volume.name);
		if (fresh || folder !== undefined) await this.write([volume], sandboxID);
		if (fresh) return;
		if (folder !== undefined) {
			const kept = new Set(['..data', version.folder, ...version.names]);
			for (const name of await readdir(folder)) {
				if (!kept.has(name)) await rm(join(folder, name), { recursive: true, force: true });
			}
			return;
		}
		// Unpacking takes a link away before it makes it anew: those are left to the pause.
		const entries = volume.entries.filter(({ type }) => type !== 'symlink');
		await this.write([{ ...volume, entries }], sandboxID);
		await swapVersion(this.#engine, sandboxID, volume.volume, version.folder, version.names);
	}

	/** At most the last `limit` bytes of a file; undefined when the volume can't be read the straight way. */
	async read(volume: Pick<VolumeFiles, 'name'>, path: string, limit: number): Promise<Buffer | undefined> {
		const folder = await this.#folder(volume.name);
		if (folder === undefined) return undefined;
		return readEnd(join(folder, path), limit);
	}

	/** A volume as its creation has answered: it needs no inspection. */
	learn(volume: EngineVolume): void {
		this.#volumes.set(volume.name, volume);
	}

	/** Where the engine keeps a volume; undefined when it has no such volume. Remembered until `forget`. */
	async mountpoint(name: string): Promise<string | undefined> {
		return (await this.#find(name))?.mountpoint;
	}

	/** Whether `read` and `write` take the straight way for this volume. */
	async isDirect(name: string): Promise<boolean> {
		return (await this.#folder(name)) !== undefined;
	}

	forget(name: string): void {
		this.#mountpoints.delete(name);
		this.#volumes.delete(name);
	}

	async #find(name: string): Promise<EngineVolume | undefined> {
		const known = this.#volumes.get(name) ?? (await this.#engine.inspectVolume(name));
		if (known !== undefined) this.#volumes.set(name, known);
		return known;
	}

	async #folder(name: string): Promise<string | undefined> {
		if (!this.#straight) return undefined;
		if (this.#mountpoints.has(name)) return this.#mountpoints.get(name);
		const volume = await this.#find(name);
		if (volume === undefined) return undefined;
		const { mountpoint, options } = volume;
		if (Object.keys(options).length > 0) {
			// Mounted only while a container runs with it, and maybe not in our mount namespace: ask each time.
			return (await isMounted(mountpoint)) ? mountpoint : undefined;
		}
		// A socket may lead to an engine whose disk is not ours.
		const here = await lstat(mountpoint).then(
			(found) => found.isDirectory(),
			() => false,
		);
		this.#mountpoints.set(name, here ? mountpoint : undefined);
		return here ? mountpoint : undefined;
	}
}

async function isMounted(path: string): Promise<boolean> {
	const table = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
	return table.includes(` ${path} `);
}

async function put(folder: string, entry: TarEntry): Promise<void> {
	const path = join(folder, entry.path);
	if (entry.type === 'symlink') {
		const before = await lstat(path).catch(() => undefined);
		if (before?.isSymbolicLink() && entry.path !== '..data') return;
		const beside = join(dirname(path), `..${process.pid}_tmp`);
		await rm(beside, { force: true });
		await symlink(entry.target ?? '', beside);
		await rename(beside, path);
		return;
	}
	if (entry.type === 'directory') {
		const made = await openFolder(folder, entry.path, entry);
		await endow(made, entry).finally(() => made.close());
		return;
	}
	await writeFile(path, entry.content ?? '');
	await chown(path, entry.uid, entry.gid);
	// After chown, which takes setgid away.
	await chmod(path, entry.mode);
}
