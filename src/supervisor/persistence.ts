/**
 * The objects on disk: one file of mode 0600 each under `objects/<resource>/<namespace>/<name>.json` of the
 * state folder, replaced by atomic rename. Changes of one object are joined for a moment, and while an earlier
 * write is under way, so that a status that changes often costs one write; whoever flushes waits for no moment.
 * Nothing is forced to the disk itself: after a power cut a status is worked out anew, and a rename has put the
 * whole of the old or of the new file there. A file that can't be read is set aside, never
 * silently dropped.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { KubeObject } from '../api/types.ts';
import { type Persistence, RESOURCES } from './store.ts';

/** ms in which changes of one object become one write. */
const JOINED = 20;

/** Events are not worth a file each: story.ts keeps them. */
const KEPT = new Set(['Pod', 'ConfigMap', 'Secret', 'PersistentVolumeClaim', 'Namespace']);

export class FilePersistence implements Persistence {
	readonly #folder: string;
	readonly #onError: (path: string, error: unknown) => void;
	/** Latest wanted content by path: null = no file. */
	readonly #wanted = new Map<string, string | null>();
	readonly #writing = new Map<string, Promise<void>>();
	/** By path, of a write that lets a moment pass: begins it at once. */
	readonly #pausing = new Map<string, () => void>();
	/** What could not be written, by path: the content and why. */
	readonly #failed = new Map<string, { content: string | null; error: unknown }>();

	/** `onError` hears of a write that failed (disk full, read-only); the object stays in memory. */
	constructor(folder: string, onError: (path: string, error: unknown) => void) {
		this.#folder = folder;
		this.#onError = onError;
	}

	save(object: KubeObject): void {
		if (KEPT.has(object.kind)) this.#want(this.#path(object), JSON.stringify(object));
	}

	remove(object: KubeObject): void {
		if (KEPT.has(object.kind)) this.#want(this.#path(object), null);
	}

	/** What was saved before the call is on disk after it. Later writes are not waited for: there may be no end of them. */
	async flush(): Promise<void> {
		for (const go of this.#pausing.values()) go();
		const outstanding = [...this.#writing].map(async ([path, writing]) => {
			// What is wanted may be newer than what is being written: then it is the write after this one.
			const behind = this.#wanted.has(path);
			await writing;
			if (!behind) return;
			this.#pausing.get(path)?.();
			await this.#writing.get(path);
		});
		await Promise.all(outstanding);
	}

	/** Why the last write of the object did not succeed; undefined when it did. */
	failureOf(object: KubeObject): unknown {
		return this.#failed.get(this.#path(object))?.error;
	}

	/** Tries once more what could not be written: there may be room again. */
	retry(): void {
		for (const [path, { content }] of [...this.#failed])
			if (!this.#wanted.has(path)) this.#want(path, content);
	}

	/**
	 * Every object that is on disk. Files that hold none are renamed to `*.broken` and told to onError; drafts of a
	 * process that was killed while it wrote go.
	 */
	async load(): Promise<KubeObject[]> {
		const found: KubeObject[] = [];
		for (const resource of Object.values(RESOURCES)) {
			const folder = join(this.#folder, 'objects', resource);
			for (const file of await filesBelow(folder)) {
				if (file.endsWith('.tmp')) await rm(file, { force: true }).catch(() => {});
				if (!file.endsWith('.json')) continue;
				try {
					found.push(objectIn(await readFile(file, 'utf8')));
				} catch (error) {
					this.#onError(file, error);
					await rename(file, `${file}.broken`).catch(() => {});
				}
			}
		}
		return found;
	}

	#path({ kind, metadata }: KubeObject): string {
		const resource = RESOURCES[kind] ?? kind;
		return join(this.#folder, 'objects', resource, metadata.namespace ?? '_', `${metadata.name}.json`);
	}

	#want(path: string, content: string | null): void {
		this.#wanted.set(path, content);
		if (!this.#writing.has(path)) this.#begin(path);
		// A file that is to go goes at once: nobody changes it any more.
		if (content === null) this.#pausing.get(path)?.();
	}

	#begin(path: string): void {
		const done = this.#write(path).finally(() => {
			this.#writing.delete(path);
			// Wanted between the last look and this turn.
			if (this.#wanted.has(path)) this.#begin(path);
		});
		this.#writing.set(path, done);
	}

	async #write(path: string): Promise<void> {
		if (this.#wanted.get(path) !== null) await this.#moment(path);
		const content = this.#take(path);
		if (content === undefined) return;
		try {
			if (content === null) await rm(path, { force: true });
			else await replace(path, content);
			this.#failed.delete(path);
		} catch (error) {
			if (this.#failed.get(path)?.error === undefined) this.#onError(path, error);
			this.#failed.set(path, { content, error });
		}
	}

	#moment(path: string): Promise<void> {
		const { promise, resolve } = Promise.withResolvers<void>();
		const timer = setTimeout(resolve, JOINED);
		this.#pausing.set(path, resolve);
		return promise.finally(() => {
			clearTimeout(timer);
			this.#pausing.delete(path);
		});
	}

	#take(path: string): string | null | undefined {
		const content = this.#wanted.get(path);
		this.#wanted.delete(path);
		return content;
	}
}

/** Writes beside and renames, so that a reader (or a crash) sees the old content or the new, never half. */
async function replace(path: string, content: string): Promise<void> {
	await mkdir(dirname(path), { recursive: true, mode: 0o700 });
	const beside = `${path}.${process.pid}.tmp`;
	try {
		await writeFile(beside, content, { mode: 0o600 });
		await rename(beside, path);
	} catch (error) {
		// Half of a draft takes room on a disk that may have none.
		await rm(beside, { force: true }).catch(() => {});
		throw error;
	}
}

/** Throws when the text is not an object of a kind that is stored. */
function objectIn(text: string): KubeObject {
	const object = JSON.parse(text) as Partial<KubeObject> | null;
	const isWhole =
		typeof object?.kind === 'string' &&
		Object.hasOwn(RESOURCES, object.kind) &&
		typeof object.metadata?.name === 'string' &&
		(object.kind !== 'Pod' || typeof object['spec'] === 'object');
	if (!isWhole) throw new Error('it holds no object that podrun stores');
	return object as KubeObject;
}

async function filesBelow(folder: string): Promise<string[]> {
	const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
	return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
