/**
 * Calls of the Docker Engine API, and the only importer of dockerode. Of dockerode we take the dialling (its
 * modem): its convenience methods parse log text that looks like JSON, drop the warnings of a create and keep
 * no order of their own, so each call is spelled out in the folder docker. No timeout on streams: quiet ones are
 * normal; whoever waits brings an AbortSignal.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import Docker from 'dockerode';
import type { EngineAddress } from '../api/engine-address.ts';
import { engineAgent } from './agents.ts';
import { EngineError } from './engine.ts';
import { systemCode, toEngineError } from './engine-errors.ts';

export interface Call {
	readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
	/** Without the version: /containers/json */
	readonly path: string;
	readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
	readonly body?: object;
	/** A tar that is the body. */
	readonly file?: NodeJS.ReadableStream | Buffer;
	/** X-Registry-Auth; never part of a URL or a message. */
	readonly auth?: object;
	readonly signal?: AbortSignal;
	/** May be sent again when a kept connection turns out to be dead. Default: GET and HEAD. */
	readonly idempotent?: boolean;
	/**
	 * On a connection of its own. An engine that is shutting down has closed its door, but goes on serving whoever
	 * is inside: what it makes then it can't keep, and it may hang over it. So what is to last is asked for at the door.
	 */
	readonly fresh?: boolean;
}

/** The part of docker-modem that we use. */
interface Modem {
	version?: string;
	dial(options: object, done: (error: unknown, result: unknown) => void): void;
}

/** An answer that is to be read whole and has not come by then will not come: an engine that hangs is an engine that is away. */
const ANSWER_LIMIT_MS = 180_000;

/** 304 is no success: it comes back as NOT_MODIFIED. */
const SUCCESS = { 101: true, 200: true, 201: true, 202: true, 204: true };

export class Transport {
	readonly address: string;
	readonly #modem: Modem;
	/** Keeps no connection. */
	readonly #fresh: Modem;
	readonly #agents: readonly ReturnType<typeof engineAgent>[];
	/** Of calls that wait for their answer. */
	readonly #waiting = new Set<AbortController>();

	constructor(address: EngineAddress) {
		this.address = address.url;
		const kept = engineAgent(address);
		// An ssh for each call would cost more than it is worth.
		const fresh = address.url.startsWith('ssh:') ? kept : engineAgent(address, { keepAlive: false });
		this.#agents = [kept, fresh];
		// Every option that the modem would else take from the environment is set here. The agent makes all
		// connections, so the socket's path only keeps the modem from building URLs.
		const options = {
			host: undefined,
			port: undefined,
			protocol: 'http' as const,
			socketPath: '/engine',
			pathPrefix: '/',
			timeout: undefined,
			ca: undefined,
			cert: undefined,
			key: undefined,
			sshOptions: {},
		};
		const [keeping, leaving] = [kept, fresh].map((agent) => ({ ...options, agent }));
		this.#modem = new Docker(keeping).modem;
		this.#fresh = new Docker(leaving).modem;
	}

