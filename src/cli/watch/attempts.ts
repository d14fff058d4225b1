/** Work for pods that may fail: refused for good, or for want of a supervisor or an engine, which come back. */
import { ApiError, UserError } from '../../api/errors.ts';
import type { Teller } from './teller.ts';

export type Attempt = 'done' | 'refused' | 'again';

const CONNECTION = ['ECONNRESET', 'EPIPE', 'ECONNREFUSED', 'ENOENT', 'ETIMEDOUT'];

export class Attempts {
	readonly #teller: Teller;
	readonly #signal: AbortSignal;
	/** Told once, however often it is met. */
	#lastFailure = '';

	constructor(teller: Teller, signal: AbortSignal) {
		this.#teller = teller;
		this.#signal = signal;
	}

	/** Does the work and tells what became of it. Rejects with bugs, and with the signal's reason. */
	async run(work: () => Promise<void>): Promise<Attempt> {
		try {
			await work();
			if (this.#lastFailure !== '') this.#teller.tell('recovered', 'it goes on: nothing waits any more');
			this.#lastFailure = '';
			return 'done';
		} catch (error) {
			if (this.#signal.aborted) throw error;
			const message = error instanceof Error ? error.message : String(error);
			const refused = error instanceof ApiError && error.status.code < 500;
			const known = error instanceof ApiError || error instanceof UserError || isConnection(error);
			if (!known) throw error;
			const line = refused ? message : `${message}\nwhat has changed waits until it goes on`;
			if (message !== this.#lastFailure) this.#teller.always('failed', line, { message });
			if (refused) return 'refused';
			this.#lastFailure = message;
			return 'again';
		}
	}
}

function isConnection(error: unknown): boolean {
	const { code } = error as NodeJS.ErrnoException;
	return code !== undefined && CONNECTION.includes(code);
}
