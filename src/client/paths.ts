/**
 * Where a supervisor keeps its things: one state folder for each user, engine and instance, and in it the
 * socket, the lock and the log. Client and supervisor both compute it from the same environment, so they
 * meet without being told. Computes names only; touches no file.
 */
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { nameHash } from './name-hash.ts';

export interface Paths {
	/** The engine's address as a short stable name. */
	readonly engineKey: string;
	readonly instance: string;
	/** 0700; everything below stands in it, but for a socket whose path would be too long. */
	readonly stateFolder: string;
	/** The supervisor's API, 0600. */
	readonly socket: string;
	/** JSON: pid, its start time, version. Exists while a supervisor serves. */
	readonly lock: string;
	/** JSON lines, 0600; `supervisor.log.1` is the one before. */
	readonly log: string;
}

/** sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL included. */
const LONGEST_SOCKET = 100;

/** PODRUN_INSTANCE, else `default` for root, else the user's name: what keeps two users of one engine apart. */
export function instanceName(env: NodeJS.ProcessEnv): string {
	const asked = env.PODRUN_INSTANCE;
	if (asked !== undefined && asked !== '') return slug(asked);
	const uid = process.getuid?.() ?? 0;
	return uid === 0 ? 'default' : slug(userName(uid));
}

/** `unix:///var/run/docker.sock` → `unix-var-run-docker.sock-1a2b3c4d`: readable, and unique by its hash. */
export function engineKey(address: string): string {
	return `${slug(address.replace('://', '-')).slice(0, 40)}-${nameHash(address)}`;
}

/** Every path of the supervisor that looks after `address` for this user and instance. */
export function pathsOf(env: NodeJS.ProcessEnv, address: string): Paths {
	const instance = instanceName(env);
	const key = engineKey(address);
	const state =
		filled(env.PODRUN_STATE_HOME) ?? filled(env.XDG_STATE_HOME) ?? join(home(env), '.local', 'state');
	const stateFolder = join(state, 'podrun', instance === 'default' ? key : `${key}-${instance}`);
	return {
		engineKey: key,
		instance,
		stateFolder,
		socket: socketPath(env, stateFolder),
		lock: join(stateFolder, 'supervisor.lock'),
		log: join(stateFolder, 'supervisor.log'),
	};
}

function socketPath(env: NodeJS.ProcessEnv, stateFolder: string): string {
	const natural = join(stateFolder, 'supervisor.sock');
	if (Buffer.byteLength(natural) <= LONGEST_SOCKET) return natural;
	const runtime = filled(env.XDG_RUNTIME_DIR) ?? tmpdir();
	return join(runtime, `podrun-${process.getuid?.() ?? 0}`, `${nameHash(stateFolder)}.sock`);
}

function home(env: NodeJS.ProcessEnv): string {
	return filled(env.HOME) ?? homedir();
}

/** Inside of a container a uid may have no name at all. */
function userName(uid: number): string {
	try {
		return userInfo().username;
	} catch {
		return `uid-${uid}`;
	}
}

function filled(value: string | undefined): string | undefined {
	return value === undefined || value === '' ? undefined : value;
}

function slug(text: string): string {
	const clean = text.toLowerCase().replace(/[^a-z0-9.]+/g, '-');
	return clean.replace(/^[-.]+|[-.]+$/g, '') || 'x';
}
