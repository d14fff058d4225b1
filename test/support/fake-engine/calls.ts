/** Every call of the fake engine goes through here: it is noted, and may be held back or come to harm. */
import { type Engine, EngineError } from '../../../src/engine/engine.ts';

/** A failure to come. */
export interface Fault {
	/** Undefined: any call. */
	readonly method?: keyof Engine;
	/** 1: the next one that fits. */
	readonly nth: number;
	/** before: nothing is done. after: it is done, but the answer is lost. */
	readonly when: 'before' | 'after';
	readonly error?: EngineError;
}

export class FakeCalls {
	readonly made: { readonly method: keyof Engine; readonly args: readonly unknown[] }[] = [];
	/** While it is, every call fails with UNREACHABLE. */
	down = false;
	readonly #address: string;
	readonly #held = new Map<keyof Engine, Promise<void>>();
	#faults: { fault: Fault; seen: number }[] = [];
	/** While it says nothing: resolves with whether what was asked is done after all. */
	#silence: PromiseWithResolvers<boolean> | undefined;
	/** Cuts a call that waits for its answer. */
	readonly #waiting = new Set<(error: EngineError) => void>();

	constructor(address: string) {
		this.#address = address;
	}

	/** Does the deed, unless something was ordered for this call. */
	async make<T>(method: keyof Engine, args: readonly unknown[], deed: () => T | Promise<T>): Promise<T> {
		this.made.push({ method, args });
		const fault = this.#fault(method);
		const lost =
			fault?.error ??
			new EngineError('UNREACHABLE', `the Docker engine at ${this.#address} closed the connection`);
		const held = this.#held.get(method);
		if (held) await held;
		const { promise: cut, reject } = Promise.withResolvers<never>();
		this.#waiting.add(reject);
		try {
			return await Promise.race([this.#done(fault, lost, deed), cut]);
		} finally {
			this.#waiting.delete(reject);
		}
	}

	async #done<T>(fault: Fault | undefined, lost: EngineError, deed: () => T | Promise<T>): Promise<T> {
		if (this.#silence !== undefined && !(await this.#silence.promise)) await new Promise(() => undefined);
		if (this.down) {
			throw new EngineError('UNREACHABLE', `no Docker engine at ${this.#address}: nothing listens there`);
		}
		if (fault?.when === 'before') throw lost;
		const result = await deed();
		if (fault) throw lost;
		return result;
	}

	fallSilent(): void {
		this.#silence ??= Promise.withResolvers();
	}

	speak(deaf: boolean): void {
		this.#silence?.resolve(!deaf);
		this.#silence = undefined;
	}

	unanswered(): () => void {
		const waiting = [...this.#waiting];
		const error = new EngineError('UNREACHABLE', `the Docker engine at ${this.#address} does not answer`);
		return () => {
			for (const cut of waiting) if (this.#waiting.has(cut)) cut(error);
		};
	}

	/** The call, until the signal cuts it. */
	cuttable<T>(call: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
		const { promise, reject } = Promise.withResolvers<never>();
		signal?.addEventListener('abort', () => reject(new EngineError('ABORTED', 'the call was cut off')));
		return Promise.race([call, promise]);
	}

	inject(fault: Partial<Fault>): void {
		this.#faults.push({ fault: { nth: 1, when: 'before', ...fault }, seen: 0 });
	}

	/** Calls of this kind wait, undone, until the returned function is called. */
	hold(method: keyof Engine): () => void {
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#held.set(method, promise);
		return () => {
			this.#held.delete(method);
			resolve();
		};
	}

	#fault(method: keyof Engine): Fault | undefined {
		let hit: Fault | undefined;
		for (const waiting of this.#faults) {
			if (waiting.fault.method !== undefined && waiting.fault.method !== method) continue;
			waiting.seen++;
			if (waiting.seen === waiting.fault.nth) hit ??= waiting.fault;
		}
		this.#faults = this.#faults.filter((waiting) => waiting.seen < waiting.fault.nth);
		return hit;
	}
}
