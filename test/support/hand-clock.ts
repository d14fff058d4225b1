/** A clock in the test's hand: time passes only when the test lets it, one timer after the other. */
import type { Clock } from '../../src/supervisor/clock.ts';

interface Timer {
	readonly at: number;
	readonly then: () => void;
}

export class HandClock implements Clock {
	#now: number;
	readonly #timers = new Set<Timer>();
	#leaps = 0;

	/** `now`: where it starts, ms. */
	constructor(now = 0) {
		this.#now = now;
	}

	/** Timers that are still to fire. */
	get waiting(): number {
		return this.#timers.size;
	}

	now(): number {
		return this.#now + this.#leaps;
	}

	leaps(): number {
		return this.#leaps;
	}

	/** Somebody sets the wall clock forward by `ms`, or back; `passTo` and the timers know nothing of it. */
	leap(ms: number): void {
		this.#leaps += ms;
	}

	after(ms: number, then: () => void): () => void {
		const timer = { at: this.#now + ms, then };
		this.#timers.add(timer);
		return () => this.#timers.delete(timer);
	}

	/** Fires what is due until then, each at its own instant, and lets what it begins come to rest. */
	async passTo(at: number): Promise<void> {
		for (;;) {
			await new Promise((done) => setImmediate(done));
			const next = [...this.#timers].filter((timer) => timer.at <= at).sort((a, b) => a.at - b.at)[0];
			if (next === undefined) break;
			this.#timers.delete(next);
			this.#now = Math.max(this.#now, next.at);
			next.then();
		}
		this.#now = at;
	}
}
