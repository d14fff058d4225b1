/**
 * Whether there is an engine to talk to. An engine that is being restarted is no fault of any pod: while it is
 * away nothing is decided, probed or tried, and what was last seen stands; when it answers again all is looked at
 * anew. Whoever finds nobody there says so (`doubt`), and a call on a connection of its own decides: an engine
 * that is shutting down serves the connections that it has, but takes no new one.
 */
import { type Engine, EngineError } from '../engine/engine.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** ms between looks while it is away: the first, doubling to the longest. */
const FIRST_LOOK = 100;
const LONGEST_LOOK = 2_000;
/** An absence that is shorter is no news to anybody. */
const TOLD_AFTER = 1_000;

export interface Absence {
	/** ms since the epoch. */
	readonly since: number;
	/** Why no engine answers, in words for a user. */
	readonly why: string;
}

export interface EngineLinkOptions {
	readonly engine: Pick<Engine, 'ping'>;
	readonly clock: Clock;
	readonly log: Log;
	/** It has been away for so long that users want to know. */
	readonly onAway: (absence: Absence) => void;
	/** It answers again: what it has is to be seen anew before anybody goes on. */
	readonly onFound: () => Promise<void>;
	/** Everybody may go on; `told`: onAway was called before. */
	readonly onBack: (told: boolean) => void;
}

export class EngineLink {
	readonly #options: EngineLinkOptions;
	#absence: Absence | undefined;
	#looking = false;
	#returning: Promise<void> | undefined;
	#ended = false;
	#told = false;
	#cancelLook = (): void => {};
	#cancelTelling = (): void => {};

	constructor(options: EngineLinkOptions) {
		this.#options = options;
	}

	/** Undefined: it is there, as far as is known. */
	get absence(): Absence | undefined {
		return this.#absence;
	}

	get isAway(): boolean {
		return this.#absence !== undefined;
	}

	/** A call found nobody, or the stream of events has ended: asks the engine whether it is there. */
	doubt(): void {
		if (this.#looking || this.#ended || this.isAway) return;
		void this.#look(FIRST_LOOK);
	}

	/** It has answered. Resolves when everybody may go on, or when it is away again. */
	found(): Promise<void> {
		if (this.#absence === undefined) return Promise.resolve();
		this.#returning ??= this.#return(this.#absence).finally(() => {
			this.#returning = undefined;
		});
		return this.#returning;
	}

	/** Looks no more. */
	end(): void {
		this.#ended = true;
		this.#cancelLook();
		this.#cancelTelling();
	}

	async #look(next: number): Promise<void> {
		this.#looking = true;
		try {
			await this.#options.engine.ping();
			await this.found();
		} catch (error) {
			// Whatever else it says, somebody is there.
			if (!isUnreachable(error)) await this.found();
			else if (!this.#ended) this.#lose(error, next);
		} finally {
			this.#looking = false;
		}
	}

	async #return(absence: Absence): Promise<void> {
		const { clock, log, onFound, onBack } = this.#options;
		this.#cancelLook();
		try {
			await onFound();
		} catch (error) {
			log.debug('the engine can not be looked at yet', { error });
			this.#lookAfter(FIRST_LOOK);
			return;
		}
		this.#cancelTelling();
		this.#absence = undefined;
		log.info('the engine answers again', { after: `${((clock.now() - absence.since) / 1000).toFixed(1)}s` });
		const told = this.#told;
		this.#told = false;
		onBack(told);
	}

	#lose(error: EngineError, next: number): void {
		const { clock, log, onAway } = this.#options;
		if (this.#absence === undefined) {
			const absence = { since: clock.now(), why: error.message };
			this.#absence = absence;
			log.warn('the engine is away', { error });
			this.#cancelTelling = clock.after(TOLD_AFTER, () => {
				this.#told = true;
				onAway(absence);
			});
		}
		this.#lookAfter(next);
	}

	#lookAfter(ms: number): void {
		if (this.#ended) return;
		const next = Math.min(ms * 2, LONGEST_LOOK);
		this.#cancelLook();
		this.#cancelLook = this.#options.clock.after(ms, () => void this.#look(next));
	}
}

/** No engine has answered: nothing is known of what the call was about. */
export function isUnreachable(error: unknown): error is EngineError {
	return error instanceof EngineError && error.code === 'UNREACHABLE';
}
