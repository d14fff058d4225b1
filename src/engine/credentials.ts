/**
 * Who we are to a registry: the user's own Docker logins (auths, credential helpers, identity tokens), and the
 * pod's imagePullSecrets. Nothing here is ever logged; the password lives from the helper's answer to the pull.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseImageRef } from '../api/image-ref.ts';
import { EngineError, type RegistryAuth } from './engine.ts';

/** Docker Hub's key in every such file, from the times of the v1 registry. */
const HUB_KEY = 'https://index.docker.io/v1/';
const HUB_HOSTS = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
const HELPER_TIMEOUT_MS = 30_000;

/** An entry of `auths`. */
interface AuthEntry {
	readonly auth?: string;
	readonly username?: string;
	readonly password?: string;
	readonly identitytoken?: string;
}

type Auths = Readonly<Record<string, AuthEntry>>;

interface DockerConfig {
	readonly auths?: Auths;
	readonly credsStore?: string;
	readonly credHelpers?: Readonly<Record<string, string>>;
}

/** What of a Secret is read here: `type` and base64 `data`. */
export interface PullSecret {
	readonly type?: string;
	readonly data?: Readonly<Record<string, string>>;
}

/**
 * The user's login for an image's registry, as `docker pull` would find it: the registry's own helper, else the
 * general store, else the file.
 * @param ref any image reference; one that can't be read has no login.
 * @returns undefined when there is none: the pull is anonymous then.
 * @throws EngineError UNAUTHORIZED when config.json can't be read or a helper breaks.
 */
export async function userCredentials(
	ref: string,
	env: Readonly<Record<string, string | undefined>>,
): Promise<RegistryAuth | undefined> {
	const registry = parseImageRef(ref)?.registry;
	if (registry === undefined) return undefined;
	const config = await readConfig(env);
	if (!config) return undefined;
	const key = HUB_HOSTS.has(registry) ? HUB_KEY : registry;
	const helper = config.credHelpers?.[registry] ?? config.credHelpers?.[key] ?? config.credsStore;
	if (helper) {
		const auth = await askHelper(helper, key, env);
		if (auth) return auth;
	}
	return fromAuths(config.auths ?? {}, registry, parseImageRef(ref)?.repository ?? '')[0];
}

/**
 * The logins that imagePullSecrets hold for an image, best match first: the kubelet tries one after the other.
 * Secrets of another type, or with broken content, are passed over, as the kubelet does.
 */
export function secretCredentials(ref: string, secrets: readonly PullSecret[]): RegistryAuth[] {
	const parsed = parseImageRef(ref);
	if (!parsed) return [];
	return secrets.flatMap((secret) => {
		const auths = decodeSecret(secret);
		return auths ? fromAuths(auths, parsed.registry, parsed.repository) : [];
	});
}

function decodeSecret(secret: PullSecret): Auths | undefined {
	try {
		if (secret.type === 'kubernetes.io/dockerconfigjson') {
			const text = secret.data?.['.dockerconfigjson'];
			return text === undefined ? undefined : (decodeJson(text) as DockerConfig).auths;
		}
		if (secret.type === 'kubernetes.io/dockercfg') {
			const text = secret.data?.['.dockercfg'];
			return text === undefined ? undefined : (decodeJson(text) as Auths);
		}
	} catch {
		// No JSON: the kubelet too goes on without it, and the registry's refusal tells.
	}
	return undefined;
}

function decodeJson(base64: string): object {
	const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
	return typeof value === 'object' && value !== null ? value : {};
}

/**
 * Entries that fit, the longest path first. A key is a host, a host with a path, or a URL; in Kubernetes'
 * secrets its host may hold `*` for one label: `*.example.org/team`.
 */
function fromAuths(auths: Auths, registry: string, repository: string): RegistryAuth[] {
	const found: { specificity: number; auth: RegistryAuth }[] = [];
	for (const [key, entry] of Object.entries(auths)) {
		const specificity = pathMatch(key, registry, repository);
		if (specificity < 0) continue;
		const auth = fromEntry(entry, key);
		if (auth) found.push({ specificity, auth });
	}
	return found.sort((a, b) => b.specificity - a.specificity).map((candidate) => candidate.auth);
}

