/**
 * Stands between podrun and a real engine as a unix socket, and does harm at the n-th request: refuses it, cuts it
 * before or after the engine has done it, lets it wait, or hands the answer on in the smallest pieces. Requests
 * that take over their connection (exec, attach) are passed on as they are, and cut where the harm says so.
 */
import {
	type ClientRequest,
	createServer,
	type IncomingMessage,
	request,
	type Server,
	type ServerResponse,
} from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { EngineConnection } from './engine-under-test.ts';

export type WireHarm = '500' | '404' | '409' | 'cut before' | 'cut after' | 'delay' | 'crumbs';
export const WIRE_HARMS: readonly WireHarm[] = [
	'500',
	'404',
	'409',
	'cut before',
	'cut after',
	'delay',
	'crumbs',
];

const DELAY = 1_500;

export class FaultProxy {
	/** Requests since `arm`, as `GET /containers/json`. */
	requests: string[] = [];
	readonly #server: Server;
	readonly #engine: EngineConnection;
	readonly #sockets = new Set<Socket>();
	readonly #streams = new Set<ServerResponse>();
	#armed: { nth: number; harm: WireHarm } | undefined;
	#held: { match: RegExp; part: number; reached: () => void; released: Promise<void> } | undefined;

	/** `engine`: where the real one is. */
	constructor(engine: EngineConnection) {
		this.#engine = engine;
		this.#server = createServer((asked, answer) => this.#serve(asked, answer));
		this.#server.on('upgrade', (asked, socket, head) => this.#upgrade(asked, socket, head));
		this.#server.on('connection', (socket) => {
			this.#sockets.add(socket);
			socket.on('close', () => this.#sockets.delete(socket));
			socket.on('error', () => undefined);
		});
	}

	listen(path: string): Promise<void> {
		return new Promise((resolve) => this.#server.listen(path, resolve));
	}

	/** The `nth` request from now on comes to harm. */
	arm(nth?: number, harm?: WireHarm): void {
		this.requests = [];
		this.#armed = nth === undefined || harm === undefined ? undefined : { nth, harm };
	}

	/**
	 * Holds back the next request like `PUT /v1.41/containers/…/archive?…` that matches, after this part (0 to 1) of
	 * its body has been passed on. `reached` resolves then.
	 */
	hold(match: RegExp, part: number): { readonly reached: Promise<void>; readonly release: () => void } {
		const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
		this.#held = { match, part, reached: reached.resolve, released: released.promise };
		return { reached: reached.promise, release: released.resolve };
	}

	/** Ends every stream of events without a word. */
	cutEvents(): void {
		for (const answer of this.#streams) answer.destroy();
	}

	async close(): Promise<void> {
		const closed = new Promise((resolve) => this.#server.close(resolve));
		for (const socket of this.#sockets) socket.destroy();
		await closed;
	}

	/** Counts, and tells what is to befall this one. The stream of events, and looks at it, are never hit by number. */
	#harm(asked: IncomingMessage): WireHarm | undefined {
		if (/\/(events|_ping)\b/.test(asked.url ?? '')) return undefined;
		this.requests.push(`${asked.method} ${asked.url}`);
		if (this.requests.length !== this.#armed?.nth) return undefined;
		// Told that what is to be removed is gone, anybody would believe it: that lie is for `podrun prune`.
		return this.#armed.harm === '404' && asked.method === 'DELETE' ? undefined : this.#armed.harm;
	}

	async #serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
		const harm = this.#harm(asked);
		const drop = (): void => {
			asked.socket.destroy();
		};
		if (harm === 'cut before') return drop();
		if (harm === '500' || harm === '404' || harm === '409') {
			asked.resume();
			answer.writeHead(Number(harm), { 'content-type': 'application/json' });
			answer.end(JSON.stringify({ message: `the proxy says ${harm}` }));
			return;
		}
		if (harm === 'delay') await new Promise((resolve) => setTimeout(resolve, DELAY));
		const { method, url, headers } = asked;
		const to = 'path' in this.#engine ? { socketPath: this.#engine.path } : this.#engine;
		const passed = request({ ...to, method, path: url, headers }, (from) => {
			if (harm === 'cut after') {
				from.resume();
				from.on('end', drop);
				return;
			}
			answer.writeHead(from.statusCode ?? 502, from.headers);
			if (/\/events\b/.test(url ?? '')) {
				this.#streams.add(answer);
				answer.on('close', () => this.#streams.delete(answer));
				answer.flushHeaders();
			}
			if (harm === 'crumbs') void crumble(from, answer);
			else from.pipe(answer);
			from.on('error', drop);
		});
		passed.on('error', drop);
		answer.on('close', () => passed.destroy());
		if (this.#held?.match.test(`${method} ${url}`)) await this.#passHeld(asked, passed);
		else asked.pipe(passed);
	}

	async #passHeld(asked: IncomingMessage, passed: ClientRequest): Promise<void> {
		const { part, reached, released } = this.#held ?? {};
		this.#held = undefined;
		const chunks: Buffer[] = [];
		for await (const chunk of asked) chunks.push(chunk as Buffer);
		const body = Buffer.concat(chunks);
		const half = Math.floor(body.length * (part ?? 0));
		// With the head the engine would begin, and hold on to the container.
		if (half > 0) await new Promise((resolve) => passed.write(body.subarray(0, half), resolve));
		reached?.();
		await released;
		passed.end(body.subarray(half));
	}

	#upgrade(asked: IncomingMessage, socket: Duplex, head: Buffer): void {
		const harm = this.#harm(asked);
		if (harm !== undefined && harm !== 'delay' && harm !== 'crumbs') {
			socket.destroy();
			return;
		}
		const engine = connect(this.#engine, () => {
			const headers = asked.rawHeaders.flatMap((name, i) =>
				i % 2 === 0 ? [`${name}: ${asked.rawHeaders[i + 1] ?? ''}`] : [],
			);
			engine.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
			engine.write(head);
			socket.pipe(engine);
			engine.pipe(socket);
		});
		engine.on('error', () => socket.destroy());
		socket.on('error', () => engine.destroy());
		socket.on('close', () => engine.destroy());
	}
}

/** An answer in pieces of three bytes: no reader may take a piece for a whole. */
async function crumble(from: IncomingMessage, answer: ServerResponse): Promise<void> {
	for await (const chunk of from) {
		const data = chunk as Buffer;
		for (let at = 0; at < data.length; at += 3) {
			if (!answer.write(data.subarray(at, at + 3)))
				await new Promise((resolve) => answer.once('drain', resolve));
			if (at % 300 === 0) await new Promise((resolve) => setImmediate(resolve));
		}
	}
	answer.end();
}
