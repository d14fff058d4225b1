/**
 * What handlers use of an engine, on this machine: exec runs a real process, and `/pause connect|check` becomes
 * a real TCP connection behind streams that are no sockets, as over the engine's API. Its one pod is at 127.0.0.1.
 */
import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import {
	type Engine,
	type EngineContainer,
	EngineError,
	type ExecOptions,
	type ExecSession,
} from '../../../../src/engine/engine.ts';
import { directDial } from '../../../../src/supervisor/handlers/dial.ts';
import type { HandlerTarget } from '../../../../src/supervisor/handlers/handler.ts';
import { infraDial } from '../../../../src/supervisor/handlers/infra-dial.ts';

export interface LocalEngine extends Pick<Engine, 'exec'> {
	/** Sessions that were neither closed nor have ended. */
	readonly open: Set<ExecSession>;
	readonly commands: string[][];
	inspectContainer(id: string): Promise<Pick<EngineContainer, 'networks'>>;
}

/** `networkID`: of the network that its pod is on. */
export function localEngine(networkID = 'f'.repeat(64)): LocalEngine {
	const open = new Set<ExecSession>();
	const commands: string[][] = [];
	return {
		open,
		commands,
		async inspectContainer() {
			return { networks: { 'podrun-test': { ip: '127.0.0.1', networkID } } };
		},
		async exec(_id, options, signal) {
			commands.push([...options.command]);
			if (signal?.aborted) throw new EngineError('ABORTED', 'the exec was cut off');
			const make = options.command[0] === '/pause' ? pause : child;
			const session = make(options, () => open.delete(session));
			open.add(session);
			return session;
		},
	};
}

/** A target on this machine's loopback: `way` is how its ports are reached. */
export function localTarget(engine: LocalEngine, way: 'directly' | 'through the pause'): HandlerTarget {
	return {
		engine,
		dial: way === 'directly' ? directDial : infraDial(engine, 'pause-id'),
		containerID: 'container-id',
		podIP: '127.0.0.1',
		ports: [],
	};
}

function pause({ command }: ExecOptions, ended: () => void): ExecSession {
	const [, verb, host, port] = command;
	const stdout = new PassThrough();
	const stderr = new PassThrough();
	const stdin = new PassThrough();
	const { promise, resolve, reject } = Promise.withResolvers<number>();
	promise.catch(() => {});
	const socket: Socket = connect({ host: host ?? '', port: Number(port), allowHalfOpen: true });
	socket.once('connect', () => {
		if (verb === 'check') {
			stdout.end();
			socket.destroy();
			resolve(0);
			return;
		}
		socket.pipe(stdout);
		stdin.pipe(socket);
	});
	socket.once('end', () => {
		socket.destroy();
		resolve(0);
	});
	socket.once('error', (error: NodeJS.ErrnoException) => {
		const refused = error.code === 'ECONNREFUSED';
		stderr.end(refused ? 'connect: connection refused\n' : 'connect: connection broken\n');
		stdout.end();
		resolve(refused ? 3 : 1);
	});
	socket.once('close', ended);
	return {
		stdout,
		stderr,
		stdin,
		exitCode: promise,
		resize: async () => {},
		close: () => {
			socket.destroy();
			reject(new EngineError('ABORTED', 'the exec was cut off'));
		},
	};
}

function child({ command }: ExecOptions, ended: () => void): ExecSession {
	const [file, ...args] = command;
	const run = spawn(file ?? '', args, { stdio: ['ignore', 'pipe', 'pipe'] });
	const exitCode = new Promise<number>((resolve, reject) => {
		run.once('error', (error) =>
			reject(new EngineError('BAD_REQUEST', `OCI runtime exec failed: ${error.message}`)),
		);
		run.once('close', (code) => {
			ended();
			resolve(code ?? 137);
		});
	});
	exitCode.catch(ended);
	return {
		stdout: run.stdout,
		stderr: run.stderr,
		exitCode,
		resize: async () => {},
		close: () => run.kill('SIGKILL'),
	};
}
