/**
 * When events are worth a look at the disk: after a short quiet, and after a while in any case, so that a file
 * that never rests is not starved. Whether more is about to come is not asked of events, which lag behind
 * when there are thousands, but of the disk (see storm.ts). Pure.
 */

export interface Pending {
	/** ms since the epoch: of the first and the last event that wait. */
	readonly first: number;
	readonly last: number;
}

const QUIET = 50;
const LONGEST = 300;

/** The instant at which what waits is to be flushed, if nothing else comes. */
export function flushAt({ first, last }: Pending): number {
	return Math.min(last + QUIET, first + LONGEST);
}