	/** Pins the API version of every call from now on, e.g. `1.41`. */
	pin(apiVersion: string): void {
		for (const modem of [this.#modem, this.#fresh]) modem.version = `v${apiVersion}`;
	}

	/** An answer read to its end: parsed JSON, or undefined where there is none. Rejects with EngineError. */
	async json<T>(call: Call, limit = ANSWER_LIMIT_MS): Promise<T> {
		return (await this.#answered(call, (bounded) => this.#dial(bounded, {}), limit)) as T;
	}

	/** An answer as a stream. Rejects with EngineError when the engine refuses. */
	async stream(call: Call): Promise<IncomingMessage> {
		const dial = (bounded: Call): Promise<unknown> => this.#dial(bounded, { isStream: true });
		// What is asked for by another method may take as long as it takes before it has anything to tell.
		const asked = call.method === 'GET' ? this.#answered(call, dial) : this.#again(call, () => dial(call));
		return (await asked) as IncomingMessage;
	}

	/** See `Engine.unanswered`. */
	unanswered(): () => void {
		const waiting = [...this.#waiting];
		return () => {
			for (const cut of waiting) if (this.#waiting.has(cut)) cut.abort();
		};
	}

	/** A call whose connection becomes a two-way stream of its own (exec, attach). */
	async hijack(call: Call): Promise<Duplex> {
		// The request is whole (no openStdin): without a body the modem would else never send its headers. What
		// comes after the upgrade belongs to the stream.
		const how = { isStream: true, hijack: true };
		const socket = (await this.#answered(call, (bounded) => this.#dial(bounded, how))) as Duplex;
		const { signal } = call;
		if (signal) {
			const cut = (): void => {
				socket.destroy(new EngineError('ABORTED', 'the call was cut off'));
			};
			if (signal.aborted) cut();
			signal.addEventListener('abort', cut, { once: true });
			socket.once('close', () => signal.removeEventListener('abort', cut));
		}
		return socket;
	}

	/**
	 * A connection that is handed over as it is, by a POST without a body: the modem always sends one, which would be
	 * the first that the other side reads. Rejects with EngineError.
	 */
	upgrade(
		path: string,
		headers: Readonly<Record<string, string | string[]>>,
		signal?: AbortSignal,
	): Promise<Duplex> {
		return new Promise<Duplex>((resolve, reject) => {
			const refuse = (error: unknown): void => reject(toEngineError(error, this.address));
			const version = this.#modem.version === undefined ? '' : `/${this.#modem.version}`;
			const asked = httpRequest({
				agent: this.#agents[1],
				method: 'POST',
				path: `${version}${path}`,
				headers: { host: 'docker', connection: 'Upgrade', ...headers },
				...(signal === undefined ? {} : { signal }),
			});
			asked.on('upgrade', (_answer, socket, head) => {
				socket.unshift(head);
				resolve(socket);
			});
			asked.on('response', (answer) => {
				answer.resume();
				refuse(
					new EngineError('UNKNOWN', `the engine does not upgrade ${path}: status ${answer.statusCode}`),
				);
			});
			asked.on('error', refuse);
			asked.end();
		});
	}

	/** Closes idle connections, and cuts those in use. */
	close(): void {
		for (const agent of this.#agents) agent.destroy();
	}

	/** Makes a call that can be cut as long as no answer has come; `limit` in ms does so by itself. */
	async #answered(call: Call, dial: (call: Call) => Promise<unknown>, limit?: number): Promise<unknown> {
		const cut = new AbortController();
		const signal = call.signal === undefined ? cut.signal : AbortSignal.any([call.signal, cut.signal]);
		const bounded = { ...call, signal };
		const timer = limit === undefined ? undefined : setTimeout(() => cut.abort(), limit).unref();
		this.#waiting.add(cut);
		try {
			return await this.#again(bounded, () => dial(bounded));
		} catch (error) {
			if (!cut.signal.aborted || call.signal?.aborted) throw error;
			throw new EngineError('UNREACHABLE', `the Docker engine at ${this.address} does not answer`, {
				cause: error,
			});
		} finally {
			clearTimeout(timer);
			this.#waiting.delete(cut);
		}
	}

	async #again(call: Call, dial: () => Promise<unknown>): Promise<unknown> {
		try {
			return await dial();
		} catch (error) {
			const idempotent = call.idempotent ?? (call.method === 'GET' || call.method === 'HEAD');
			const code = systemCode(error);
			// A kept connection dies with the engine's restart, and we learn of it only by using it.
			if (!idempotent || !(code === 'ECONNRESET' || code === 'EPIPE') || call.signal?.aborted) {
				throw toEngineError(error, this.address);
			}
		}
		try {
			return await dial();
		} catch (error) {
			throw toEngineError(error, this.address);
		}
	}

	#dial(call: Call, how: object): Promise<unknown> {
		const query: Record<string, string> = {};
		for (const [key, value] of Object.entries(call.query ?? {})) {
			if (value !== undefined) query[key] = String(value);
		}
		const hasQuery = Object.keys(query).length > 0;
		const options = {
			// The modem appends the query to a path that ends in a question mark.
			path: call.path + (hasQuery ? '?' : ''),
			method: call.method,
			headers: call.file === undefined ? {} : { 'Content-Type': 'application/x-tar' },
			options: { _query: query, _body: call.body ?? {} },
			statusCodes: SUCCESS,
			...(call.file === undefined ? {} : { file: call.file }),
			...(call.auth === undefined ? {} : { authconfig: call.auth }),
			...(call.signal === undefined ? {} : { abortSignal: call.signal }),
			...how,
		};
		return new Promise((resolve, reject) => {
			const modem = call.fresh ? this.#fresh : this.#modem;
			modem.dial(options, (error, result) => {
				if (error) reject(error);
				else resolve(result);
			});
		});
	}
}
