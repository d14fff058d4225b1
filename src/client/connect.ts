/**
 * The way to the supervisor: the one that runs for this user and engine, or a new one, started on demand.
 * Two commands that start at once race for the supervisor's lock; the loser's supervisor leaves quietly and
 * both clients meet at the winner's socket. A supervisor of an older version is replaced; pods run on.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SupervisorInfo } from '../api/backend.ts';
import { ApiError, UserError } from '../api/errors.ts';
import type { Profile } from '../api/types.ts';
import { compareVersions, VERSION } from '../api/version.ts';
import { type Client, type ClientOptions, createClient } from './client.ts';
import { resolveEngineAddress } from './engine-address.ts';
import { type Paths, pathsOf } from './paths.ts';
import { ensurePrivateFolder } from './private-folder.ts';
import { spawnSupervisor } from './spawn.ts';

export interface ConnectOptions {
	/** Start a supervisor if none runs. Default: true. */
	readonly start?: boolean;
	/** Default: the process's. */
	readonly env?: NodeJS.ProcessEnv;
	/** Name of a docker context (`--context`). */
	readonly context?: string;
	/** Profile of every request of this client. Default: PODRUN_PROFILE, else the supervisor's. */
	readonly profile?: Profile;
	/** A line for the user: another version answers, a supervisor was replaced, a warning of its. Default: dropped. */
	readonly onNotice?: (message: string) => void;
	/** argv that starts a supervisor. Default: this very program with the verb `supervise`. */
	readonly command?: readonly string[];
}

const SUPERVISOR = '/podrun/v1/supervisor';
/** ms until a supervisor that accepts connections must have said who it is. */
const ANSWER_WITHIN = 10_000;
/** ms that a supervisor which somebody else starts, or which is being stopped, is waited for. */
const SETTLE_WITHIN = 30_000;
const POLL = 25;

/**
 * A client of this user's supervisor for the engine in force. Throws UserError: ENGINE_UNREACHABLE as the new
 * supervisor found it, SUPERVISOR when none can be started, or none runs and `start` is false.
 */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
	const { paths, ensure, client } = place(options);
	// Who listens there is told by the first answer: no call of its own for that.
	if (!existsSync(paths.socket)) await ensure();
	const { onNotice } = options;
	return createClient({
		...client,
		accepts: (version) => isUsable(version, options),
		...(onNotice === undefined ? {} : { onWarning: (text: string) => onNotice(`Warning: ${text}`) }),
	});
}

/** What a client of the supervisor is made of, once there is one. Throws like `connect`. */
export async function openSupervisor(options: ConnectOptions = {}): Promise<Place['client']> {
	const { ensure, client } = place(options);
	await ensure();
	return client;
}

interface Place {
	readonly paths: Paths;
	/** Resolves when a supervisor that is usable listens. */
	readonly ensure: () => Promise<void>;
	readonly client: Required<Pick<ClientOptions, 'socket' | 'headers' | 'revive'>>;
}

function place(options: ConnectOptions): Place {
	const env = environment(options);
	const paths = pathsOf(env, resolveEngineAddress(env).url);
	const ensure = () => ensureSupervisor(paths, env, options);
	const profile = options.profile ?? env.PODRUN_PROFILE;
	const headers: Record<string, string> = profile ? { 'podrun-profile': profile } : {};
	return { paths, ensure, client: { socket: paths.socket, headers, revive: ensure } };
}

/** The supervisor that runs for this user and engine, if one does. Starts and replaces nothing. */
export async function findSupervisor(options: ConnectOptions = {}): Promise<SupervisorInfo | undefined> {
	const env = environment(options);
	return await ask(pathsOf(env, resolveEngineAddress(env).url));
}

/** Where the supervisor of this user and engine keeps its things, whether or not it runs. */
export function supervisorPaths(options: ConnectOptions = {}): Paths {
	const env = environment(options);
	return pathsOf(env, resolveEngineAddress(env).url);
}

/** Stops the supervisor and waits until it is gone; pods run on. False: none ran. */
export async function stopSupervisor(options: ConnectOptions = {}): Promise<boolean> {
	const paths = supervisorPaths(options);
	if ((await ask(paths)) === undefined) return false;
	await stop(paths);
	return true;
}

