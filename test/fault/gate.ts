/**
 * The gate between a supervisor and the fake engine: it counts calls and does harm at the n-th. It fails, loses
 * the answer, delays, cuts the events, or kills the supervisor there and then; a dead one's calls never come back.
 */
import { type Engine, EngineError, type EngineErrorCode } from '../../src/engine/engine.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import type { Life } from './life.ts';

/** What befalls the n-th call. `lost`: done, but its answer never came. */
export const HARMS = [
	'error',
	'conflict',
	'refused',
	'lost',
	'slow',
	'late',
	'deaf',
	'kill before',
	'kill after',
] as const;
export type Harm = (typeof HARMS)[number];

/** How long a slow call waits before it is done, and a late answer after it, in ms of the world's clock. */
const DELAY = 3_000;
/** Never comes back. */
const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

const error = (code: EngineErrorCode, message: string): EngineError => new EngineError(code, message);

export class Gate {
	/** Calls since the last `arm`, by method. */
	calls: string[] = [];
	/** Called with the number of each call, before it is made. */
	onCall: ((nth: number) => void) | undefined;
	/** Grows with all that passes, so that stillness can be seen. */
	activity = 0;
	readonly #engine: FakeEngine;
	readonly #kill: () => void;
	#armed: { nth: number; harm: Harm; upTo: number } | undefined;

	constructor(engine: FakeEngine, kill: () => void) {
		this.#engine = engine;
		this.#kill = kill;
	}

	/** From now on calls are counted anew; the `nth` one (and `more` after it) comes to harm. */
	arm(nth?: number, harm?: Harm, more = 0): void {
		this.calls = [];
		this.#armed = nth === undefined || harm === undefined ? undefined : { nth, harm, upTo: nth + more };
	}

	/** The engine as one supervisor may reach it. */
	engineOf(life: Life): Engine {
		return new Proxy(this.#engine, {
			get: (target, property) => {
				const member = Reflect.get(target, property, target) as unknown;
				if (typeof member !== 'function') return member;
				if (property === 'close') return () => undefined;
				if (property === 'events') {
					return (...args: Parameters<Engine['events']>) => this.#events(life, args);
				}
				if (property === 'logs' || property === 'unanswered') return member.bind(target);
				return (...args: unknown[]) =>
					this.#pass(life, String(property), () => Reflect.apply(member, target, args) as Promise<unknown>);
			},
		});
	}

	async #pass<T>(life: Life, method: string, call: () => Promise<T>): Promise<T> {
		if (life.dead) return never();
		this.activity += 1;
		this.calls.push(method);
		const nth = this.calls.length;
		this.onCall?.(nth);
		const armed = this.#armed;
		const harm = armed !== undefined && nth >= armed.nth && nth <= armed.upTo ? armed.harm : undefined;
		switch (harm) {
			case 'error':
				throw error('UNKNOWN', 'the engine stumbled');
			case 'conflict':
				throw error('CONFLICT', 'removal of container is already in progress');
			case 'refused':
				throw error('UNREACHABLE', 'nothing listens at the engine’s address');
			case 'slow':
				await life.wait(DELAY);
				break;
			case 'deaf':
				// The stream of events ends without a word, and what happens meanwhile is not told.
				setImmediate(() => this.#engine.cutEvents());
				break;
			case 'kill before':
				this.#kill();
				return never();
		}
		const result = await call().finally(() => {
			this.activity += 1;
		});
		if (life.dead) return never();
		if (harm === 'lost') throw error('UNREACHABLE', 'the engine closed the connection');
		if (harm === 'late') await life.wait(DELAY);
		if (harm === 'kill after') {
			this.#kill();
			return never();
		}
		return result;
	}

	async *#events(life: Life, [options, signal]: Parameters<Engine['events']>): ReturnType<Engine['events']> {
		await this.#pass(life, 'events', () => Promise.resolve());
		for await (const event of this.#engine.events(
			{ ...options, onConnected: () => !life.dead && options.onConnected?.() },
			signal,
		)) {
			if (life.dead) await never();
			this.activity += 1;
			yield event;
		}
	}
}
