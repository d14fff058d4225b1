/**
 * One open watch: a queue between the store, which never waits, and a reader, who may. A reader that falls
 * too far behind is ended with 410, as the API server does: it lists again and is up to date.
 */
import type { WatchEvent } from '../api/backend.ts';
import { ApiError } from '../api/errors.ts';

const LIMIT = 16_384;

export class Watcher implements AsyncIterable<WatchEvent> {
	onClose: () => void = () => {};
	readonly #namespace: string | undefined;
	readonly #queue: WatchEvent[] = [];
	#wake: (() => void) | undefined;
	#closed = false;
	#overrun = false;

	constructor(namespace: string | undefined, signal: AbortSignal) {
		this.#namespace = namespace;
		if (signal.aborted) this.#closed = true;
		else signal.addEventListener('abort', () => this.close(), { once: true });
	}

	push(event: WatchEvent): void {
		if (this.#closed) return;
		if (this.#namespace !== undefined && event.object.metadata.namespace !== this.#namespace) return;
		if (this.#queue.length >= LIMIT) this.#overrun = true;
		else this.#queue.push(event);
		this.#wake?.();
	}

	close(): void {
		this.#closed = true;
		this.onClose();
		this.#wake?.();
	}

	async *[Symbol.asyncIterator](): AsyncIterator<WatchEvent> {
		try {
			while (!this.#closed) {
				const event = this.#queue.shift();
				if (event !== undefined) {
					yield event;
					continue;
				}
				if (this.#overrun) throw new ApiError(410, 'Expired', 'the watch fell too far behind');
				await new Promise<void>((resolve) => {
					this.#wake = resolve;
				});
				this.#wake = undefined;
			}
		} finally {
			this.close();
		}
	}
}