/** `--context` wins over DOCKER_HOST, for the supervisor that is spawned too. */
function environment(options: ConnectOptions): NodeJS.ProcessEnv {
	const env = options.env ?? process.env;
	if (options.context === undefined) return env;
	const { DOCKER_HOST: _, ...rest } = env;
	return { ...rest, DOCKER_CONTEXT: options.context };
}

async function ensureSupervisor(
	paths: Paths,
	env: NodeJS.ProcessEnv,
	options: ConnectOptions,
): Promise<void> {
	const running = await ask(paths);
	if (running !== undefined && isUsable(running.version, options)) return;
	if (options.start === false) {
		throw new UserError(
			'SUPERVISOR',
			`no supervisor runs for this engine (nobody listens at ${paths.socket})`,
			{
				hint: 'any command that needs pods starts one, e.g. `podrun ps`',
			},
		);
	}
	ensurePrivateFolder(paths.stateFolder);
	ensurePrivateFolder(dirname(paths.socket));
	if (running !== undefined) {
		options.onNotice?.(`replacing the supervisor of version ${running.version} by ${VERSION}; pods run on`);
		await stop(paths);
	}
	const deadline = Date.now() + SETTLE_WITHIN;
	for (;;) {
		const outcome = await spawnSupervisor(paths, env, options.command);
		if (outcome === 'ready') return;
		if (await settled(paths, deadline)) return;
		if (Date.now() > deadline) throw notReady(paths);
	}
}

/** Same or newer version: talk to it. Older, or without one: false, so that it is replaced. */
function isUsable(version: string | undefined, options: ConnectOptions): boolean {
	const order = compareVersions(version ?? '0', VERSION);
	if (order > 0) {
		options.onNotice?.(
			`the supervisor is of version ${version}, this command of ${VERSION}: update this one`,
		);
	}
	return order >= 0;
}

/** Another command's supervisor holds the lock: true once it answers, false once it has given up. */
async function settled(paths: Paths, deadline: number): Promise<boolean> {
	while (Date.now() < deadline) {
		if ((await ask(paths)) !== undefined) return true;
		if (!existsSync(paths.lock)) return false;
		await delay(POLL);
	}
	return false;
}

async function stop(paths: Paths): Promise<void> {
	const client = createClient({ socket: paths.socket });
	try {
		await client.request('POST', `${SUPERVISOR}/stop`);
	} finally {
		client.close();
	}
	const deadline = Date.now() + SETTLE_WITHIN;
	while (existsSync(paths.lock)) {
		if (Date.now() > deadline) {
			throw new UserError('SUPERVISOR', `the supervisor did not stop within ${SETTLE_WITHIN / 1000} s`, {
				hint: `see ${paths.log}; its pid stands in ${paths.lock}`,
			});
		}
		await delay(POLL);
	}
}

/** Who listens at the socket; undefined when nobody does. */
async function ask(paths: Paths): Promise<SupervisorInfo | undefined> {
	if (!existsSync(paths.socket)) return undefined;
	const client = createClient({ socket: paths.socket });
	try {
		return await client.request<SupervisorInfo>('GET', SUPERVISOR, {
			signal: AbortSignal.timeout(ANSWER_WITHIN),
		});
	} catch (error) {
		if (isNobody(error)) return undefined;
		if (error instanceof ApiError || error instanceof UserError) throw error;
		throw new UserError('SUPERVISOR', `the supervisor at ${paths.socket} does not answer`, {
			cause: error,
			hint: `see ${paths.log}; its pid stands in ${paths.lock}, and pods survive its end`,
		});
	} finally {
		client.close();
	}
}

function isNobody(error: unknown): boolean {
	const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code ?? '';
	return ['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE'].includes(code);
}

function notReady(paths: Paths): UserError {
	return new UserError('SUPERVISOR', 'a supervisor is being started by another command, but is not ready', {
		hint: `try again; see ${paths.log}, and ${paths.lock} for its pid`,
	});
}
