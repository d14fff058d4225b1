/**
 * The client of the supervisor's API: plain HTTP over its unix socket. It knows paths and JSON, no verbs.
 * A supervisor that has gone in between (idle, killed, replaced) is brought back once for each call through
 * `revive`, so that callers never see it happen. Imports are light: this is on the path of every command.
 */
import {
	Agent,
	type AgentOptions,
	request as httpRequest,
	type IncomingMessage,
	type RequestOptions,
} from 'node:http';
import { ApiError, UserError } from '../api/errors.ts';
import type { KubeObject } from '../api/types.ts';
import { EXPECTED_VERSION, VERSION } from '../api/version.ts';
import {
	type Client,
	errorFrom,
	type ListAnswer,
	type Method,
	type Query,
	type RequestParameters,
	type WatchParameters,
} from './wire.ts';

export type { WatchEvent } from '../api/backend.ts';
export {
	type Client,
	type ClientWebSocket,
	type ListAnswer,
	type Method,
	type Query,
	type RequestParameters,
	resourcePath,
	type WatchParameters,
} from './wire.ts';

export interface ClientOptions {
	readonly socket: string;
	/** Sent with every request (Podrun-Profile). */
	readonly headers?: Readonly<Record<string, string>>;
	/** Called when nobody listens at the socket; resolves when somebody does again. Default: it is an error. */
	readonly revive?: () => Promise<void>;
	/**
	 * Judges the version of whoever answers first. False: `revive` is called and the call made again, which nobody
	 * notices: one that is too old carries nothing out. Before what is not repeatable, `revive` is called in any case.
	 * Default: any version will do.
	 */
	readonly accepts?: (version: string | undefined) => boolean;
	/** Warnings that come with answers, each text once. Default: dropped. */
	readonly onWarning?: (text: string) => void;
}

/** ms until whoever accepts connections must have begun to answer the first call. */
const ANSWER_WITHIN = 10_000;

/** A client of the supervisor at `socket`. Opens nothing until the first call. */
export function createClient(options: ClientOptions): Client {
	// With a servername Node need not find out whether `localhost` is an IP, which compiles 5 ms of regular expressions.
	const settings: AgentOptions & { servername: string } = {
		keepAlive: true,
		maxSockets: Number.POSITIVE_INFINITY,
		servername: '',
	};
	const agent = new Agent(settings);
	const common = { 'podrun-version': VERSION, ...options.headers };
	const { revive } = options;
	let isMet = options.accepts === undefined || revive === undefined;

	/** The one who listens is good enough for more than a reading. */
	async function meet(): Promise<void> {
		if (!isMet) await revive?.();
		isMet = true;
	}

	const warned = new Set<string>();
	function warn({ headers }: IncomingMessage): void {
		if (options.onWarning === undefined || headers.warning === undefined) return;
		for (const text of warningsIn(headers.warning)) {
			if (warned.has(text)) continue;
			warned.add(text);
			options.onWarning(text);
		}
	}

	async function call(method: Method, path: string, given: RequestParameters): Promise<IncomingMessage> {
		const answer = await ask(method, path, given);
		warn(answer);
		return answer;
	}

	async function ask(method: Method, path: string, given: RequestParameters): Promise<IncomingMessage> {
		const body = encodeBody(given.body);
		const isRepeatable = method === 'GET' || given.repeatable === true;
		if (!isRepeatable) await meet();
		const headers: Record<string, string> = { ...common, accept: 'application/json', ...given.headers };
		if (!isMet) headers[EXPECTED_VERSION] = VERSION;
		if (body !== undefined) {
			headers['content-type'] ??= 'application/json';
			headers['content-length'] = String(body.length);
		}
		const target: RequestOptions = {
			socketPath: options.socket,
			agent,
			method,
			path: withQuery(path, given.query),
			headers,
			...(given.signal ? { signal: given.signal } : {}),
		};
		let answer: IncomingMessage;
		try {
			answer = await send(target, body, isMet ? undefined : ANSWER_WITHIN);
		} catch (error) {
			if (!isGone(error, isRepeatable) || given.signal?.aborted) throw unreachable(error, options.socket);
			if (revive === undefined) throw unreachable(error, options.socket);
			return await anew(target, body, revive);
		}
		if (isMet || revive === undefined) return answer;
		if (options.accepts?.(answer.headers['podrun-version'] as string | undefined) === false) {
			answer.destroy();
			return await anew(target, body, revive);
		}
		isMet = true;
		return answer;
	}

	/** The same call to the one who listens after `wake`, of whatever version that is. */
	async function anew(
		target: RequestOptions,
		body: Buffer | undefined,
		wake: () => Promise<void>,
	): Promise<IncomingMessage> {
		await wake();
		isMet = true;
		const { [EXPECTED_VERSION]: _, ...headers } = target.headers as Record<string, string>;
		// Idle connections lead to the one that is gone.
		for (const idle of Object.values(agent.freeSockets).flat()) idle?.destroy();
		return await send({ ...target, headers }, body).catch((again: unknown) => {
			throw unreachable(again, options.socket);
		});
	}

	const client: Client = {
		socket: options.socket,
		async request<T>(method: Method, path: string, parameters: RequestParameters = {}) {
			const answer = await call(method, path, parameters);
			const text = await readAll(answer);
			if (isFailure(answer)) throw errorOf(answer, text);
			return (text === '' ? undefined : JSON.parse(text)) as T;
		},
		list<T>(path: string, query: Query = {}) {
			return client.request<ListAnswer<T>>('GET', path, { query });
		},
		async *watch<T extends KubeObject>(path: string, parameters: WatchParameters = {}) {
			const { watchObjects } = await import('./watch.ts');
			yield* watchObjects<T>(client, path, parameters);
		},
		async stream(path, query = {}, signal) {
			const answer = await call('GET', path, {
				query,
				headers: { accept: '*/*' },
				...(signal ? { signal } : {}),
			});
			if (isFailure(answer)) throw errorOf(answer, await readAll(answer));
			return answer;
		},
		async websocket(path, query, protocols, signal) {
			const { openWebSocket } = await import('./websocket.ts');
			await meet();
			const target = withQuery(path, query);
			try {
				return await openWebSocket(options.socket, target, protocols, common, signal);
			} catch (error) {
				if (!isGone(error, true) || revive === undefined) throw unreachable(error, options.socket);
				await revive();
				return await openWebSocket(options.socket, target, protocols, common, signal);
			}
		},
		close() {
			agent.destroy();
		},
	};
	return client;
}

