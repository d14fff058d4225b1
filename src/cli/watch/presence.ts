/**
 * Tells the supervisor which pods are kept current: an open request for each, for as long as the watch goes on.
 * What is kept for a pod outlives new images only while somebody is there.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../client/client.ts';
import { keyText, type PodFeed, type PodKey } from '../up/feed.ts';
import { podOf } from './readiness.ts';
import { podPath } from './transfer.ts';

/** ms until the next try when nobody answers. */
const RETRY = 1000;

export class Presence {
	readonly #client: Client;
	readonly #feed: PodFeed;
	readonly #signal: AbortSignal;
	/** Pods by key and uid. */
	readonly #held = new Set<string>();

	constructor(client: Client, feed: PodFeed, signal: AbortSignal) {
		this.#client = client;
		this.#feed = feed;
		this.#signal = signal;
	}

	/** Stays with a pod until it is gone or the signal comes. */
	stay(key: PodKey, uid: string): void {
		const held = `${keyText(key)} ${uid}`;
		if (this.#held.has(held)) return;
		this.#held.add(held);
		this.#hold(key, uid)
			.catch((error: unknown) => {
				if (!this.#signal.aborted) throw error;
			})
			.finally(() => this.#held.delete(held));
	}

	async #hold(key: PodKey, uid: string): Promise<void> {
		const signal = this.#signal;
		do {
			await this.#client.request('GET', `${podPath(key)}/watched`, { signal }).catch(() => {});
			await delay(RETRY, undefined, { signal });
		} while (podOf(this.#feed, key)?.metadata.uid === uid);
	}
}
