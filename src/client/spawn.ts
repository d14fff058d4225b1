/**
 * Starting a supervisor as a process of its own session: it outlives the terminal. It tells its parent on
 * file descriptor 3, in one JSON line, how the start ended: ready, not needed (another one holds the lock),
 * or the error as a user should see it. What it says otherwise goes to its log.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { UserError, type UserErrorCode } from '../api/errors.ts';
import type { Paths } from './paths.ts';

/** The line on the descriptor that PODRUN_READY_FD names. */
export type StartReport =
	| { readonly state: 'ready' }
	| { readonly state: 'held' }
	| {
			readonly state: 'failed';
			readonly code: UserErrorCode;
			readonly message: string;
			readonly hint?: string;
	  };

/** ms; an engine behind ssh may take its time. */
const START_WITHIN = 60_000;

/** Resolves when the new supervisor serves (`ready`), or another one does or is about to (`held`). */
export async function spawnSupervisor(
	paths: Paths,
	env: NodeJS.ProcessEnv,
	command: readonly string[] = ownCommand(),
): Promise<'ready' | 'held'> {
	const [program, ...args] = command;
	const log = openSync(paths.log, 'a', 0o600);
	const child = spawn(program ?? process.execPath, args, {
		cwd: '/',
		detached: true,
		env: { ...env, PODRUN_READY_FD: '3' },
		stdio: ['ignore', log, log, 'pipe'],
	});
	closeSync(log);
	const pipe = child.stdio[3] as Readable;
	const { promise: failed, reject } = Promise.withResolvers<never>();
	child.once('error', reject);
	const timer = setTimeout(() => {
		reject(new Error(`it was not ready within ${START_WITHIN / 1000} s`));
	}, START_WITHIN);
	try {
		const report = await Promise.race([readReport(pipe), failed]);
		if (report === undefined) throw new Error(lastWords(paths.log));
		if (report.state === 'failed') {
			throw new UserError(report.code, report.message, report.hint ? { hint: report.hint } : {});
		}
		return report.state;
	} catch (error) {
		if (error instanceof UserError) throw error;
		throw new UserError('SUPERVISOR', `cannot start the supervisor: ${(error as Error).message}`, {
			cause: error,
			hint: `see ${paths.log}`,
		});
	} finally {
		clearTimeout(timer);
		pipe.destroy();
		child.unref();
	}
}

/** A process that mostly waits: its heap needs no room for storms of garbage, and no four threads to collect it. */
const FRUGAL = ['--max-semi-space-size=2', '--v8-pool-size=1'];

/** This very program: the same node, its flags, its script. */
function ownCommand(): string[] {
	return [process.execPath, ...FRUGAL, ...process.execArgv, process.argv[1] ?? '', 'supervise'];
}

/** Undefined when the process ended without a word. */
async function readReport(pipe: Readable): Promise<StartReport | undefined> {
	let text = '';
	pipe.setEncoding('utf8');
	for await (const chunk of pipe) {
		text += chunk as string;
		if (text.includes('\n')) break;
	}
	return text.trim() === '' ? undefined : (JSON.parse(text) as StartReport);
}

/** The end of the log, for a supervisor that died before it could report. */
function lastWords(log: string): string {
	const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
	const said = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
	return said === '' ? 'it ended without a word' : `it ended with: ${said.trim()}`;
}
