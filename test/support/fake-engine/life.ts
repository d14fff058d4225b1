/** A fake container's life: start, signals, pause and death, and the clock that brings what is due. */
import { EngineError } from '../../../src/engine/engine.ts';
import { changed, type FakeContainer, isLive } from './container.ts';
import type { Endpoints } from './endpoints.ts';
import { print } from './logs.ts';
import type { Machine } from './machine.ts';
import { fail } from './refusal.ts';

const SIGNALS: Readonly<Record<string, number>> = {
	HUP: 1,
	INT: 2,
	QUIT: 3,
	KILL: 9,
	USR1: 10,
	USR2: 12,
	TERM: 15,
	CONT: 18,
	STOP: 19,
	WINCH: 28,
};
/** These do nothing unless a program asks for them. */
const HARMLESS = new Set([18, 28]);

export class Life {
	readonly #machine: Machine;
	readonly #endpoints: Endpoints;

	constructor(machine: Machine, endpoints: Endpoints) {
		this.#machine = machine;
		this.#endpoints = endpoints;
	}

	/** Moves the clock; everything due on the way happens in order, at its own instant. */
	advance(ms: number): void {
		const machine = this.#machine;
		const target = machine.now + ms;
		for (;;) {
			const next = machine
				.all()
				.filter((c) => c.status === 'running' && c.due !== undefined && c.due.at <= target)
				.sort((a, b) => (a.due?.at ?? 0) - (b.due?.at ?? 0))[0];
			if (!next?.due) break;
			machine.now = Math.max(machine.now, next.due.at);
			this.die(next, next.due.exitCode, next.program.oom === true && next.due.exitCode === 137);
		}
		machine.now = target;
	}

	/** The next instant at which something is due; undefined: never. */
	get nextDue(): number | undefined {
		const due = this.#machine.all().flatMap((c) => (c.status === 'running' && c.due ? [c.due.at] : []));
		return due.length === 0 ? undefined : Math.min(...due);
	}

	start(id: string): void {
		const container = this.#machine.find(id);
		if (container.status === 'running') fail('NOT_MODIFIED', 304, 'HTTP 304');
		if (container.status === 'paused') {
			fail('CONFLICT', 409, 'cannot start a paused container, try unpause instead');
		}
		const { program } = container;
		container.error = '';
		try {
			this.#endpoints.join(container);
			this.#endpoints.attach(container);
			if (program.startError !== undefined) fail('BAD_REQUEST', 400, program.startError);
		} catch (error) {
			if (!(error instanceof EngineError)) throw error;
			this.#endpoints.leave(container);
			container.exitCode = program.startError === undefined ? 128 : 127;
			container.error = error.message;
			throw error;
		}
		container.status = 'running';
		container.startedAt = this.#machine.now;
		container.exitCode = 0;
		container.oomKilled = false;
		container.pid = this.#machine.newPid();
		delete container.finishedAt;
		this.#machine.emit(container, 'start');
		for (const [path, text] of Object.entries(program.files ?? {})) container.view.write(path, text);
		for (const { stream, text } of program.output ?? []) print(this.#machine, container, stream, text);
		if (program.exitAfterMs !== undefined) {
			const exitCode = program.oom ? 137 : (program.exitCode ?? 0);
			container.due = { at: this.#machine.now + program.exitAfterMs, exitCode };
			this.advance(0);
		}
	}

	/** `signal` by name, with or without SIG, or by number. */
	signal(id: string, signal: string): void {
		const container = this.#machine.find(id);
		const number = /^\d+$/.test(signal) ? Number(signal) : SIGNALS[signal.toUpperCase().replace(/^SIG/, '')];
		if (!number) fail('BAD_REQUEST', 400, `Invalid signal: ${signal}`);
		if (!isLive(container)) {
			fail('CONFLICT', 409, `Cannot kill container: ${id}: Container ${container.id} is not running`);
		}
		this.kill(container, number);
	}

	kill(container: FakeContainer, signal: number): void {
		this.#machine.emit(container, 'kill', { signal: String(signal) });
		const { program } = container;
		if (signal === 9) {
			container.due = { at: this.#machine.now, exitCode: 137 };
			if (container.status === 'paused') container.status = 'running';
		} else if (!program.ignoreSignals && !HARMLESS.has(signal)) {
			const at = this.#machine.now + (program.stopAfterMs ?? 0);
			const due = { at, exitCode: program.stopCode ?? 128 + signal };
			if (!container.due || container.due.at > at) container.due = due;
		}
		this.advance(0);
	}

	pause(id: string): void {
		const container = this.#machine.running(id);
		container.status = 'paused';
		this.#machine.emit(container, 'pause');
	}

	unpause(id: string): void {
		const container = this.#machine.find(id);
		if (container.status !== 'paused') fail('UNKNOWN', 500, `Container ${container.id} is not paused`);
		container.status = 'running';
		this.#machine.emit(container, 'unpause');
		this.advance(0);
	}

	die(container: FakeContainer, exitCode: number, oom: boolean): void {
		if (oom) this.#machine.emit(container, 'oom');
		container.status = 'exited';
		container.exitCode = exitCode;
		container.oomKilled = oom;
		container.finishedAt = this.#machine.now;
		container.pid = 0;
		delete container.due;
		this.#endpoints.leave(container);
		this.#machine.emit(container, 'die', { exitCode: String(exitCode) });
		changed(container);
		// The death of a PID namespace's first process kills all others in it.
		for (const other of this.#machine.all()) {
			if (other.pidMode === `container:${container.id}` && isLive(other)) this.die(other, 137, false);
		}
	}

	/** The kernel's word that it was killed for its memory, which engines were seen to tell after the death as well. */
	lateOom(id: string): void {
		const container = this.#machine.find(id);
		container.oomKilled = true;
		this.#machine.emit(container, 'oom');
		changed(container);
	}

	/** As a machine that loses its power. */
	killAll(): void {
		for (const container of this.#machine.all()) if (isLive(container)) this.die(container, 137, false);
	}
}
