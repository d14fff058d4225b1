/**
 * The exec handler: a command in the container, with its environment, user and working directory. Exit code
 * 0 is success; the message is what it said, stdout and stderr together, cut off at 10 KB.
 */
import { randomUUID } from 'node:crypto';
import { EngineError } from '../../engine/engine.ts';
import { isRuntimeAway } from '../../engine/engine-errors.ts';
import { goSeconds, type HandlerResult, type HandlerTarget, MAX_READ_BYTES } from './handler.ts';

/** Exit code of an exec whose command was never run. */
const NOT_RUN = 126;
/** In the environment of what is run, so that it can be found again. */
const MARK = 'PODRUN_EXEC';

/**
 * Runs the command. At the time limit the connection is cut and the result is a failure. The engine's API
 * has no call that ends an exec: the pause does it by a mark in the environment, where it shares the
 * container's PID namespace and may read that; elsewhere the process goes on until its container ends.
 *
 * @param seconds told in the timeout's message
 * @throws EngineError when the command could not be run at all (the container is gone, no engine)
 */
export async function execCommand(
	command: readonly string[],
	target: HandlerTarget,
	seconds: number,
	signal: AbortSignal,
): Promise<HandlerResult> {
	const timedOut: HandlerResult = {
		outcome: 'failure',
		message: `command timed out: "${command.join(' ')}" timed out after ${goSeconds(seconds)}`,
	};
	const mark = `${MARK}=${randomUUID()}`;
	let begun = false;
	try {
		const session = await target.engine.exec(
			target.containerID,
			{ command, stdout: true, stderr: true, env: [mark] },
			signal,
		);
		begun = true;
		const chunks: Buffer[] = [];
		let kept = 0;
		const keep = (chunk: Buffer) => {
			if (kept >= MAX_READ_BYTES) return;
			const part = chunk.subarray(0, MAX_READ_BYTES - kept);
			chunks.push(part);
			kept += part.length;
		};
		for (const stream of [session.stdout, session.stderr]) {
			stream.on('data', keep);
			stream.on('error', () => {});
		}
		const code = await untilAborted(session.exitCode, signal, () => session.close());
		if (code === undefined) {
			void endMarked(mark, target);
			return timedOut;
		}
		const message = Buffer.concat(chunks).toString();
		// The engine has answered in the command's place: its containerd is away.
		if (code === NOT_RUN && isRuntimeAway(message)) {
			return { outcome: 'error', message: message.trim(), moot: 'engine away' };
		}
		return { outcome: code === 0 ? 'success' : 'failure', message };
	} catch (error) {
		if (signal.aborted) {
			// It may have been started all the same.
			void endMarked(mark, target);
			if (begun) return timedOut;
			// An engine that does not even begin it says nothing about the container.
			const message = `the engine did not begin "${command.join(' ')}" within ${goSeconds(seconds)}`;
			return { outcome: 'error', message };
		}
		// 20.10 answers 400 to the start of an exec whose command does not exist, newer ones exit with 126 or 127.
		if (error instanceof EngineError && error.code === 'BAD_REQUEST') {
			return { outcome: 'failure', message: error.message };
		}
		throw error;
	}
}

/** Best effort: the verdict stands already, and a pause of the user's own may know no `end`. */
async function endMarked(mark: string, { engine, sandboxID }: HandlerTarget): Promise<void> {
	if (sandboxID === undefined) return;
	try {
		const session = await engine.exec(sandboxID, { command: ['/pause', 'end', mark] });
		session.stdout.resume();
		session.stderr.resume();
		await session.exitCode;
	} catch (error) {
		if (!(error instanceof EngineError)) throw error;
	}
}

/** The promise's value, or undefined once the signal aborts; then `cut` is called. */
async function untilAborted<T>(
	promise: Promise<T>,
	signal: AbortSignal,
	cut: () => void,
): Promise<T | undefined> {
	let abort: (() => void) | undefined;
	const aborted = new Promise<undefined>((resolve) => {
		abort = () => resolve(undefined);
		if (signal.aborted) abort();
		signal.addEventListener('abort', abort, { once: true });
	});
	promise.catch(() => {});
	try {
		const value = await Promise.race([promise, aborted]);
		if (signal.aborted) {
			cut();
			return undefined;
		}
		return value;
	} finally {
		if (abort) signal.removeEventListener('abort', abort);
	}
}
