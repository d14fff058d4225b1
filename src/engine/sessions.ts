/**
 * Exec and attach: two-way connections to a process. The exit code of an exec is not in its stream: it is asked
 * for when the stream has ended, and, since some engines never end it, now and then in between.
 */
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { absent } from './docker/requests.ts';
import { type AttachSession, EngineError, type ExecOptions, type ExecSession } from './engine.ts';
import { toEngineError } from './engine-errors.ts';
import { split } from './streams.ts';
import type { Transport } from './transport.ts';

/** How often a silent exec is asked whether it still runs: first, and at most, ms. */
const EXEC_POLL_MS = 1_000;
const LONGEST_EXEC_POLL_MS = 5_000;
const LAST_WORDS_MS = 2_000;
/** What is told of an exec that went with its container: SIGKILL's. */
const KILLED = 137;
/** After the stream's end the engine may need a moment to note the exit. */
const EXIT_RETRY_MS = [0, 10, 20, 50, 100, 200, 500, 1_000, 2_000];

interface ExecJson {
	Running?: boolean;
	ExitCode?: number | null;
}

/** Starts a process in a running container. See `Engine.exec`. */
export async function startExec(
	transport: Transport,
	id: string,
	options: ExecOptions,
	signal?: AbortSignal,
): Promise<ExecSession> {
	const tty = options.tty ?? false;
	const aborting = signal ? { signal } : {};
	const created = await transport.json<{ Id: string }>({
		method: 'POST',
		path: `/containers/${encodeURIComponent(id)}/exec`,
		body: {
			Cmd: options.command,
			Tty: tty,
			AttachStdin: options.stdin ?? false,
			AttachStdout: options.stdout ?? true,
			// With a TTY there is one stream only.
			AttachStderr: tty ? false : (options.stderr ?? true),
			...(options.user ? { User: options.user } : {}),
			...(options.env ? { Env: options.env } : {}),
			...(options.workingDir ? { WorkingDir: options.workingDir } : {}),
			...(options.privileged ? { Privileged: true } : {}),
		},
		...aborting,
	});
	const path = `/exec/${created.Id}`;
	const start = {
		method: 'POST',
		path: `${path}/start`,
		body: { Detach: false, Tty: tty },
		...aborting,
	} as const;
	const connection = await transport.hijack(start);
	const { stdout, stderr, ended } = split(connection, tty);

	// 20.10 was seen to forget an exec that ended at the same moment as its container, and never to end its stream.
	const inspect = () => absent(() => transport.json<ExecJson>({ method: 'GET', path: `${path}/json` }));
	let closed = false;
	const exitCode = (async (): Promise<number> => {
		const polling = new AbortController();
		try {
			await Promise.race([ended, exitWithoutEnd(inspect, connection, polling.signal)]);
		} catch (error) {
			throw signal?.aborted || closed
				? new EngineError('ABORTED', 'the exec was cut off', { cause: error })
				: toEngineError(error, transport.address);
		} finally {
			polling.abort();
		}
		if (closed) throw new EngineError('ABORTED', 'the exec was cut off');
		for (const wait of EXIT_RETRY_MS) {
			await delay(wait);
			const state = await inspect();
			if (state === undefined) return KILLED;
			if (state.Running === false && typeof state.ExitCode === 'number') return state.ExitCode;
		}
		throw new EngineError('UNKNOWN', 'the exec ended, but the engine does not tell its exit code');
	})();
	exitCode.catch(() => undefined);

	return {
		stdout,
		stderr,
		...(options.stdin ? { stdin: writable(connection) } : {}),
		exitCode,
		resize: (columns, rows) => resize(transport, `${path}/resize`, columns, rows),
		close: () => {
			closed = true;
			connection.destroy();
		},
	};
}

/** Joins the streams of a running container's main process. See `Engine.attach`. */
export async function startAttach(
	transport: Transport,
	id: string,
	options: { readonly stdin: boolean; readonly tty: boolean },
	signal?: AbortSignal,
): Promise<AttachSession> {
	const path = `/containers/${encodeURIComponent(id)}`;
	const connection = await transport.hijack({
		method: 'POST',
		path: `${path}/attach`,
		query: { stream: true, stdin: options.stdin, stdout: true, stderr: true },
		...(signal ? { signal } : {}),
	});
	const { stdout, stderr } = split(connection, options.tty);
	return {
		stdout,
		stderr,
		...(options.stdin ? { stdin: writable(connection) } : {}),
		resize: (columns, rows) => resize(transport, `${path}/resize`, columns, rows),
		close: () => {
			connection.destroy();
		},
	};
}

async function resize(transport: Transport, path: string, columns: number, rows: number): Promise<void> {
	await transport.json({ method: 'POST', path, query: { w: columns, h: rows } });
}

/** A write after the process has gone is no failure of ours: the end of the streams tells it. */
function writable(connection: Duplex): NodeJS.WritableStream {
	connection.on('error', () => undefined);
	return connection;
}

async function exitWithoutEnd(
	inspect: () => Promise<ExecJson | undefined>,
	connection: Duplex,
	signal: AbortSignal,
): Promise<void> {
	let next = EXEC_POLL_MS;
	const pause = (ms: number): Promise<void> => delay(ms, undefined, { signal, ref: false });
	const ended = (): Promise<never> => new Promise<never>(() => undefined);
	try {
		for (;;) {
			await pause(next);
			next = Math.min(next * 2, LONGEST_EXEC_POLL_MS);
			const state = await inspect();
			if (state !== undefined && state.Running !== false) continue;
			// It has exited: what is still in the pipe gets a moment.
			if (state !== undefined) await pause(LAST_WORDS_MS);
			connection.destroy();
			return;
		}
	} catch (error) {
		if (signal.aborted) return ended();
		throw error;
	}
}
