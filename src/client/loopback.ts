/**
 * The supervisor's API for clients that cannot open a unix socket: a server on loopback with TLS that lets in
 * who has the token, and hands requests and upgrades on to the socket. It understands nothing of them.
 *
 *   401   no token, or another one
 *   403   the Host header names somebody else: a web page that points its own name at 127.0.0.1
 *   503   no supervisor, and none can be started
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
	Agent,
	request as httpRequest,
	type IncomingHttpHeaders,
	type IncomingMessage,
	type RequestOptions,
	type ServerResponse,
	STATUS_CODES,
} from 'node:http';
import { createServer, type Server } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ApiError, UserError } from '../api/errors.ts';
import { makeLoopbackCertificate } from './certificate.ts';

export interface LoopbackOptions {
	/** Of the supervisor. */
	readonly socket: string;
	/** Called when nobody listens at the socket; resolves when somebody does again. */
	readonly revive: () => Promise<void>;
	/** Added to requests that do not have them, e.g. Podrun-Profile. */
	readonly headers?: Readonly<Record<string, string>>;
	/** 0: any free one. */
	readonly port: number;
}

export interface Loopback {
	readonly port: number;
	readonly token: string;
	/** PEM of the authority to trust: the certificate itself. */
	readonly authority: string;
	/** Cuts what is open and resolves when all is closed. */
	close(): Promise<void>;
}

/** Headers that speak of one connection, and the secret, which ends here. */
const NOT_PASSED_ON = new Set([
	'authorization',
	'connection',
	'host',
	'keep-alive',
	'proxy-authorization',
	'proxy-connection',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
]);

/** Serves on 127.0.0.1 with a token and a certificate of its own. Throws UserError when the port is taken. */
export async function serveLoopback(options: LoopbackOptions): Promise<Loopback> {
	const token = randomBytes(32).toString('base64url');
	const { certificate, key } = makeLoopbackCertificate(new Date());
	const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
	const upgraded = new Set<Duplex>();
	const server = createServer({ cert: certificate, key, keepAliveTimeout: 65_000, maxHeaderSize: 64 * 1024 });
	let port = options.port;

	server.on('request', (request, response) => {
		passOn(request, response).catch((error: unknown) => {
			if (response.headersSent || response.destroyed) response.destroy();
			else answer(response, error);
		});
	});
	server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
		upgraded.add(socket);
		socket.once('close', () => upgraded.delete(socket));
		socket.on('error', () => socket.destroy());
		passUpgradeOn(request, socket, head).catch((error: unknown) => refuse(socket, error));
	});

	async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
		check(request.headers, token, port);
		const target: RequestOptions = {
			socketPath: options.socket,
			agent,
			method: request.method ?? 'GET',
			path: request.url ?? '/',
			headers: { ...options.headers, ...passedOn(request.headers), host: 'localhost' },
		};
		const gone = new AbortController();
		response.once('close', () => gone.abort());
		// A body can be sent once only, so a supervisor that has to be woken is woken before.
		const received = await revived(() => exchange(target, request, gone.signal), options.revive);
		response.writeHead(received.statusCode ?? 502, passedOn(received.headers));
		response.flushHeaders();
		await pipeline(received, response).catch(() => response.destroy());
	}

	async function passUpgradeOn(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
		check(request.headers, token, port);
		const upstream = await revived(() => opened(options.socket), options.revive);
		upstream.on('error', () => socket.destroy());
		socket.once('close', () => upstream.destroy());
		upstream.once('close', () => socket.destroy());
		const lines = [`${request.method} ${request.url} HTTP/1.1`, 'host: localhost'];
		for (const [name, value] of Object.entries({ ...options.headers, ...request.headers })) {
			if (name === 'authorization' || name === 'host') continue;
			for (const one of [value].flat()) lines.push(`${name}: ${one}`);
		}
		upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
		upstream.write(head);
		socket.pipe(upstream);
		upstream.pipe(socket);
	}

	port = await listening(server, options.port);
	return {
		port,
		token,
		authority: certificate,
		async close() {
			const { promise, resolve } = Promise.withResolvers<void>();
			server.close(() => resolve());
			for (const socket of upgraded) socket.destroy();
			server.closeAllConnections();
			agent.destroy();
			await promise;
		},
	};
}

/** Throws 403 for a foreign Host, 401 for a wrong token. */
function check(headers: IncomingHttpHeaders, token: string, port: number): void {
	const names = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
	if (!names.includes((headers.host ?? '').toLowerCase())) {
		throw new ApiError(403, 'Forbidden', 'the Host header must name the loopback address that is served');
	}
	const [scheme = '', given = ''] = (headers.authorization ?? '').split(' ');
	const digest = (text: string) => createHash('sha256').update(text).digest();
	if (scheme.toLowerCase() !== 'bearer' || !timingSafeEqual(digest(given), digest(token))) {
		throw new ApiError(401, 'Unauthorized', 'Unauthorized');
	}
}

function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
	return Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_PASSED_ON.has(name)));
}

function exchange(
	target: RequestOptions,
	body: IncomingMessage,
	signal: AbortSignal,
): Promise<IncomingMessage> {
	const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
	const request = httpRequest(target, resolve);
	request.on('error', reject);
	signal.addEventListener('abort', () => request.destroy(), { once: true });
	// The body flows only when somebody listens, so that a second try has it still whole.
	request.once('socket', (socket) => {
		if (socket.connecting) socket.once('connect', () => body.pipe(request));
		else body.pipe(request);
	});
	return promise;
}

/** Once more when nobody listened: idle, killed or replaced in between. */
async function revived<T>(work: () => Promise<T>, revive: () => Promise<void>): Promise<T> {
	try {
		return await work();
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code !== 'ECONNREFUSED' && code !== 'ENOENT') throw error;
		await revive();
		return await work();
	}
}

function opened(path: string): Promise<Socket> {
	const { promise, resolve, reject } = Promise.withResolvers<Socket>();
	const socket = connect(path, () => resolve(socket));
	socket.on('error', reject);
	return promise;
}

function statusOf(error: unknown) {
	if (error instanceof ApiError) return error.status;
	const why = error instanceof UserError ? error.message : 'the connection to the supervisor was lost';
	return new ApiError(503, 'ServiceUnavailable', why).status;
}

function answer(response: ServerResponse, error: unknown): void {
	const status = statusOf(error);
	const body = JSON.stringify(status);
	const headers = { 'content-type': 'application/json', connection: 'close' };
	response.writeHead(status.code, headers).end(body);
}

function refuse(socket: Duplex, error: unknown): void {
	if (!socket.writable) return;
	const status = statusOf(error);
	const body = JSON.stringify(status);
	const head = [
		`HTTP/1.1 ${status.code} ${STATUS_CODES[status.code]}`,
		'content-type: application/json',
		`content-length: ${Buffer.byteLength(body)}`,
		'connection: close',
	];
	socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function listening(server: Server, port: number): Promise<number> {
	const { promise, resolve, reject } = Promise.withResolvers<number>();
	server.once('error', (error: NodeJS.ErrnoException) => {
		const why = error.code === 'EADDRINUSE' ? 'it is in use' : error.message;
		reject(
			new UserError('SUPERVISOR', `cannot serve the API on 127.0.0.1:${port}: ${why}`, {
				cause: error,
				hint: 'choose another port with --port, or --port 0 for any free one',
			}),
		);
	});
	server.listen(port, '127.0.0.1', () => {
		const bound = server.address();
		resolve(typeof bound === 'object' && bound ? bound.port : port);
	});
	return promise;
}
