/**
 * Keys of a watch on a terminal: r restarts, w pauses, l shows or hides the logs, q ends. The terminal sends
 * single keys then, so Ctrl-C is a key as well and is raised as the signal that it stands for.
 */
import { Writable } from 'node:stream';
import type { Io, Output } from '../io.ts';

export interface KeyActions {
	readonly restart: () => void;
	readonly pause: () => void;
	readonly logs: () => void;
	readonly quit: () => void;
}

/** What a person is told of them. */
export const KEYS = 'r restarts   w pauses   l hides or shows the logs   q ends';

const CTRL_C = '\u0003';

/** Listens until the returned function is called; nothing on a stdin that is no terminal. */
export function listenForKeys(io: Io, actions: KeyActions): () => void {
	const { stdin } = io;
	if (!stdin.isTTY || stdin.setRawMode === undefined) return () => {};
	const onData = (data: Buffer | string): void => {
		for (const key of data.toString()) {
			if (key === 'r') actions.restart();
			else if (key === 'w') actions.pause();
			else if (key === 'l') actions.logs();
			else if (key === 'q') actions.quit();
			else if (key === CTRL_C) io.raise?.('SIGINT');
		}
	};
	stdin.setRawMode(true);
	stdin.on('data', onData);
	stdin.resume();
	return () => {
		stdin.off('data', onData);
		stdin.setRawMode?.(false);
		stdin.pause();
	};
}

/** A stream before `output` that can be shut: what is written then is dropped. */
export class Gate {
	open = true;
	readonly output: Output;

	constructor(output: Output) {
		const gated = new Writable({
			write: (chunk: Buffer, _encoding, done) => {
				if (!this.open || output.write(chunk)) done();
				else output.once('drain', () => done());
			},
		});
		this.output = Object.assign(gated, {
			isTTY: output.isTTY === true,
			...(output.columns === undefined ? {} : { columns: output.columns }),
		});
	}
}
