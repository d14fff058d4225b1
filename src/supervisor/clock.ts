/** The clock and the timers of the supervisor, in one place, so that tests can give their own. */
export interface Clock {
	/** ms since the epoch. */
	now(): number;
	/** Calls `then` once after `ms`; the returned function takes that back. Does not keep the process alive. */
	after(ms: number, then: () => void): () => void;
}

/** setTimeout's ceiling; a longer wait fires early, and the worker looks and sleeps again. */
const LONGEST = 2 ** 31 - 1;

const timers = new Set<NodeJS.Timeout>();

/** Timers of the system's clock that are still to fire: what a leak of them shows in. */
export function openTimers(): number {
	return timers.size;
}

export const systemClock: Clock = {
	now: () => Date.now(),
	after: (ms, then) => {
		const timer = setTimeout(
			() => {
				timers.delete(timer);
				then();
			},
			Math.min(ms, LONGEST),
		);
		timers.add(timer);
		timer.unref();
		return () => {
			timers.delete(timer);
			clearTimeout(timer);
		};
	},
};