/** Length of the matching key, or -1. */
function pathMatch(key: string, registry: string, repository: string): number {
	const bare = key.replace(/^https?:\/\//, '');
	const slash = bare.indexOf('/');
	const host = slash < 0 ? bare : bare.slice(0, slash);
	const path = slash < 0 ? '' : bare.slice(slash + 1).replace(/\/+$/, '');
	if (HUB_HOSTS.has(registry)) {
		if (!HUB_HOSTS.has(host)) return -1;
	} else if (!hostFits(host, registry)) {
		return -1;
	}
	// v1/ and v2/ are API roots, not repositories.
	if (path === '' || path === 'v1' || path === 'v2') return host.length;
	return repository === path || repository.startsWith(`${path}/`) ? host.length + path.length + 1 : -1;
}

function hostFits(pattern: string, host: string): boolean {
	if (pattern === host) return true;
	const [wantedName = '', wantedPort] = pattern.split(':');
	const [name = '', port] = host.split(':');
	if (wantedPort !== port) return false;
	const wanted = wantedName.split('.');
	const labels = name.split('.');
	return (
		wanted.length === labels.length && wanted.every((label, index) => labelFits(label, labels[index] ?? ''))
	);
}

function labelFits(pattern: string, label: string): boolean {
	if (!pattern.includes('*')) return pattern === label;
	const literal = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
	return new RegExp(`^${literal.join('.*')}$`).test(label);
}

function fromEntry(entry: AuthEntry, key: string): RegistryAuth | undefined {
	if (entry.identitytoken) return { identitytoken: entry.identitytoken, serveraddress: key };
	let { username, password } = entry;
	if (entry.auth) {
		const text = Buffer.from(entry.auth, 'base64').toString('utf8');
		const colon = text.indexOf(':');
		if (colon > 0) {
			username = text.slice(0, colon);
			// Docker pads with zero bytes.
			password = text.slice(colon + 1).replace(/\0+$/, '');
		}
	}
	if (!username) return undefined;
	return { username, password: password ?? '', serveraddress: key };
}

async function readConfig(
	env: Readonly<Record<string, string | undefined>>,
): Promise<DockerConfig | undefined> {
	const path = join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json');
	let text: string;
	try {
		text = await readFile(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
		throw new EngineError('UNAUTHORIZED', `can't read the registry logins of ${path}`, { cause: error });
	}
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && value !== null ? (value as DockerConfig) : undefined;
	} catch {
		// The parser's own message may quote the file, which holds passwords.
		throw new EngineError('UNAUTHORIZED', `${path} is no valid JSON`);
	}
}

/** `docker-credential-NAME get` with the server's address on stdin. Undefined: it has no login for it. */
function askHelper(
	name: string,
	server: string,
	env: Readonly<Record<string, string | undefined>>,
): Promise<RegistryAuth | undefined> {
	const program = `docker-credential-${name}`;
	if (!/^[\w.-]+$/.test(name)) {
		return Promise.reject(new EngineError('UNAUTHORIZED', `"${name}" is no name of a credential helper`));
	}
	return new Promise((resolve, reject) => {
		const fail = (why: string): void =>
			reject(new EngineError('UNAUTHORIZED', `asking ${program} for the login of ${server}: ${why}`));
		const options = { env: { ...env }, timeout: HELPER_TIMEOUT_MS };
		const child = execFile(program, ['get'], options, (error, stdout) => {
			if (error) {
				// Helpers say why on stdout; an unknown server is no failure.
				if (/credentials not found|no credentials server URL|not found in native keychain/i.test(stdout)) {
					resolve(undefined);
				} else if ('code' in error && error.code === 'ENOENT') {
					fail('the program is not in the PATH');
				} else {
					fail(stdout.trim().slice(0, 300) || 'it failed without a word');
				}
				return;
			}
			const answer = parseAnswer(stdout);
			if (!answer) fail('its answer is no JSON with Username and Secret');
			else if (answer.Username === '<token>')
				resolve({ identitytoken: answer.Secret, serveraddress: server });
			else if (answer.Secret === '') resolve(undefined);
			else resolve({ username: answer.Username, password: answer.Secret, serveraddress: server });
		});
		child.stdin?.on('error', () => undefined);
		child.stdin?.end(server);
	});
}

function parseAnswer(text: string): { Username: string; Secret: string } | undefined {
	try {
		const value = JSON.parse(text) as { Username?: unknown; Secret?: unknown } | null;
		if (typeof value?.Username !== 'string' || typeof value.Secret !== 'string') return undefined;
		return { Username: value.Username, Secret: value.Secret };
	} catch {
		return undefined;
	}
}
