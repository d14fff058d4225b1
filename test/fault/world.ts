/**
 * A small world to break: the stateful fake engine, a supervisor on it, and one clock that only the test moves.
 * Between the two stands a gate that counts calls and does harm at the n-th: it fails, loses the answer, delays,
 * cuts the events, or kills the supervisor there and then. A killed supervisor is cut off for good: its calls
 * never come back, its timers never fire, and the next one finds the state folder as it was at that instant.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '../../src/api/types.ts';
import { type Engine, EngineError, type EngineErrorCode } from '../../src/engine/engine.ts';
import type { Clock } from '../../src/supervisor/clock.ts';
import { createLog } from '../../src/supervisor/log.ts';
import { createSupervisor, type Supervisor } from '../../src/supervisor/supervisor.ts';
import { FakeEngine, type FakeOptions } from '../support/fake-engine.ts';

/** What befalls the n-th call. `lost`: done, but its answer never came. */
export type Harm =
	| 'error'
	| 'conflict'
	| 'refused'
	| 'lost'
	| 'slow'
	| 'late'
	| 'deaf'
	| 'kill before'
	| 'kill after';
export const HARMS: readonly Harm[] = [
	'error',
	'conflict',
	'refused',
	'lost',
	'slow',
	'late',
	'deaf',
	'kill before',
	'kill after',
];

/** How long a slow call waits before it is done, and a late answer after it, in ms of the world's clock. */
const DELAY = 3_000;
/** Never comes back. */
const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

const error = (code: EngineErrorCode, message: string): EngineError => new EngineError(code, message);

interface Timer {
	readonly at: number;
	readonly then: () => void;
}

/** One supervisor's life: what it may still reach. */
interface Life {
	dead: boolean;
	readonly timers: Set<Timer>;
}

export class World {
	readonly engine: FakeEngine;
	/** Calls that went through the gate since the last `arm`, by method. */
	calls: string[] = [];
	/** Called with the number of each call, before it is made. */
	onCall: ((nth: number) => void) | undefined;
	/** What the supervisor logged. */
	readonly log: string[] = [];
	readonly #top: string;
	#folder: string;
	#folders = 0;
	#life: Life = { dead: true, timers: new Set() };
	#supervisor: Supervisor | undefined;
	#armed: { nth: number; harm: Harm; upTo: number } | undefined;
	#activity = 0;

