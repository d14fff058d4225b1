/**
 * Whether there is an engine to talk to. An engine that is being restarted is no fault of any pod: while it is
 * away nothing is decided, probed or tried, and what was last seen stands; when it answers again all is looked at
 * anew. Whoever finds nobody there says so (`doubt`), and a call on a connection of its own decides: an engine
 * that is shutting down serves the connections that it has, but takes no new one.
 *
 * One that hangs takes connections and answers none. Nobody finds that out by waiting, for many calls may well
 * take long; a ping never does, since the engine takes no lock for it. So when nothing was heard of the engine for
 * a while, whether by events or by the lists that are asked for all the time, it is asked in the same way.
 */
import { type Engine, EngineError } from '../engine/engine.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** ms between looks while it is away: the first, doubling to the longest. */
const FIRST_LOOK = 100;
const LONGEST_LOOK = 2_000;
/** An absence that is shorter is no news to anybody; a silence has been long enough when it is noticed. */
const TOLD_AFTER = 1_000;
/** ms without a word after which it is asked: a little more than passes between two lists. */
const QUIET = 12_000;
/**
 * ms that a ping may take, in two halves: where this process itself was stopped, or the machine slept, the first one
 * is over at once when it goes on, and the answer that lies there is read before the second is.
 */
const HALF_PATIENCE = 4_000;
/** After a silence, calls from before it that are not answered within so many ms have never reached the engine. */
const ANSWERED_WITHIN = 5_000;
/** ms within which an engine that is well answers a ping. */
const PROMPT = 2_000;

export interface Absence {
	/** ms since the epoch. */
	readonly since: number;
	/** Why no engine answers, in words for a user. */
	readonly why: string;
}

export interface EngineLinkOptions {
	readonly engine: Pick<Engine, 'address' | 'ping' | 'unanswered'>;
	readonly clock: Clock;
	readonly log: Log;
	/** It has been away for so long that users want to know. */
	readonly onAway: (absence: Absence) => void;
	/** It answers again: what it has is to be seen anew before anybody goes on. */
	readonly onFound: () => Promise<void>;
	/** It was silent, and is not any more: connections from before may be dead though nobody has closed them. */
	readonly onSilenceOver: () => void;
	/** Everybody may go on; `told`: onAway was called before. */
	readonly onBack: (told: boolean) => void;
}

export class EngineLink {
	readonly #options: EngineLinkOptions;
	#absence: Absence | undefined;
	#looking = false;
	#begun = false;
	#returning: Promise<void> | undefined;
	#answering: Promise<boolean> | undefined;
	#ended = false;
	#told = false;
	/** It takes connections and does not answer. */
	#silent = false;
	#cancelLook = (): void => {};
	#cancelTelling = (): void => {};
	#cancelBeat = (): void => {};
	/** Of those who wait for its answer: called when it is taken for away. */
	readonly #asking = new Set<(error: EngineError) => void>();

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

	/** From now on it is noticed when nothing is heard of it any more. */
	begin(): void {
		this.#begun = true;
		this.heard();
	}

	/** It has told something: it is well for the time being. */
	heard(): void {
		this.#cancelBeat();
		if (!this.#begun || this.#ended) return;
		this.#cancelBeat = this.#options.clock.after(QUIET, () => {
			this.heard();
			this.doubt();
		});
	}

	/**
	 * What somebody waits for who must not wait for ever. `tooLate` gets an answer that comes when nobody waits any more.
	 * @throws EngineError UNREACHABLE while it is away, and as soon as it is taken for away
	 */
	async ask<T>(question: () => Promise<T>, tooLate: (answer: T) => void = () => {}): Promise<T> {
		if (this.#absence !== undefined) throw new EngineError('UNREACHABLE', this.#absence.why);
		const { promise, reject } = Promise.withResolvers<never>();
		this.#asking.add(reject);
		const answer = Promise.resolve().then(question);
		try {
			return await Promise.race([answer, promise]);
		} catch (error) {
			answer.then(tooLate, () => {});
			throw error;
		} finally {
			this.#asking.delete(reject);
		}
	}

	/** Whether it answers at once: somebody has waited in vain for what it was to do, and may have waited for it. */
	answers(): Promise<boolean> {
		this.#answering ??= this.#ping(PROMPT, 0)
			.then(
				() => true,
				(error: unknown) => !isUnreachable(error),
			)
			.finally(() => {
				this.#answering = undefined;
			});
		return this.#answering;
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
		this.#cancelBeat();
	}

	/** Throws EngineError UNREACHABLE, also when there is no answer after two waits. */
	async #ping(first: number, second: number): Promise<void> {
		const { engine, clock } = this.#options;
		const cut = new AbortController();
		let cancel = clock.after(first, () => {
			cancel = clock.after(second, () => cut.abort());
		});
		try {
			await engine.ping(cut.signal);
		} catch (error) {
			if (!cut.signal.aborted) throw error;
			throw new Silence(engine.address, error);
		} finally {
			cancel();
		}
	}

	async #look(next: number): Promise<void> {
		this.#looking = true;
		try {
			await this.#ping(HALF_PATIENCE, HALF_PATIENCE);
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
		const { engine, clock, log, onFound, onSilenceOver, onBack } = this.#options;
		this.#cancelLook();
		if (this.#silent) {
			this.#silent = false;
			clock.after(ANSWERED_WITHIN, engine.unanswered());
			onSilenceOver();
		}
		try {
			await onFound();
		} catch (error) {
			log.debug('the engine can not be looked at yet', { error });
			this.#lookAfter(FIRST_LOOK);
			return;
		}
		this.#cancelTelling();
		this.#absence = undefined;
		this.heard();
		log.info('the engine answers again', { after: `${((clock.now() - absence.since) / 1000).toFixed(1)}s` });
		const told = this.#told;
		this.#told = false;
		onBack(told);
	}

	#lose(error: EngineError, next: number): void {
		const { clock, log, onAway } = this.#options;
		if (error instanceof Silence) this.#silent = true;
		if (this.#absence === undefined) {
			const absence = { since: clock.now(), why: error.message };
			this.#absence = absence;
			log.warn('the engine is away', { error });
			this.#cancelBeat();
			for (const leave of [...this.#asking]) leave(error);
			this.#cancelTelling = clock.after(this.#silent ? 0 : TOLD_AFTER, () => {
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

/** It takes connections, or does not even refuse them, and says nothing. */
class Silence extends EngineError {
	constructor(address: string, cause: unknown) {
		super('UNREACHABLE', `the Docker engine at ${address} does not answer`, { cause });
	}
}

/** No engine has answered: nothing is known of what the call was about. */
export function isUnreachable(error: unknown): error is EngineError {
	return error instanceof EngineError && error.code === 'UNREACHABLE';
}
