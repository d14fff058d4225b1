/**
 * The HTTP server: finds the route of a request, gives it an exchange, and writes what is thrown as a
 * metav1.Status. It counts what is open, for the supervisor's idle exit, and ends everything when it stops.
 */
import { readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
	STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import findMyWay from 'find-my-way';
import type { Backend, SupervisorInfo } from '../api/backend.ts';
import { ApiError, badRequest } from '../api/errors.ts';
import type { Profile } from '../api/types.ts';
import { compareVersions, EXPECTED_VERSION, VERSION } from '../api/version.ts';
import { type Exchange, sendJson, statusOf } from './exchange.ts';
import {
	type Handler,
	type Method,
	type Route,
	routesOf,
	type UpgradeHandler,
	upgradeRoutesOf,
} from './routes.ts';
import { isAccepted } from './sockets.ts';

export interface ApiServerOptions {
	readonly backend: Backend;
	readonly supervisor: () => SupervisorInfo;
	/** Told with every answer. Default: that of this program. */
	readonly version?: string;
	/** The profile of requests that name none. */
	readonly profile: Profile;
	/** A warning that goes with every answer about objects; printable ASCII. Default: none. */
	readonly notice?: () => string | undefined;
	/** POST /podrun/v1/supervisor/stop. */
	readonly onStop: () => void;
	/** Bugs of ours, for the log. */
	readonly onError?: (error: unknown, request: string) => void;
}

export interface ApiServer {
	readonly http: Server;
	/** Requests, watches and streams under way. */
	readonly open: number;
	/** When the last of them ended, by performance.now(). */
	readonly quietSince: number;
	/** Serves on a unix socket that only this user may open. */
	listen(socketPath: string): Promise<void>;
	/** Accepts nothing more, ends watches and streams, and resolves when all connections are closed. */
	close(): Promise<void>;
}

const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Connections that may wait to be accepted: a burst beyond it is told EAGAIN (the kernel may allow fewer). */
const BACKLOG = 4_096;
/** ms in which the head of a request has to come. */
const HEADERS_WITHIN = 10_000;
/** Connections at once, where the system lets us have so many files. */
const MOST_CONNECTIONS = 20_000;
/** Files that are left to everything else: the engine, the state folder, credential helpers. */
const FILES_OF_OURS = 512;
/** ms that the rest of a refused body is read and dropped for, so that the client can read why. */
const DRAIN_WITHIN = 5_000;

/** A server that does not listen yet. */
export function createApiServer(options: ApiServerOptions): ApiServer {
	const stopping = new AbortController();
	const upgraded = new Set<Duplex>();
	/** What is being answered on a connection. */
	const answers = new WeakMap<Duplex, ServerResponse>();
	let open = 0;
	let quietSince = performance.now();
	const routes = routerOf(routesOf(options));
	const upgrades = routerOf(upgradeRoutesOf(options.backend));
	const http = createServer({
		keepAliveTimeout: 65_000,
		maxHeaderSize: 64 * 1024,
		headersTimeout: HEADERS_WITHIN,
		connectionsCheckingInterval: 2_000,
	});
	http.maxConnections = mostConnections();

	const begun = (): (() => void) => {
		open += 1;
		return () => {
			open -= 1;
			quietSince = performance.now();
		};
	};

	http.on('request', (request, response) => {
		answers.set(request.socket, response);
		response.once('finish', () => answers.delete(request.socket));
		response.once('close', begun());
		serve(request, response).catch((error: unknown) => fail(error, request, response));
	});
	http.on('upgrade', (request, socket, head) => {
		socket.once('close', begun());
		upgraded.add(socket);
		socket.once('close', () => upgraded.delete(socket));
		socket.on('error', () => socket.destroy());
		upgrade(request, socket, head).catch((error: unknown) => {
			report(error, request);
			if (isAccepted(socket)) socket.destroy();
			else refuse(socket, error);
		});
	});
	http.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
		// In the middle of an answer nobody would take it for one.
		if (error.code === 'ECONNRESET' || answers.get(socket)?.headersSent) socket.destroy();
		else refuse(socket, malformed(error.code));
	});

	async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const version = options.version ?? VERSION;
		response.setHeader('podrun-version', version);
		const expected = request.headers[EXPECTED_VERSION];
		if (typeof expected === 'string' && compareVersions(version, expected) < 0)
			throw tooOld(version, expected);
		response.setHeader('cache-control', 'no-cache, private');
		const { path, query } = target(request);
		const notice = path.startsWith('/api/v1/') ? options.notice?.() : undefined;
		if (notice !== undefined) response.setHeader('warning', `299 - "${notice.replace(/[\\"]/g, '\\$&')}"`);
		const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
		const found = routes.find(method as Method, path);
		if (found === null) throw missing(routes, upgrades, path, method);
		const gone = new AbortController();
		response.once('close', () => gone.abort());
		await found.store.handler({
			request,
			response,
			path,
			query,
			params: found.params,
			profile: profileOf(request, options.profile),
			signal: AbortSignal.any([gone.signal, stopping.signal]),
		});
	}

	async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
		const { path, query } = target(request);
		const found = upgrades.find(request.method as Method, path);
		if (found === null) throw missing(routes, upgrades, path, request.method ?? 'GET');
		await found.store.handler({ request, query, params: found.params, upgrade: { request, socket, head } });
	}

	async function fail(error: unknown, request: IncomingMessage, response: ServerResponse): Promise<void> {
		report(error, request);
		if (response.headersSent || response.destroyed) {
			response.destroy();
			return;
		}
		await drained(request);
		const status = statusOf(error);
		response.setHeader('connection', request.complete ? 'keep-alive' : 'close');
		sendJson({ request, response } as Exchange, status.code, status);
	}

	function report(error: unknown, request: IncomingMessage): void {
		// A client that goes before it has said all is no bug of ours.
		const gone = request.destroyed && !request.complete;
		if (!(error instanceof ApiError) && !gone)
			options.onError?.(error, `${request.method} ${target(request).path}`);
	}

	return {
		http,
		get open() {
			return open;
		},
		get quietSince() {
			return quietSince;
		},
		async listen(socketPath) {
			const { promise, resolve, reject } = Promise.withResolvers<void>();
			http.once('error', reject);
			// The socket is bound within the call: nothing else is made under this umask.
			const before = process.umask(0o177);
			http.listen({ path: socketPath, backlog: BACKLOG }, resolve);
			process.umask(before);
			await promise;
			http.off('error', reject);
			await chmod(socketPath, 0o600);
		},
		async close() {
			const { promise, resolve } = Promise.withResolvers<void>();
			http.close(() => resolve());
			stopping.abort();
			for (const socket of upgraded) socket.destroy();
			http.closeIdleConnections();
			const timer = setTimeout(() => http.closeAllConnections(), 1_000);
			await promise;
			clearTimeout(timer);
		},
	};
}

