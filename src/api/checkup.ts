/** What `podrun doctor` and `podrun prune` are told: the state of things around podrun, and what no pod owns. */

/** One thing that was looked at. */
export interface Check {
	/** engine, cgroups, network, state folder, leftovers… */
	readonly name: string;
	/** warning: it works, but not as one would think. */
	readonly state: 'ok' | 'warning' | 'problem';
	readonly message: string;
	/** What to do about it. */
	readonly mend?: string;
}

/** Something of this instance on the engine that belongs to no pod. */
export interface Leftover {
	readonly kind: 'container' | 'volume' | 'network';
	readonly name: string;
	/** Whose it was, as far as its labels tell. */
	readonly of: string;
	/** A claim's volume: it may hold data that somebody wants back. */
	readonly data: boolean;
}