function errorOf(answer: IncomingMessage, text: string): ApiError {
	return errorFrom(answer.statusCode ?? 500, text);
}

/** `299 - "text", 299 - "text"` → the texts. */
function warningsIn(header: string): string[] {
	return [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
		text.replace(/\\(.)/g, '$1'),
	);
}

function isFailure(answer: IncomingMessage): boolean {
	return (answer.statusCode ?? 500) >= 400;
}

/** `within`: ms until the answer must have begun. */
function send(target: RequestOptions, body: Buffer | undefined, within?: number): Promise<IncomingMessage> {
	const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
	const request = httpRequest(target, resolve);
	request.on('error', reject);
	request.end(body);
	if (within === undefined) return promise;
	const timer = setTimeout(() => request.destroy(new Silence(within)), within);
	return promise.finally(() => clearTimeout(timer));
}

/** Somebody took the connection and said nothing. */
class Silence extends Error {
	constructor(ms: number) {
		super(`it does not answer within ${ms / 1000} s`);
		this.name = 'Silence';
	}
}

function encodeBody(body: unknown): Buffer | undefined {
	if (body === undefined) return undefined;
	if (Buffer.isBuffer(body)) return body;
	return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function withQuery(path: string, query: Query | undefined): string {
	const parameters = new URLSearchParams();
	for (const [key, value] of Object.entries(query ?? {})) {
		if (value === undefined) continue;
		if (typeof value === 'object') for (const one of value) parameters.append(key, one);
		else parameters.append(key, String(value));
	}
	const text = parameters.toString();
	return text === '' ? path : `${path}?${text}`;
}

async function readAll(answer: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of answer) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks).toString('utf8');
}

/**
 * Nobody listens any more: nothing was done, any call may be made again. A connection that broke under a
 * call may have done its work, so then only what is repeatable is repeated.
 */
function isGone(error: unknown, isRepeatable: boolean): boolean {
	const code = (error as NodeJS.ErrnoException).code;
	// EPIPE: it was gone before it could read the whole of the request.
	if (code === 'ECONNREFUSED' || code === 'ENOENT' || code === 'EPIPE') return true;
	return isRepeatable && code === 'ECONNRESET';
}

function unreachable(error: unknown, socket: string): unknown {
	const code = (error as NodeJS.ErrnoException).code;
	if (error instanceof UserError || error instanceof ApiError || code === 'ABORT_ERR') return error;
	const why =
		code === 'EACCES'
			? 'its socket belongs to another user'
			: code === 'ECONNREFUSED' || code === 'ENOENT'
				? 'no supervisor listens there'
				: ((error as Error).message ?? String(error));
	return new UserError('SUPERVISOR', `cannot talk to the supervisor at ${socket}: ${why}`, {
		cause: error,
		hint:
			error instanceof Silence
				? 'pods survive its end: `podrun supervisor status` tells its pid'
				: 'run the command again; `podrun supervisor logs` tells what the supervisor did last',
	});
}
