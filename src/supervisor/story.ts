/**
 * The events on disk, so that `describe` tells the same story after the supervisor has died: one file for all of
 * them, written at most once a second. It is a story, not state: what can't be written is left out, and a file
 * that can't be read is an empty one.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject } from '../api/types.ts';
import type { Clock } from './clock.ts';
import type { Store } from './store.ts';

const EVERY_MS = 1_000;
const fileIn = (folder: string): string => join(folder, 'events.json');

/** The events that the supervisor before this one told. */
export async function readStory(folder: string): Promise<KubeObject[]> {
	try {
		const events: unknown = JSON.parse(await readFile(fileIn(folder), 'utf8'));
		return Array.isArray(events) ? events.filter(isEvent) : [];
	} catch {
		return [];
	}
}

function isEvent(value: unknown): value is KubeObject {
	const event = value as KubeObject | null;
	return event?.kind === 'Event' && typeof event.metadata?.name === 'string';
}

export class Story {
	readonly #store: Store;
	readonly #file: string;
	readonly #clock: Clock;
	#cancel: (() => void) | undefined;
	#writing: Promise<void> = Promise.resolve();

	/** `folder` is the state folder; it is not made here. */
	constructor(store: Store, folder: string, clock: Clock) {
		this.#store = store;
		this.#file = fileIn(folder);
		this.#clock = clock;
		store.onChange(({ object }) => {
			if (object.kind === 'Event') this.#cancel ??= clock.after(EVERY_MS, () => this.#write());
		});
	}

	/** Writes what is still to be written, and nothing more after that. */
	async close(): Promise<void> {
		if (this.#cancel !== undefined) this.#write();
		await this.#writing;
		this.#cancel = () => {};
	}

	#write(): void {
		this.#cancel?.();
		this.#cancel = undefined;
		this.#writing = this.#writing.then(() => this.#replace());
	}

	/** Beside and renamed. A folder that is gone or full is no reason to stop anything. */
	async #replace(): Promise<void> {
		const beside = `${this.#file}.${process.pid}.${this.#clock.now()}.tmp`;
		try {
			await writeFile(beside, JSON.stringify(this.#store.list('Event').items), { mode: 0o600 });
			await rename(beside, this.#file);
		} catch {
			await rm(beside, { force: true }).catch(() => {});
		}
	}
}
