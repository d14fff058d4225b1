/**
 * What a watch says: lines for people on stderr, or JSON lines for programs (`--progress json`): a browser that
 * reloads waits for "synced" or "ready again". People read a column of times, from the file's change until it
 * was done, and beside it what was done; what is yet to come has a dot there, what went wrong a mark.
 *
 *        85 ms  page.html synced to web
 *            ·  image of web changed: 1 container restarts, IP kept
 *        1.2 s  pod/shop done, Ready again after 2.3 s
 *            !  building app:dev failed: …
 */
import { type Io, say } from '../io.ts';

export type WatchEventName =
	| 'watching'
	| 'paused'
	| 'resumed'
	| 'changed'
	| 'invalid'
	| 'applied'
	| 'building'
	| 'built'
	| 'build failed'
	| 'synced'
	| 'restarted'
	| 'executed'
	| 'ready again'
	| 'recovered'
	| 'failed';

export class Teller {
	readonly #io: Io;
	readonly #json: boolean;
	readonly #quiet: boolean;
	#held: string[] | undefined;

	/** `progress`: auto, tty, plain, json or quiet. */
	constructor(io: Io, progress: string) {
		this.#io = io;
		this.#json = progress === 'json';
		this.#quiet = progress === 'quiet';
	}

	/** Keeps lines back while something else owns the screen. */
	hold(): void {
		this.#held ??= [];
	}

	release(): void {
		for (const line of this.#held ?? []) say(this.#io, line);
		this.#held = undefined;
	}

	/**
	 * One event: `line` for people ('' says nothing), `details` for programs. The `milliseconds` among them, of
	 * what is done, are told to people, too.
	 */
	tell(event: WatchEventName, line: string, details: Readonly<Record<string, unknown>> = {}): void {
		const { milliseconds } = details;
		if (this.#json) this.#write(JSON.stringify({ event, ...details }));
		else if (line !== '' && !this.#quiet) {
			this.#write(inColumns(typeof milliseconds === 'number' ? told(milliseconds) : '·', line));
		}
	}

	/** One line for people, about what programs have been told in events of their own. */
	summary(milliseconds: number, line: string): void {
		if (!this.#json && !this.#quiet) this.#write(inColumns(told(milliseconds), line));
	}

	/** What must be seen by people whatever they asked for. */
	always(event: WatchEventName, line: string, details: Readonly<Record<string, unknown>> = {}): void {
		this.#write(this.#json ? JSON.stringify({ event, ...details }) : inColumns('!', line));
	}

	#write(line: string): void {
		if (this.#held !== undefined) this.#held.push(line);
		else say(this.#io, line);
	}
}

/** Room for `59.9 s` and more. */
const COLUMN = 8;

function inColumns(first: string, line: string): string {
	const indent = ' '.repeat(COLUMN + 2);
	return `${first.padStart(COLUMN)}  ${line.replaceAll('\n', `\n${indent}`)}`;
}

/** `85 ms`, `1.3 s`. */
export function told(milliseconds: number): string {
	const rounded = Math.max(0, Math.round(milliseconds));
	return rounded < 1000 ? `${rounded} ms` : `${(rounded / 1000).toFixed(1)} s`;
}

/** `a.txt`, `a.txt and b.txt`, or `12 files`. */
export function toldFiles(names: readonly string[], word = 'files'): string {
	if (names.length <= 2) return names.join(' and ');
	return `${names.length} ${word}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function toldList(names: readonly string[]): string {
	return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
