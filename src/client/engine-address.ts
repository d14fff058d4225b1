/**
 * Which engine is meant: the same answer that the docker CLI would give, from the environment and Docker's own
 * files, without opening a connection. The CLI, the client and the daemon all ask here, so that they agree on
 * the state folder.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type EngineAddress, type EngineTls, parseEngineUrl } from '../api/engine-address.ts';
import { UserError } from '../api/errors.ts';

export type Env = Readonly<Record<string, string | undefined>>;

const DEFAULT_SOCKET = '/var/run/docker.sock';

/**
 * Resolves in the docker CLI's order: an explicit context, DOCKER_HOST, DOCKER_CONTEXT, `currentContext` of
 * Docker's config.json, then the default sockets.
 * @param options.context the name given by a `--context` flag; it wins over the environment.
 * @throws UserError ENGINE_UNREACHABLE when a named context or its TLS files are not there, or a URL is unreadable.
 */
export function resolveEngineAddress(env: Env, options: { context?: string } = {}): EngineAddress {
	const explicit = options.context;
	if (!explicit && env.DOCKER_HOST) {
		return checked({ url: normalise(env.DOCKER_HOST), source: 'DOCKER_HOST', ...fromEnvTls(env) });
	}
	const named = explicit || env.DOCKER_CONTEXT || currentContext(env);
	if (named && named !== 'default') return fromContext(env, named);
	return defaultSocket(env);
}

/** Folder of Docker's client files: `$DOCKER_CONFIG`, else `~/.docker`. */
export function dockerConfigFolder(env: Env): string {
	return env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker');
}

function currentContext(env: Env): string | undefined {
	const config = readJson(join(dockerConfigFolder(env), 'config.json'));
	const name = config?.currentContext;
	return typeof name === 'string' ? name : undefined;
}

function fromContext(env: Env, name: string): EngineAddress {
	const folder = join(dockerConfigFolder(env), 'contexts');
	const key = createHash('sha256').update(name).digest('hex');
	const meta = readJson(join(folder, 'meta', key, 'meta.json'));
	if (meta === undefined) {
		throw new UserError('ENGINE_UNREACHABLE', `docker context "${name}" was not found in ${folder}`, {
			hint: 'See `docker context ls`, or name another with --context or DOCKER_CONTEXT.',
		});
	}
	const endpoint = record(record(meta.Endpoints)?.docker);
	const host = endpoint?.Host;
	if (typeof host !== 'string' || host === '') {
		throw new UserError('ENGINE_UNREACHABLE', `docker context "${name}" names no docker endpoint`, {
			hint: 'See `docker context inspect`.',
		});
	}
	const skipVerify = endpoint?.SkipTLSVerify === true;
	const tls = readTls(join(folder, 'tls', key, 'docker'), skipVerify);
	return checked({
		url: normalise(host),
		source: `docker context "${name}"`,
		...(tls || skipVerify ? { tls: tls ?? { skipVerify } } : {}),
	});
}

function defaultSocket(env: Env): EngineAddress {
	// Docker Desktop leaves the system socket out when it is told to; a rootless engine has its own.
	const candidates = [DEFAULT_SOCKET, join(env.HOME || homedir(), '.docker', 'run', 'docker.sock')];
	if (env.XDG_RUNTIME_DIR) candidates.push(join(env.XDG_RUNTIME_DIR, 'docker.sock'));
	const path = candidates.find((candidate) => existsSync(candidate)) ?? DEFAULT_SOCKET;
	return { url: `unix://${path}`, source: 'the default socket' };
}

function fromEnvTls(env: Env): { tls?: EngineTls } {
	const verify = Boolean(env.DOCKER_TLS_VERIFY);
	if (!verify && !env.DOCKER_TLS) return {};
	const folder = env.DOCKER_CERT_PATH || dockerConfigFolder(env);
	const tls = readTls(folder, !verify);
	if (tls === undefined && env.DOCKER_CERT_PATH) {
		throw new UserError(
			'ENGINE_UNREACHABLE',
			`TLS is asked for by DOCKER_TLS_VERIFY, but ca.pem, cert.pem and key.pem are not in ${folder}`,
			{ hint: 'Check DOCKER_CERT_PATH.' },
		);
	}
	return { tls: tls ?? { skipVerify: !verify } };
}

function readTls(folder: string, skipVerify: boolean): EngineTls | undefined {
	const ca = readText(join(folder, 'ca.pem'));
	const cert = readText(join(folder, 'cert.pem'));
	const key = readText(join(folder, 'key.pem'));
	if (ca === undefined && cert === undefined && key === undefined) return undefined;
	return {
		skipVerify,
		...(ca === undefined ? {} : { ca }),
		...(cert === undefined ? {} : { cert }),
		...(key === undefined ? {} : { key }),
	};
}

/** One spelling for one engine, as the state folder hangs on it. */
function normalise(host: string): string {
	const text = host.trim();
	if (text.startsWith('/')) return `unix://${text}`;
	if (text === 'unix://') return `unix://${DEFAULT_SOCKET}`;
	const url = /^[a-z]+:\/\//.test(text) ? text : `tcp://${text}`;
	return url.startsWith('unix:') ? url : url.replace(/\/+$/, '');
}

function checked(address: EngineAddress): EngineAddress {
	if (parseEngineUrl(address.url, address.tls !== undefined)) return address;
	throw new UserError('ENGINE_UNREACHABLE', `${address.source} names no engine: "${address.url}"`, {
		hint: 'Expected unix:///path, tcp://host:port or ssh://user@host.',
	});
}

function readJson(path: string): Record<string, unknown> | undefined {
	const text = readText(path);
	if (text === undefined) return undefined;
	try {
		return record(JSON.parse(text));
	} catch (error) {
		throw new UserError('ENGINE_UNREACHABLE', `${path} is no valid JSON: ${message(error)}`, {
			cause: error,
		});
	}
}

function readText(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
			return undefined;
		}
		throw new UserError('ENGINE_UNREACHABLE', `can't read ${path}: ${message(error)}`, { cause: error });
	}
}

function record(value: unknown): Record<string, unknown> | undefined {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? (value as Record<string, unknown>)
		: undefined;
}

function message(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
