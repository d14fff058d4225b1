/** The fake engine's events: those of late are kept, and whoever listens hears the new ones until it is cut. */
import type { EngineEvent } from '../../../src/engine/engine.ts';
import { matches } from './labels.ts';
import { fail } from './refusal.ts';

/** As many as Docker keeps for `since`. */
const HISTORY = 256;

export interface Asked {
	readonly labels?: readonly string[];
	/** ms since the epoch. */
	readonly since?: number;
}

export class FakeEvents {
	readonly #history: EngineEvent[] = [];
	readonly #subscriptions = new Set<Subscription>();

	tell(event: EngineEvent): void {
		this.#history.push(event);
		if (this.#history.length > HISTORY) this.#history.shift();
		for (const subscription of [...this.#subscriptions]) subscription.push(event);
	}

	/** Listens from now on, and to what was told since `since`. */
	subscribe(asked: Asked, signal: AbortSignal): Subscription {
		if (signal.aborted) fail('ABORTED', undefined, 'the call was cut off');
		const subscription = new Subscription(asked.labels ?? [], signal, () =>
			this.#subscriptions.delete(subscription),
		);
		const { since } = asked;
		if (since !== undefined) {
			for (const event of this.#history) if (event.at >= since) subscription.push(event);
		}
		this.#subscriptions.add(subscription);
		return subscription;
	}

	cut(): void {
		for (const subscription of [...this.#subscriptions]) subscription.cut();
	}

	forget(): void {
		this.#history.length = 0;
	}
}

/** One listener's queue. */
export class Subscription {
	readonly #queue: EngineEvent[] = [];
	readonly #labels: readonly string[];
	readonly #signal: AbortSignal;
	readonly #onEnd: () => void;
	readonly #cut = (): void => this.cut();
	#ended = false;
	#wake: () => void = () => undefined;

	constructor(labels: readonly string[], signal: AbortSignal, onEnd: () => void) {
		this.#labels = labels;
		this.#signal = signal;
		this.#onEnd = onEnd;
		signal.addEventListener('abort', this.#cut, { once: true });
	}

	push(event: EngineEvent): void {
		if (matches(event.attributes, this.#labels)) this.#queue.push(event);
		this.#wake();
	}

	cut(): void {
		this.#ended = true;
		this.#onEnd();
		this.#wake();
	}

	/** Ends without a word when it is cut; throws ABORTED when its signal fires. */
	async *read(): AsyncGenerator<EngineEvent, void, void> {
		try {
			for (;;) {
				const event = this.#queue.shift();
				if (event) {
					yield event;
				} else if (this.#ended) {
					if (this.#signal.aborted) fail('ABORTED', undefined, 'the call was cut off');
					return;
				} else {
					await new Promise<void>((resolve) => {
						this.#wake = resolve;
					});
				}
			}
		} finally {
			this.#signal.removeEventListener('abort', this.#cut);
			this.#onEnd();
		}
	}
}
