/**
 * The supervisor's process from start to end: lock, engine, workers, socket; then it serves until a signal, a
 * request to stop, or until no pod is left and nobody has asked for a while. Pods run on without it. The one
 * who started it hears on PODRUN_READY_FD how the start went.
 *
 *   SIGTERM, SIGINT   stop serving, finish what is being written, leave
 *   SIGHUP            ignored: the terminal that started it may close
 */
import { closeSync, rmdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../api/errors.ts';
import { VERSION } from '../api/version.ts';
import { resolveEngineAddress } from '../client/engine-address.ts';
import { type Paths, pathsOf } from '../client/paths.ts';
import { ensurePrivateFolder } from '../client/private-folder.ts';
import type { StartReport } from '../client/spawn.ts';
import { openEngine } from '../engine/docker.ts';
import { type Engine, EngineError } from '../engine/engine.ts';
import { createLog, type Log } from '../supervisor/log.ts';
import { createSupervisor, type Supervisor } from '../supervisor/supervisor.ts';
import { acquireLock, type Lock, readHolder } from './lock.ts';
import { openLogFile } from './log-file.ts';
import { type ApiServer, createApiServer } from './server.ts';

const IDLE_SECONDS = 10;
/** ms between looks at the lock and at whether anybody still needs us. */
const LOOK_EVERY = 500;
/** ms that may pass from the end to the process's exit, whatever still hangs. */
const EXIT_WITHIN = 3_000;

/**
 * Serves until the end. Resolves when all is closed; also when another supervisor holds the lock, which is no
 * failure for a process that a client started. Throws UserError when it can't start.
 */
export async function runDaemon(env: NodeJS.ProcessEnv): Promise<void> {
	process.umask(0o077);
	process.on('SIGHUP', () => {});
	const report = reporter(env);
	let lock: Lock | undefined;
	let paths: Paths | undefined;
	try {
		const address = resolveEngineAddress(env);
		paths = pathsOf(env, address.url);
		ensurePrivateFolder(paths.stateFolder);
		ensurePrivateFolder(dirname(paths.socket));
		lock = acquireLock(paths.lock, VERSION);
		if (lock === undefined) {
			if (report.asked) return report.tell({ state: 'held' });
			throw alreadyRuns(paths);
		}
		const log = createLog(openLogFile(paths.log), env.PODRUN_LOG_LEVEL === 'debug' ? 'debug' : 'info');
		const engine = await openEngine(address);
		await serve({ env, engine, paths, lock, log, ready: () => report.tell({ state: 'ready' }) });
	} catch (error) {
		const told = userErrorOf(error);
		report.tell({
			state: 'failed',
			code: told.code,
			message: told.message,
			...(told.hint ? { hint: told.hint } : {}),
		});
		throw told;
	} finally {
		lock?.release();
		if (paths !== undefined) forget(paths);
		setTimeout(() => process.exit(), EXIT_WITHIN).unref();
	}
}

/** A folder in which nothing was ever written is not left behind, e.g. of an engine that does not exist. */
function forget({ stateFolder, log }: Paths): void {
	try {
		if (statSync(log).size === 0) rmSync(log);
		rmdirSync(stateFolder);
	} catch {
		// There is something in it.
	}
}

interface Serving {
	readonly env: NodeJS.ProcessEnv;
	readonly engine: Engine;
	readonly paths: Paths;
	readonly lock: Lock;
	readonly log: Log;
	readonly ready: () => void;
}

async function serve({ env, engine, paths, lock, log, ready }: Serving): Promise<void> {
	const { stateFolder, instance, socket } = paths;
	const info = await engine.info();
	const supervisor = await createSupervisor({ engine, info, instance, stateFolder, env, log });
	const startedAt = new Date().toISOString();
	const ending = Promise.withResolvers<string>();
	keepGoing(log);
	process.once('SIGTERM', () => ending.resolve('SIGTERM'));
	process.once('SIGINT', () => ending.resolve('SIGINT'));
	log.info('start', {
		version: VERSION,
		pid: process.pid,
		engine: engine.address,
		engineVersion: info.version,
	});
	// It asks the engine first: the API is made while the answers are on their way.
	const starting = supervisor.start();
	const server = createApiServer({
		backend: supervisor.backend,
		profile: 'local',
		supervisor: () => ({
			...supervisor.backend.info(),
			pid: process.pid,
			version: VERSION,
			startedAt,
			socket,
			stateFolder,
			profile: 'local',
		}),
		notice: () => supervisor.notice(),
		onStop: () => ending.resolve('asked to stop'),
		onError: (error, request) => log.error('request failed', { request, error }),
	});
	await starting;
	// Left by a supervisor that was killed: the lock says that nobody serves there.
	rmSync(socket, { force: true });
	await server.listen(socket);
	ready();
	const timer = setInterval(() => {
		const reason = reasonToEnd(supervisor, server, lock, idleSeconds(env));
		if (reason !== undefined) ending.resolve(reason);
	}, LOOK_EVERY);
	const reason = await ending.promise;
	clearInterval(timer);
	log.info('stop', { reason });
	await server.close();
	await supervisor.stop();
}

function reasonToEnd(
	supervisor: Supervisor,
	server: ApiServer,
	lock: Lock,
	idle: number,
): string | undefined {
	if (!lock.held()) return 'the lock is gone or held by another supervisor';
	if (supervisor.podCount() > 0 || server.open > 0) return undefined;
	return performance.now() - server.quietSince >= idle * 1000 ? 'no pod is left' : undefined;
}

/** PODRUN_IDLE_SECONDS; a negative one keeps it up for ever. */
function idleSeconds(env: NodeJS.ProcessEnv): number {
	const asked = Number(env.PODRUN_IDLE_SECONDS || IDLE_SECONDS);
	if (Number.isNaN(asked)) return IDLE_SECONDS;
	return asked < 0 ? Number.POSITIVE_INFINITY : asked;
}

/** A bug in one corner must not take the pods' supervision down: the loop looks at everything anew anyway. */
function keepGoing(log: Log): void {
	// Of Node: listeners that pile up, for instance.
	process.on('warning', (error) => log.warn('warning', { error }));
	process.on('uncaughtException', (error) => log.error('uncaught exception', { error }));
	process.on('unhandledRejection', (error) => log.error('unhandled rejection', { error }));
}

interface Reporter {
	/** Somebody waits for the report. */
	readonly asked: boolean;
	/** Only the first report counts. */
	tell(report: StartReport): void;
}

function reporter(env: NodeJS.ProcessEnv): Reporter {
	const fd = Number(env.PODRUN_READY_FD ?? Number.NaN);
	const asked = Number.isInteger(fd) && fd > 2;
	// What the supervisor starts (credential helpers, ssh) must not inherit it.
	delete process.env.PODRUN_READY_FD;
	let told = !asked;
	return {
		asked,
		tell(report) {
			if (told) return;
			told = true;
			try {
				writeSync(fd, `${JSON.stringify(report)}\n`);
				closeSync(fd);
			} catch {
				// The command that started us is gone already.
			}
		},
	};
}

function alreadyRuns(paths: Paths): UserError {
	const holder = readHolder(paths.lock);
	return new UserError('SUPERVISOR', `a supervisor runs already (pid ${holder?.pid ?? 'unknown'})`, {
		hint: '`podrun supervisor stop` ends it; pods run on',
	});
}

function userErrorOf(error: unknown): UserError {
	if (error instanceof UserError) return error;
	if (error instanceof EngineError) {
		const code = error.code === 'UNREACHABLE' ? 'ENGINE_UNREACHABLE' : 'ENGINE';
		return new UserError(code, error.message, {
			cause: error,
			...(code === 'ENGINE_UNREACHABLE'
				? { hint: 'is the Docker engine running? DOCKER_HOST and --context say which one is meant' }
				: {}),
		});
	}
	return new UserError('SUPERVISOR', `the supervisor cannot start: ${(error as Error).message}`, {
		cause: error,
	});
}