	constructor(options: FakeOptions = {}) {
		this.engine = new FakeEngine({ info: { local: false }, ...options });
		// Memory, where there is some to write to: a sweep makes thousands of worlds.
		this.#top = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'podrun-fault-'));
		this.#folder = join(this.#top, '0');
		mkdirSync(this.#folder);
	}

	/** Starts a supervisor on what is on disk and on the engine. */
	async start(): Promise<void> {
		const life: Life = { dead: false, timers: new Set() };
		this.#life = life;
		const starting = (async () => {
			const supervisor = await createSupervisor({
				engine: this.#gate(life),
				info: await this.engine.info(),
				instance: 'fault',
				stateFolder: this.#folder,
				env: { PODRUN_REACH: 'infra' },
				log: createLog((line) => {
					this.#activity += 1;
					if (!life.dead) this.log.push(line.trim());
				}, 'debug'),
				clock: this.#clock(life),
			});
			this.#supervisor = supervisor;
			await supervisor.start();
		})();
		// As the daemon: a start that fails ends the process, and the next command starts another.
		let failed = false;
		starting.catch(() => {
			failed = true;
		});
		let done = false;
		starting.then(
			() => {
				done = true;
			},
			() => undefined,
		);
		while (!done && !failed && !life.dead) await this.#step();
		if (life.dead) return;
		if (failed) {
			this.kill();
			await this.start();
		}
	}

	/** As SIGKILL: nothing of it happens any more, and the disk stays as it is now. */
	kill(): void {
		this.#life.dead = true;
		this.#life.timers.clear();
		const next = join(this.#top, String(++this.#folders));
		cpSync(this.#folder, next, { recursive: true });
		this.#folder = next;
	}

	/** Kills it and starts the next one. */
	async restart(): Promise<void> {
		this.kill();
		await this.start();
	}

	/** Ends the supervisor as `podrun supervisor stop` does. */
	async leave(): Promise<void> {
		await this.#supervisor?.stop();
	}

	get backend(): Supervisor['backend'] {
		if (this.#supervisor === undefined) throw new Error('no supervisor was started');
		return this.#supervisor.backend;
	}

	get killed(): boolean {
		return this.#life.dead;
	}

	/** From now on calls are counted anew; the `nth` one (and `more` after it) comes to harm. */
	arm(nth?: number, harm?: Harm, more = 0): void {
		this.calls = [];
		this.#armed = nth === undefined || harm === undefined ? undefined : { nth, harm, upTo: nth + more };
	}

	/** The pod as it is told now; undefined: there is none. */
	async pod(name: string): Promise<Pod | undefined> {
		return this.backend.get('Pod', 'default', name).then(
			(found) => found as unknown as Pod,
			() => undefined,
		);
	}

	/**
	 * Lets the world go on until `is` holds, a supervisor that was killed on the way being followed by another.
	 * False when it does not within `ms` of the world's clock.
	 */
	async until(is: () => Promise<boolean> | boolean, ms = 120_000): Promise<boolean> {
		const limit = this.engine.now + ms;
		for (;;) {
			await this.#quiet();
			if (this.#life.dead) await this.start();
			else if (await is()) return true;
			else if (this.engine.now > limit) return false;
			else await this.#step(limit + 1);
		}
	}

	/** Lets `ms` pass. */
	async pass(ms: number): Promise<void> {
		const end = this.engine.now + ms;
		await this.until(() => this.engine.now >= end, ms);
	}

	/** Files of objects that are on disk. */
	files(): string[] {
		return readdirSync(this.#folder, { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile())
			.map((entry) => entry.name);
	}

	get folder(): string {
		return this.#folder;
	}

	async end(): Promise<void> {
		this.#life.dead = true;
		this.#life.timers.clear();
		rmSync(this.#top, { recursive: true, force: true });
	}

	/** To the next instant at which something is due, `until` at the latest. */
	async #step(until = Number.POSITIVE_INFINITY): Promise<void> {
		await this.#quiet();
		const due = [...this.#life.timers].map(({ at }) => at);
		const next = Math.min(until, this.engine.nextDue ?? Number.POSITIVE_INFINITY, ...due);
		if (next !== Number.POSITIVE_INFINITY) this.engine.advance(Math.max(next - this.engine.now, 0));
		for (const timer of [...this.#life.timers].sort((a, b) => a.at - b.at)) {
			if (timer.at > this.engine.now || !this.#life.timers.delete(timer)) continue;
			timer.then();
		}
		await this.#quiet();
	}

	/** Resolves when nothing is under way but what waits for the clock. */
	async #quiet(): Promise<void> {
		for (let still = 0; still < 3; still += 1) {
			const before = this.#activity;
			await new Promise((resolve) => setImmediate(resolve));
			const files = process
				.getActiveResourcesInfo()
				.some((kind) => kind.endsWith('Req') || kind.startsWith('FSReq'));
			if (files || before !== this.#activity) still = -1;
		}
	}

	#clock(life: Life): Clock {
		return {
			now: () => this.engine.now,
			after: (ms, then) => {
				const timer = { at: this.engine.now + Math.max(ms, 0), then };
				if (!life.dead) life.timers.add(timer);
				return () => life.timers.delete(timer);
			},
		};
	}

	/** Waits on the world's clock. */
	#wait(life: Life, ms: number): Promise<void> {
		return new Promise((resolve) => this.#clock(life).after(ms, resolve));
	}

	#gate(life: Life): Engine {
		const { engine } = this;
		const world = this;
		return new Proxy(engine, {
			get(target, property) {
				const member = Reflect.get(target, property, target) as unknown;
				if (typeof member !== 'function') return member;
				if (property === 'close') return () => undefined;
				if (property === 'events') {
					return (...args: Parameters<Engine['events']>) => world.#events(life, args);
				}
				if (property === 'logs') return member.bind(target);
				return (...args: unknown[]) =>
					world.#pass(life, String(property), () => Reflect.apply(member, target, args) as Promise<unknown>);
			},
		});
	}

	async #pass<T>(life: Life, method: string, call: () => Promise<T>): Promise<T> {
		if (life.dead) return never();
		this.#activity += 1;
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
				await this.#wait(life, DELAY);
				break;
			case 'deaf':
				// The stream of events ends without a word, and what happens meanwhile is not told.
				setImmediate(() => this.engine.cutEvents());
				break;
			case 'kill before':
				this.kill();
				return never();
		}
		const result = await call().finally(() => {
			this.#activity += 1;
		});
		if (life.dead) return never();
		if (harm === 'lost') throw error('UNREACHABLE', 'the engine closed the connection');
		if (harm === 'late') await this.#wait(life, DELAY);
		if (harm === 'kill after') {
			this.kill();
			return never();
		}
		return result;
	}

	async *#events(life: Life, [options, signal]: Parameters<Engine['events']>): ReturnType<Engine['events']> {
		await this.#pass(life, 'events', () => Promise.resolve());
		for await (const event of this.engine.events(
			{ ...options, onConnected: () => !life.dead && options.onConnected?.() },
			signal,
		)) {
			if (life.dead) await never();
			this.#activity += 1;
			yield event;
		}
	}
}
