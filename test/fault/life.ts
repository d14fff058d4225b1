/**
 * One supervisor's life: whether it goes on, and the timers on the world's clock that it still waits for. A dead
 * one's timers never fire.
 */
import type { Clock } from '../../src/supervisor/clock.ts';
import type { FakeEngine } from '../support/fake-engine.ts';

interface Timer {
	readonly at: number;
	readonly then: () => void;
}

export class Life {
	readonly clock: Clock;
	readonly #engine: FakeEngine;
	readonly #timers = new Set<Timer>();
	#dead = false;
	#leaps = 0;
	readonly #setBefore: number;

	/** @param set by how much the wall clock differs from the engine's when it begins */
	constructor(engine: FakeEngine, set = 0) {
		this.#engine = engine;
		this.#setBefore = set;
		this.clock = {
			now: () => engine.now + this.set,
			leaps: () => this.#leaps,
			after: (ms, then) => {
				const timer = { at: engine.now + Math.max(ms, 0), then };
				if (!this.#dead) this.#timers.add(timer);
				return () => this.#timers.delete(timer);
			},
		};
	}

	/** Somebody sets the wall clock; timers go on as if nothing had happened. */
	leap(ms: number): void {
		this.#leaps += ms;
	}

	/** By how much the wall clock differs from the engine's. */
	get set(): number {
		return this.#setBefore + this.#leaps;
	}

	get dead(): boolean {
		return this.#dead;
	}

	/** When its next timer fires; Infinity: never. */
	get nextDue(): number {
		return Math.min(...[...this.#timers].map(({ at }) => at));
	}

	/** Fires what is due, in order; what a timer takes back on the way does not fire. */
	fire(): void {
		for (const timer of [...this.#timers].sort((a, b) => a.at - b.at)) {
			if (timer.at <= this.#engine.now && this.#timers.delete(timer)) timer.then();
		}
	}

	/** Waits on the world's clock. */
	wait(ms: number): Promise<void> {
		return new Promise((resolve) => this.clock.after(ms, resolve));
	}

	end(): void {
		this.#dead = true;
		this.#timers.clear();
	}
}
