/**
 * When a batch is complete: after a short quiet, which one save needs; longer while many files come, so that a
 * branch switch is one batch; and after a while in any case, so that a file that never rests is not starved. Pure.
 */

export interface Pending {
	/** ms since the epoch: of the first and the last event that wait. */
	readonly first: number;
	readonly last: number;
	/** Different paths that wait. */
	readonly paths: number;
}

const QUIET = 50;
const QUIET_MANY = 300;
const MANY = 200;
const LONGEST = 300;
const LONGEST_MANY = 3000;
const MS_PER_PATH = 10;

/** The instant at which what waits is to be flushed, if nothing else comes. */
export function flushAt({ first, last, paths }: Pending): number {
	const quiet = paths >= MANY ? QUIET_MANY : QUIET;
	const longest = Math.min(LONGEST_MANY, LONGEST + MS_PER_PATH * paths);
	return Math.min(last + quiet, first + longest);
}
