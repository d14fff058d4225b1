/** The clock and the timers of the supervisor, in one place, so that tests can give their own. */
export interface Clock {
	/** ms since the epoch. */
	now(): number;
	/** Calls `then` once after `ms`; the returned function takes that back. Does not keep the process alive. */
	after(ms: number, then: () => void): () => void;
	/**
	 * The sum of the leaps that the wall clock has made so far, in ms: somebody has set it, or the machine has slept.
	 * Whoever keeps instants moves them along, so that what was to come in ten seconds still comes in ten seconds.
	 * Absent for a clock that makes none.
	 */
	leaps?(): number;
}

/** setTimeout's ceiling; a longer wait fires early, and the worker looks and sleeps again. */
const LONGEST = 2 ** 31 - 1;

const timers = new Set<NodeJS.Timeout>();

/** Timers of the system's clock that are still to fire: what a leak of them shows in. */
export function openTimers(): number {
	return timers.size;
}

/** Between two readings wall clock and steady clock may drift apart by this many ms: clocks are slewed all the time. */
const DRIFT = 1_000;

/** Reads a wall clock (ms since the epoch) and notices its leaps by a steady one (ms since anything, never set). */
export function leapingClock(
	wall: () => number,
	steady: () => number,
): Required<Pick<Clock, 'now' | 'leaps'>> {
	let last = { wall: wall(), steady: steady() };
	let leaps = 0;
	const now = (): number => {
		const read = { wall: wall(), steady: steady() };
		const leap = read.wall - last.wall - (read.steady - last.steady);
		if (Math.abs(leap) > DRIFT) leaps += leap;
		last = read;
		return read.wall;
	};
	return {
		now,
		leaps() {
			now();
			return leaps;
		},
	};
}

export const systemClock: Clock = {
	...leapingClock(
		() => Date.now(),
		() => performance.now(),
	),
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
