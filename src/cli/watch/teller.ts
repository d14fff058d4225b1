/**
 * What a watch says: lines for people on stderr, or JSON lines for programs (`--progress json`): a browser that
 * reloads waits for "synced" or "ready again".
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

	/** One event: `line` for people ('' says nothing), `details` for programs. */
	tell(event: WatchEventName, line: string, details: Readonly<Record<string, unknown>> = {}): void {
		if (this.#json) this.#write(JSON.stringify({ event, ...details }));
		else if (line !== '' && !this.#quiet) this.#write(line);
	}

	/** What must be seen by people whatever they asked for. */
	always(event: WatchEventName, line: string, details: Readonly<Record<string, unknown>> = {}): void {
		this.#write(this.#json ? JSON.stringify({ event, ...details }) : line);
	}

	#write(line: string): void {
		if (this.#held !== undefined) this.#held.push(line);
		else say(this.#io, line);
	}
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
