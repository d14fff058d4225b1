/**
 * Events of the file system as batches of paths. chokidar watches; what a rule ignores it neither watches nor
 * enters. An event is but a hint: whoever gets a batch looks at the disk.
 */
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { watch } from 'chokidar';
import { flushAt } from './debounce.ts';
import type { Root } from './tree.ts';

export interface FileBatch {
	readonly paths: readonly string[];
	/** Of the first event, ms since the epoch. */
	readonly since: number;
}

export interface Watcher {
	/** Resolves when every watched folder is watched. */
	readonly ready: Promise<void>;
	/** The next batch; rejects with the signal. */
	next(signal: AbortSignal): Promise<FileBatch>;
	/** As if these paths had changed now. */
	add(paths: readonly string[]): void;
	close(): Promise<void>;
}

/** Watches all roots; those that are files, or are not there yet, by way of their folder. */
export async function watchRoots(
	roots: readonly Root[],
	onError: (error: unknown) => void,
): Promise<Watcher> {
	const anchors = new Set<string>();
	for (const { path } of roots) anchors.add(await anchorOf(path));
	const pending = new Map<string, number>();
	let wake: (() => void) | undefined;
	const take = (path: string): void => {
		pending.set(path, pending.get(path) ?? Date.now());
		last = Date.now();
		wake?.();
	};
	let last = 0;
	const watcher = watch([...anchors], {
		ignored: (path) => !isOfInterest(roots, anchors, path),
		ignoreInitial: true,
		followSymlinks: false,
		atomic: false,
		awaitWriteFinish: false,
		persistent: true,
	});
	const { promise: ready, resolve } = Promise.withResolvers<void>();
	watcher.once('ready', resolve);
	watcher.on('error', onError);
	watcher.on('all', (_event, path) => take(path));
	// Modes and atomic saves within one tick may come as raw events alone.
	watcher.on('raw', (_event, name, details) => {
		const { watchedPath } = details as { watchedPath?: string };
		if (watchedPath === undefined) return;
		const path = name && !watchedPath.endsWith(`/${name}`) ? `${watchedPath}/${name}` : watchedPath;
		if (isWanted(roots, path)) take(path);
	});
	return {
		ready,
		add: (paths) => paths.forEach(take),
		async next(signal) {
			for (;;) {
				signal.throwIfAborted();
				const now = Date.now();
				const first = Math.min(...firsts(pending));
				const at = pending.size === 0 ? undefined : flushAt({ first, last });
				if (at !== undefined && at <= now) {
					const paths = [...pending.keys()];
					pending.clear();
					return { paths, since: first };
				}
				await new Promise<void>((resolve) => {
					const timer = at === undefined ? undefined : setTimeout(done, at - now);
					function done(): void {
						clearTimeout(timer);
						signal.removeEventListener('abort', done);
						wake = undefined;
						resolve();
					}
					// While something waits the timer decides; it is set anew when it fires too early.
					if (at === undefined) wake = done;
					signal.addEventListener('abort', done, { once: true });
				});
				// A timer that is late comes before the events that have come meanwhile.
				await new Promise((resolve) => setImmediate(resolve));
			}
		},
		close: () => watcher.close(),
	};
}

/** Insertion order is the order of first events. */
function firsts(pending: ReadonlyMap<string, number>): number[] {
	const first = pending.values().next().value;
	return first === undefined ? [] : [first];
}

/** What is handed to chokidar: the folder itself, or the nearest one that is there. */
async function anchorOf(path: string): Promise<string> {
	let at = path;
	for (;;) {
		const stats = await lstat(at).catch(() => undefined);
		if (stats?.isDirectory() || at === dirname(at)) return at;
		at = dirname(at);
	}
}

/** Whether a path is a watched one or may lead to one. */
function isOfInterest(roots: readonly Root[], anchors: ReadonlySet<string>, path: string): boolean {
	if (anchors.has(path)) return true;
	return roots.some((root) => root.path.startsWith(`${path}/`)) || isWanted(roots, path, true);
}

/** Whether a rule may care. `folders`: a folder counts when something below it may matter. */
function isWanted(roots: readonly Root[], path: string, folders = false): boolean {
	return roots.some((root) => {
		if (path === root.path) return true;
		if (!path.startsWith(`${root.path}/`)) return false;
		const below = path.slice(root.path.length + 1);
		return folders ? !root.ignore.prunes(below) || !root.ignore.ignores(below) : !root.ignore.ignores(below);
	});
}
