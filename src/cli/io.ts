/**
 * The world as a verb sees it: three streams, environment, working directory and signals. Verbs touch
 * `process` only through this, so that a test can hand them its own.
 */
import type { ReadStream } from 'node:tty';

export type Output = NodeJS.WritableStream & {
	readonly isTTY?: boolean;
	readonly columns?: number;
	readonly rows?: number;
};

export type Input = NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>;

export interface Io {
	readonly stdin: Input;
	readonly stdout: Output;
	readonly stderr: Output;
	readonly env: NodeJS.ProcessEnv;
	readonly cwd: string;
	/** Calls `handler` for each of the signals until the returned function is called. */
	onSignal(signals: readonly NodeJS.Signals[], handler: (signal: NodeJS.Signals) => void): () => void;
	/** As if the signal had come: Ctrl-C is a mere key while a terminal sends single keys. */
	raise?(signal: NodeJS.Signals): void;
}

/** The real process's; what was written has left it when `flushed` resolves. */
export interface ProcessIo extends Io {
	flushed(): Promise<void>;
}

/**
 * The real process. A stream is looked up when it is asked for: each loads what a command that does not use it has no
 * use for. `onBroken` hears of an output that can't be written to, e.g. EPIPE.
 */
export function processIo(onBroken: (error: NodeJS.ErrnoException) => void): ProcessIo {
	const used = new Set<Output>();
	const use = (stream: Output): Output => {
		if (!used.has(stream)) stream.on('error', onBroken);
		used.add(stream);
		return stream;
	};
	return {
		get stdin() {
			return process.stdin;
		},
		get stdout() {
			return use(process.stdout);
		},
		get stderr() {
			return use(process.stderr);
		},
		async flushed() {
			await Promise.all([...used].map((stream) => new Promise((done) => stream.write('', done))));
		},
		env: process.env,
		cwd: process.cwd(),
		raise: (signal) => {
			process.kill(process.pid, signal);
		},
		onSignal(signals, handler) {
			for (const signal of signals) {
				process.on(signal, handler);
			}
			return () => {
				for (const signal of signals) {
					process.off(signal, handler);
				}
			};
		},
	};
}

/** One line of status for the human: stderr, so that stdout stays data. */
export function say(io: Io, line: string): void {
	io.stderr.write(`${line}\n`);
}

/** One line of data. */
export function print(io: Io, line: string): void {
	io.stdout.write(`${line}\n`);
}

/** Whether colours are wanted on this stream: NO_COLOR and FORCE_COLOR rule, then the terminal. */
export function colourful(io: Io, stream: Output): boolean {
	if (io.env.NO_COLOR) {
		return false;
	}
	if (io.env.FORCE_COLOR && io.env.FORCE_COLOR !== '0') {
		return true;
	}
	return Boolean(stream.isTTY) && io.env.TERM !== 'dumb';
}

/** All of a stream as text. */
export async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of stream) {
		chunks.push(Buffer.from(chunk));
	}
	return Buffer.concat(chunks).toString('utf8');
}
