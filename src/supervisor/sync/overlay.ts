/**
 * What was synced into one container, as the host has it: the latest entry of every path. Kept as a log of
 * segments (one file for each body, as it came), so that a batch costs one write; the index in memory tells
 * where the contents of a path stand. When most of the log is dead it is written anew as one segment. A
 * segment is renamed into place when it is whole: a crash leaves all of it or nothing.
 */
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSync, encodeSync, type SyncEntry, type SyncHeader } from '../../api/sync.ts';

interface Kept {
	readonly entry: SyncEntry;
	readonly segment: number;
	readonly at: number;
}

/** Beside the segments: the id of the image. */
const IMAGE = 'image';
const MOST_SEGMENTS = 200;
const SMALLEST_WASTE = 8 * 1024 * 1024;

export class Overlay {
	readonly #folder: string;
	readonly #kept = new Map<string, Kept>();
	readonly #removed = new Set<string>();
	/** Bytes of each segment, by its number. */
	readonly #segments = new Map<number, number>();
	#next = 1;
	/** Rises with every body: tells whether a container has all of it. */
	generation = 0;
	#image: string | undefined;

	private constructor(folder: string) {
		this.#folder = folder;
	}

	/** Reads what an earlier supervisor kept; segments that can't be read are left out. */
	static async load(folder: string): Promise<Overlay> {
		const overlay = new Overlay(folder);
		const names = await readdir(folder).catch(() => []);
		const numbers = names.flatMap((name) => (/^\d+\.sync$/.test(name) ? [Number.parseInt(name, 10)] : []));
		for (const number of numbers.sort((a, b) => a - b)) {
			overlay.#next = number + 1;
			try {
				const body = await readFile(overlay.#path(number));
				const { header, dataAt } = decodeSync(body);
				overlay.#take(header, number, dataAt, body.length);
			} catch {
				// A disk that lost its end: the client sends anew what is missing when it watches again.
			}
		}
		overlay.#image = await readFile(join(folder, IMAGE), 'utf8').catch(() => undefined);
		return overlay;
	}

	get isEmpty(): boolean {
		return this.#kept.size === 0 && this.#removed.size === 0;
	}

	/** Id of the image that it was laid over last; undefined before it was laid over any. */
	get image(): string | undefined {
		return this.#image;
	}

	/** It is laid over this image now. */
	async layOver(image: string): Promise<void> {
		if (this.#image === image) return;
		await mkdir(this.#folder, { recursive: true, mode: 0o700 });
		await writeFile(join(this.#folder, IMAGE), image, { mode: 0o600 });
		this.#image = image;
	}

	/** Nothing of it is kept any more. */
	async clear(): Promise<void> {
		this.#kept.clear();
		this.#removed.clear();
		this.generation += 1;
		const old = [...this.#segments.keys()];
		this.#segments.clear();
		for (const gone of old) await rm(this.#path(gone), { force: true });
	}

	/** Paths of what is kept. */
	paths(): string[] {
		return [...this.#kept.keys()];
	}

	/** Paths that were removed on the host and may still be in the image. */
	removed(): readonly string[] {
		return [...this.#removed];
	}

	/** Keeps a body. Throws what decodeSync throws, and when the disk refuses. */
	async add(body: Buffer): Promise<SyncHeader> {
		const { header, dataAt } = decodeSync(body);
		const number = this.#next++;
		await this.#write(number, body);
		this.#take(header, number, dataAt, body.length);
		await this.#compact();
		return header;
	}

	/** Takes back what a container refuses for good. */
	async drop(header: SyncHeader): Promise<void> {
		for (const { path } of header.entries) this.#kept.delete(path);
		for (const path of header.removed) this.#removed.delete(path);
		await this.#rewrite();
	}

	/** Every entry with its content, folders before what lies in them. */
	async *entries(): AsyncGenerator<{ readonly entry: SyncEntry; readonly content: Buffer }> {
		const sorted = [...this.#kept.values()].sort((a, b) => (a.entry.path < b.entry.path ? -1 : 1));
		const files = new Map<number, Awaited<ReturnType<typeof open>>>();
		try {
			for (const { entry, segment, at } of sorted) {
				const content = Buffer.alloc(entry.size);
				if (entry.size > 0) {
					let file = files.get(segment);
					if (file === undefined) {
						file = await open(this.#path(segment));
						files.set(segment, file);
					}
					await file.read(content, 0, entry.size, at);
				}
				yield { entry, content };
			}
		} finally {
			for (const file of files.values()) await file.close();
		}
	}

	#take(header: SyncHeader, segment: number, dataAt: number, length: number): void {
		for (const path of header.removed) {
			this.#forget(path);
			this.#removed.add(path);
		}
		let at = dataAt;
		for (const entry of header.entries) {
			// What was a folder and is a file now has nothing below it any more.
			if (entry.type !== 'directory' && this.#kept.get(entry.path)?.entry.type === 'directory')
				this.#forget(entry.path);
			this.#kept.set(entry.path, { entry, segment, at });
			this.#removed.delete(entry.path);
			at += entry.size;
		}
		this.#segments.set(segment, length);
		this.generation += 1;
	}

	#forget(path: string): void {
		const before = this.#kept.get(path);
		this.#kept.delete(path);
		// Nothing lies below a file: of ten thousand that go, none is worth a search.
		if (before !== undefined && before.entry.type !== 'directory') return;
		for (const below of [...this.#kept.keys()]) if (below.startsWith(`${path}/`)) this.#kept.delete(below);
		for (const below of [...this.#removed]) if (below.startsWith(`${path}/`)) this.#removed.delete(below);
	}

	async #compact(): Promise<void> {
		const total = [...this.#segments.values()].reduce((sum, size) => sum + size, 0);
		const live = [...this.#kept.values()].reduce((sum, { entry }) => sum + entry.size, 0);
		const wasteful = total - live > Math.max(live, SMALLEST_WASTE);
		if (wasteful || this.#segments.size > MOST_SEGMENTS) await this.#rewrite();
	}

	async #rewrite(): Promise<void> {
		const entries: SyncEntry[] = [];
		const contents: Buffer[] = [];
		for await (const { entry, content } of this.entries()) {
			entries.push(entry);
			contents.push(content);
		}
		const header = { removed: this.removed(), entries };
		const body = encodeSync(header, contents);
		const number = this.#next++;
		await this.#write(number, body);
		const old = [...this.#segments.keys()];
		const { generation } = this;
		this.#segments.clear();
		this.#kept.clear();
		this.#removed.clear();
		this.#take(header, number, decodeSync(body).dataAt, body.length);
		this.generation = generation;
		for (const gone of old) await rm(this.#path(gone), { force: true });
	}

	async #write(number: number, body: Buffer): Promise<void> {
		await mkdir(this.#folder, { recursive: true, mode: 0o700 });
		const beside = `${this.#path(number)}.tmp`;
		await writeFile(beside, body, { mode: 0o600 });
		await rename(beside, this.#path(number));
	}

	#path(segment: number): string {
		return join(this.#folder, `${String(segment).padStart(8, '0')}.sync`);
	}
}
