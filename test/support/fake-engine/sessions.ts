/** Execs in a fake container and attaching to its process: streams, exit codes, and their end with the container. */
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
	type AttachSession,
	EngineError,
	type ExecOptions,
	type ExecSession,
} from '../../../src/engine/engine.ts';
import type { FakeContainer } from './container.ts';
import { print } from './logs.ts';
import type { Machine } from './machine.ts';
import { defaultExec, type ExecResult } from './program.ts';
import { fail } from './refusal.ts';

export function startExec(
	machine: Machine,
	id: string,
	options: ExecOptions,
	signal: AbortSignal | undefined,
): ExecSession {
	const container = machine.find(id);
	if (container.status === 'paused') {
		fail('CONFLICT', 409, `Container ${id} is paused, unpause the container before exec`);
	}
	machine.running(id);
	const stdout = new PassThrough();
	const stderr = new PassThrough();
	const stdin = new PassThrough();
	const execID = machine.newID();
	const command = options.command.join(' ');
	machine.emit(container, 'exec_create', { execID });
	machine.emit(container, 'exec_start', { execID });
	const aborted = Promise.withResolvers<never>();
	aborted.promise.catch(() => undefined);
	const abort = (): void => aborted.reject(new EngineError('ABORTED', 'the exec was cut off'));
	signal?.addEventListener('abort', abort, { once: true });
	const killed = Promise.withResolvers<ExecResult>();
	const died = (): void => {
		if (container.status !== 'running') killed.resolve({ exitCode: 137 });
	};
	container.watchers.add(died);
	const run = async (): Promise<ExecResult> => {
		if (!container.program.exec && command === 'cat') {
			for await (const chunk of stdin) stdout.write(chunk);
			return { exitCode: 0 };
		}
		const input = options.stdin ? (await buffer(stdin)).toString() : '';
		return (container.program.exec ?? defaultExec)(options.command, input);
	};
	const exitCode = Promise.race([run(), killed.promise, aborted.promise])
		.then((result) => {
			if (options.stdout !== false) stdout.write(result.stdout ?? '');
			if (options.stderr !== false) (options.tty ? stdout : stderr).write(result.stderr ?? '');
			machine.emit(container, 'exec_die', { execID, exitCode: String(result.exitCode), command });
			return result.exitCode;
		})
		.finally(() => {
			container.watchers.delete(died);
			signal?.removeEventListener('abort', abort);
			stdout.end();
			stderr.end();
		});
	exitCode.catch(() => undefined);
	return {
		stdout,
		stderr,
		...(options.stdin ? { stdin } : {}),
		exitCode,
		resize: () => Promise.resolve(),
		close: abort,
	};
}

/** What it prints from now on; what is typed comes out again. */
export function startAttach(
	machine: Machine,
	container: FakeContainer,
	options: { readonly stdin: boolean },
	signal: AbortSignal | undefined,
): AttachSession {
	const stdout = new PassThrough();
	const stderr = new PassThrough();
	const stdin = new PassThrough();
	stdin.on('data', (data: Buffer) => print(machine, container, 'stdout', data.toString()));
	let next = container.log.length;
	const end = (): void => {
		container.watchers.delete(pump);
		stdout.end();
		stderr.end();
	};
	const pump = (): void => {
		for (; next < container.log.length; next++) {
			const chunk = container.log[next]?.chunk;
			if (chunk) (chunk.stream === 'stderr' ? stderr : stdout).write(chunk.data);
		}
		if (container.status !== 'running') end();
	};
	container.watchers.add(pump);
	signal?.addEventListener('abort', end, { once: true });
	return {
		stdout,
		stderr,
		...(options.stdin ? { stdin } : {}),
		resize: () => Promise.resolve(),
		close: end,
	};
}
