/**
 * What lies on disk below the watched paths: walks that never enter an ignored folder, and the state of each
 * path as it was last brought over, so that an event that changed nothing costs nothing and a change whose
 * event was lost is found by the next walk.
 */
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { IgnoreRules } from './ignore.ts';
import type { Change } from './rules.ts';

/** A watched path: a file, or a folder with its ignore rules. */
export interface Root {
	readonly path: string;
	readonly ignore: IgnoreRules;
}

const AT_ONCE = 64;

/** Changes whenever the content, mode or kind of a path does. Undefined: nothing that can be synced. */
export function stateOf(stats: Stats): string | undefined {
	const { mode, mtimeMs, size, ino } = stats;
	if (stats.isDirectory()) return `d${mode}`;
	if (stats.isFile()) return `f${mode}:${mtimeMs}:${size}:${ino}`;
	if (stats.isSymbolicLink()) return `l${mtimeMs}:${ino}`;
	return undefined;
}

/** Every path below the roots that no rule ignores, with its state; the roots themselves too. */
export async function walk(roots: readonly Root[]): Promise<Map<string, string>> {
	const found = new Map<string, string>();
	for (const { path, ignore } of roots) await walkInto(found, path, '', ignore);
	return found;
}

async function walkInto(
	found: Map<string, string>,
	path: string,
	relative: string,
	ignore: IgnoreRules,
): Promise<void> {
	const stats = await lstat(path).catch(() => undefined);
	const state = stats && stateOf(stats);
	if (stats === undefined || state === undefined) return;
	if (!ignore.ignores(relative)) found.set(path, state);
	if (!stats.isDirectory()) return;
	const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
	const folders: string[] = [];
	const files: string[] = [];
	for (const entry of entries) {
		const below = relative === '' ? entry.name : `${relative}/${entry.name}`;
		if (entry.isDirectory()) {
			if (!ignore.prunes(below)) folders.push(entry.name);
		} else if (!ignore.ignores(below)) files.push(entry.name);
	}
	for (let at = 0; at < files.length; at += AT_ONCE) {
		await Promise.all(
			files.slice(at, at + AT_ONCE).map(async (name) => {
				const file = join(path, name);
				const state = await lstat(file).then(stateOf, () => undefined);
				if (state !== undefined) found.set(file, state);
			}),
		);
	}
	for (const name of folders) {
		await walkInto(found, join(path, name), relative === '' ? name : `${relative}/${name}`, ignore);
	}
}

/** The state of the watched paths that was last acted on. */
export class KnownTree {
	#known = new Map<string, string>();

	get size(): number {
		return this.#known.size;
	}

	/** Looks at these paths and returns those that have changed since, as they are now. */
	async changed(paths: Iterable<string>): Promise<Change[]> {
		const changes: Change[] = [];
		const list = [...paths];
		for (let at = 0; at < list.length; at += AT_ONCE) {
			const looked = await Promise.all(
				list.slice(at, at + AT_ONCE).map(async (path): Promise<Change | undefined> => {
					const state = await lstat(path).then(stateOf, () => undefined);
					return this.#compare(path, state);
				}),
			);
			changes.push(...looked.filter((change) => change !== undefined));
		}
		return changes;
	}

	/** Takes a whole walk and returns in what it differs. */
	compare(walked: ReadonlyMap<string, string>): Change[] {
		const changes: Change[] = [];
		for (const [path, state] of walked) {
			const change = this.#compare(path, state);
			if (change !== undefined) changes.push(change);
		}
		for (const [path, before] of [...this.#known]) {
			if (walked.has(path)) continue;
			this.#known.delete(path);
			changes.push({ path, gone: true, folder: before.startsWith('d') });
		}
		return changes;
	}

	/** What could not be brought over is looked at again as if it were new. */
	forget(changes: readonly Change[]): void {
		for (const { path } of changes) this.#known.set(path, '');
	}

	/** All of it is to be taken anew. */
	clear(): void {
		this.#known = new Map();
	}

	#compare(path: string, state: string | undefined): Change | undefined {
		const before = this.#known.get(path);
		if (before === state) return undefined;
		if (state === undefined) {
			this.#known.delete(path);
			return { path, gone: true, folder: before?.startsWith('d') === true };
		}
		this.#known.set(path, state);
		return { path, gone: false, folder: state.startsWith('d') };
	}
}
