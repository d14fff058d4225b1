/**
 * Connections into a pod through the engine's API alone: an exec of `/pause connect HOST PORT` in the
 * pod's pause joins the exec's streams to the port. It works on any engine, also where pod IPs can't be
 * reached, and it reaches what only listens on the pod's localhost. Probes, hooks and port-forward use it.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Duplex } from 'node:stream';
import type { Engine, ExecSession } from '../../engine/engine.ts';
import { type Dial, DialError, type DialFailure } from './dial.ts';

/** Exit codes of pause.c. */
const FAILURES: Readonly<Record<number, DialFailure>> = { 3: 'refused', 4: 'timeout', 5: 'unreachable' };

/**
 * The way through one pod's pause.
 *
 * @param sandboxID id of the running pause container
 */
export function infraDial(engine: Pick<Engine, 'exec'>, sandboxID: string): Dial {
	return {
		open: (host, port, limitSeconds, signal) =>
			connectThroughInfra(engine, sandboxID, host, port, { limitSeconds, signal }),

		async check(host, port, limitSeconds, signal) {
			const command = ['/pause', 'check', await address(host, port), String(port), limit(limitSeconds)];
			const session = await engine.exec(sandboxID, { command, stdout: true, stderr: true }, signal);
			const told = collect(session);
			session.stdout.resume();
			const abort = () => session.close();
			signal.addEventListener('abort', abort, { once: true });
			if (signal.aborted) abort();
			try {
				const code = await session.exitCode;
				if (signal.aborted) throw new DialError(host, port, 'timeout', 'i/o timeout');
				if (code !== 0) throw exitError(host, port, code, told());
			} catch (error) {
				if (signal.aborted) throw new DialError(host, port, 'timeout', 'i/o timeout', error);
				throw error;
			} finally {
				signal.removeEventListener('abort', abort);
			}
		},
	};
}

/**
 * One TCP connection to host:port as seen from inside the pod. Half-closes pass in both directions.
 *
 * The stream fails with DialError when the connection can't be made: it is not waited for, since the
 * engine does not tell that an exec has connected. `limitSeconds`: the exec ends by itself after that long;
 * leave it out for connections that may stay.
 *
 * @throws EngineError when the pause does not run or the engine can't be reached
 */
export async function connectThroughInfra(
	engine: Pick<Engine, 'exec'>,
	sandboxID: string,
	host: string,
	port: number,
	options: { readonly limitSeconds?: number; readonly signal?: AbortSignal } = {},
): Promise<Duplex> {
	const command = ['/pause', 'connect', await address(host, port), String(port)];
	if (options.limitSeconds !== undefined) command.push(limit(options.limitSeconds));
	const session = await engine.exec(
		sandboxID,
		{ command, stdin: true, stdout: true, stderr: true },
		options.signal,
	);
	return new ExecConnection(session, host, port);
}

/** pause.c resolves no names but localhost: the engine's machine is not asked, this one is. */
async function address(host: string, port: number): Promise<string> {
	if (host === 'localhost' || isIP(host) !== 0) return host;
	try {
		return (await lookup(host)).address;
	} catch (error) {
		throw new DialError(host, port, 'other', `lookup ${host}: no such host`, error);
	}
}

/** A second beyond the caller's own limit: that one is to be told, this one only cleans up. */
function limit(seconds: number): string {
	return String(Math.min(Math.max(1, Math.ceil(seconds)) + 1, 1_000_000));
}

function exitError(host: string, port: number, code: number, told: string): DialError {
	return new DialError(host, port, FAILURES[code] ?? 'other', told || `pause connect exited with ${code}`);
}

/** The start of what comes on stderr. */
function collect(session: ExecSession): () => string {
	let text = '';
	session.stderr.on('data', (chunk: Buffer) => {
		if (text.length < 1024) text += chunk.toString();
	});
	session.stderr.on('error', () => {});
	return () => text.trim();
}

/** The exec's stdin and stdout as one stream; its exit code becomes the stream's end or error. */
class ExecConnection extends Duplex {
	private readonly session: ExecSession;
	private readonly stdin: NodeJS.WritableStream;

	constructor(session: ExecSession, host: string, port: number) {
		super({ allowHalfOpen: true, autoDestroy: true });
		if (!session.stdin) throw new TypeError('an exec without stdin is no connection');
		this.session = session;
		this.stdin = session.stdin;
		const told = collect(session);
		this.stdin.on('error', (error: Error) => this.destroy(error));
		session.stdout.on('error', (error: Error) => this.destroy(error));
		session.stdout.on('data', (chunk: Buffer) => {
			if (!this.push(chunk)) session.stdout.pause();
		});
		const ended = new Promise((resolve) => session.stdout.once('end', resolve).once('close', resolve));
		Promise.all([session.exitCode, ended]).then(
			([code]) => {
				if (code === 0) this.push(null);
				else this.destroy(exitError(host, port, code, told()));
			},
			(error: Error) => this.destroy(error),
		);
	}

	override _read(): void {
		this.session.stdout.resume();
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
		if (this.stdin.write(chunk)) callback();
		else this.stdin.once('drain', () => callback());
	}

	override _final(callback: (error?: Error | null) => void): void {
		this.stdin.end();
		callback();
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.session.close();
		callback(error);
	}
}
