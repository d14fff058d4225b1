/** What every row is given. */
import type { Floor } from './floor.ts';
import type { Peer } from './peers.ts';
import type { Podrun } from './podrun.ts';

export interface Bench {
	readonly floor: Floor;
	readonly podrun: Podrun;
	readonly peers: readonly Peer[];
	readonly rounds: number;
	/** Hears why a row is left out. */
	readonly absent: (why: string) => void;
	/** Of the names of everything that is made. */
	readonly prefix: string;
}