interface Found<H> {
	readonly params: Record<string, string | undefined>;
	readonly store: { readonly handler: H };
}
interface Router<H> {
	find(method: Method, path: string): Found<H> | null;
}

function routerOf<H extends Handler | UpgradeHandler>(routes: readonly Route<H>[]): Router<H> {
	const router = findMyWay({ maxParamLength: 300, ignoreTrailingSlash: true });
	for (const [method, path, handler] of routes) router.on(method, path, () => {}, { handler });
	return router as unknown as Router<H>;
}

function target(request: IncomingMessage): { path: string; query: URLSearchParams } {
	const url = request.url ?? '/';
	const mark = url.indexOf('?');
	if (mark < 0) return { path: url, query: new URLSearchParams() };
	return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

/** 405 for a path that is served with another method, 400 for a stream without its upgrade, else 404. */
function missing(
	routes: Router<Handler>,
	upgrades: Router<UpgradeHandler>,
	path: string,
	method: string,
): ApiError {
	if (upgrades.find('GET', path) !== null) return badRequest('Upgrade request required');
	if (METHODS.some((one) => routes.find(one, path) !== null)) {
		return new ApiError(
			405,
			'MethodNotAllowed',
			`the server does not allow this method on the requested resource: ${method} ${path}`,
		);
	}
	return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** The command that asks replaces this supervisor by one of its own version, and asks that one. */
function tooOld(version: string, expected: string): ApiError {
	return new ApiError(426, 'Expired', `the supervisor is of version ${version}, the command of ${expected}`);
}

function profileOf(request: IncomingMessage, fallback: Profile): Profile {
	const asked = request.headers['podrun-profile'];
	if (asked === undefined || asked === '') return fallback;
	if (asked === 'local' || asked === 'kubernetes') return asked;
	throw badRequest(`Podrun-Profile must be local or kubernetes, not ${JSON.stringify(asked)}`);
}

/** An answer to an upgrade that is refused: the socket is not HTTP's any more, so it is written by hand. */
function refuse(socket: Duplex, error: unknown): void {
	if (socket.destroyed || !socket.writable) return;
	const status = statusOf(error);
	const body = Buffer.from(JSON.stringify(status));
	const head = [
		`HTTP/1.1 ${status.code} ${STATUS_CODES[status.code] ?? 'Error'}`,
		'content-type: application/json',
		`content-length: ${body.length}`,
		'connection: close',
	];
	socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
}

/** What Node could not read as a request. */
function malformed(code: string | undefined): ApiError {
	if (code === 'HPE_HEADER_OVERFLOW')
		return new ApiError(431, 'RequestHeaderFieldsTooLarge', 'the head of the request is too large');
	if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
		return new ApiError(408, 'Timeout', 'the request did not come in time');
	return badRequest(`the request is no HTTP: ${code ?? 'it could not be read'}`);
}

/** A connection beyond it is closed at once; without it they would leave no file to the supervisor itself. */
function mostConnections(): number {
	let limit = Number.NaN;
	try {
		limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
	} catch {
		// Not Linux.
	}
	return Number.isNaN(limit)
		? MOST_CONNECTIONS
		: Math.max(64, Math.min(MOST_CONNECTIONS, limit - FILES_OF_OURS));
}

function drained(request: IncomingMessage): Promise<void> {
	if (request.complete || request.destroyed) return Promise.resolve();
	const { promise, resolve } = Promise.withResolvers<void>();
	const timer = setTimeout(resolve, DRAIN_WITHIN);
	request.once('close', resolve).once('end', resolve).resume();
	return promise.finally(() => clearTimeout(timer));
}
