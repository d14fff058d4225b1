/**
 * A small world to break: the stateful fake engine, a supervisor on it behind a gate that does harm, and one clock
 * that only the test moves. A killed supervisor is cut off for good: its calls never come back, its timers never
 * fire, and the next one finds the state folder as it was at that instant.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '../../src/api/types.ts';
import { createLog } from '../../src/supervisor/log.ts';
import { createSupervisor, type Supervisor } from '../../src/supervisor/supervisor.ts';
import { FakeEngine, type FakeOptions } from '../support/fake-engine.ts';
import { Gate, type Harm } from './gate.ts';
import { Life } from './life.ts';

export class World {
	readonly engine: FakeEngine;
	/** What the supervisor logged. */
	readonly log: string[] = [];
	readonly #gate: Gate;
	readonly #top: string;
	#folder: string;
	#folders = 0;
	#life: Life;
	#supervisor: Supervisor | undefined;

	constructor(options: FakeOptions = {}) {
		this.engine = new FakeEngine({ info: { local: false }, ...options });
		this.#gate = new Gate(this.engine, () => this.kill());
		this.#life = new Life(this.engine);
		this.#life.end();
		// Memory, where there is some to write to: a sweep makes thousands of worlds.
		this.#top = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'podrun-fault-'));
		this.#folder = join(this.#top, '0');
		mkdirSync(this.#folder);
	}

	/** Starts a supervisor on what is on disk and on the engine. */
	async start(): Promise<void> {
		const life = new Life(this.engine, this.#life.set);
		this.#life = life;
		// As the daemon: a start that fails ends the process, and the next command starts another.
		let outcome: 'done' | 'failed' | undefined;
		this.#bear(life).then(
			() => {
				outcome = 'done';
			},
			() => {
				outcome = 'failed';
			},
		);
		while (outcome === undefined && !life.dead) await this.#step();
		if (outcome === 'failed' && !life.dead) await this.restart();
	}

	/** As SIGKILL: nothing of it happens any more, and the disk stays as it is now. */
	kill(): void {
		this.#life.end();
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

	async end(): Promise<void> {
		this.#life.end();
		rmSync(this.#top, { recursive: true, force: true });
	}

	get backend(): Supervisor['backend'] {
		if (this.#supervisor === undefined) throw new Error('no supervisor was started');
		return this.#supervisor.backend;
	}

	get killed(): boolean {
		return this.#life.dead;
	}

	/** Calls that went through the gate since the last `arm`, by method. */
	get calls(): readonly string[] {
		return this.#gate.calls;
	}

	/** Called with the number of each call, before it is made. */
	set onCall(hear: (nth: number) => void) {
		this.#gate.onCall = hear;
	}

	/** From now on calls are counted anew; the `nth` one (and `more` after it) comes to harm. */
	arm(nth?: number, harm?: Harm, more = 0): void {
		this.#gate.arm(nth, harm, more);
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

	/** Does something so many ms later, by the world's clock, if the supervisor lives on until then. */
	after(ms: number, then: () => void): void {
		this.#life.clock.after(ms, then);
	}

	/** Somebody sets the clock of the supervisor's machine, not the engine's. */
	leap(ms: number): void {
		this.#life.leap(ms);
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

	async #bear(life: Life): Promise<void> {
		const log = createLog((line) => {
			this.#gate.activity += 1;
			if (!life.dead) this.log.push(line.trim());
		}, 'debug');
		this.#supervisor = await createSupervisor({
			engine: this.#gate.engineOf(life),
			info: await this.engine.info(),
			instance: 'fault',
			stateFolder: this.#folder,
			env: { PODRUN_REACH: 'infra' },
			log,
			clock: life.clock,
		});
		await this.#supervisor.start();
	}

	/** To the next instant at which something is due, `until` at the latest. */
	async #step(until = Number.POSITIVE_INFINITY): Promise<void> {
		await this.#quiet();
		const next = Math.min(until, this.engine.nextDue ?? Number.POSITIVE_INFINITY, this.#life.nextDue);
		if (next !== Number.POSITIVE_INFINITY) this.engine.advance(Math.max(next - this.engine.now, 0));
		this.#life.fire();
		await this.#quiet();
	}

	/** Resolves when nothing is under way but what waits for the clock. */
	async #quiet(): Promise<void> {
		for (let still = 0; still < 3; still += 1) {
			const before = this.#gate.activity;
			await new Promise((resolve) => setImmediate(resolve));
			const files = process
				.getActiveResourcesInfo()
				.some((kind) => kind.endsWith('Req') || kind.startsWith('FSReq'));
			if (files || before !== this.#gate.activity) still = -1;
		}
	}
}
