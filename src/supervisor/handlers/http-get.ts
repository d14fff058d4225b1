/**
 * The httpGet handler, on node:http over whatever connection leads into the pod. Rules of the kubelet: 200
 * to 399 is a success; redirects are followed as long as they stay on the same host name, ten at most, and
 * a redirect to elsewhere is a success with a warning; certificates are not verified; `Host` among the
 * headers is the request's host; no connection is kept.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { type Duplex, finished } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { DialError } from './dial.ts';
import {
	type HandlerResult,
	type HandlerTarget,
	joinHostPort,
	MAX_READ_BYTES,
	resolvePort,
	userAgent,
} from './handler.ts';

/** The fields of an HTTPGetAction. */
export interface HTTPGetAction {
	readonly host?: string;
	readonly port: number | string;
	readonly path?: string;
	readonly scheme?: string;
	readonly httpHeaders?: readonly { readonly name: string; readonly value?: string }[];
}

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

interface Place {
	readonly scheme: 'http' | 'https';
	readonly host: string;
	readonly port: number;
	/** Path and query as they are sent. */
	readonly path: string;
}

interface Answer {
	readonly code: number;
	readonly location: string | undefined;
	readonly body: string;
}

/**
 * Sends the request and judges the answer. A connection that fails is a failure; only a handler that can't be
 * run at all (an unknown port name, an engine that is gone) throws.
 */
export async function httpGet(
	action: HTTPGetAction,
	target: HandlerTarget,
	seconds: number,
	signal: AbortSignal,
	purpose: 'probe' | 'lifecycle' = 'probe',
): Promise<HandlerResult> {
	const headers = requestHeaders(action, purpose);
	const first: Place = {
		scheme: action.scheme?.toLowerCase() === 'https' ? 'https' : 'http',
		host: action.host || target.podIP,
		port: resolvePort(action.port, target.ports),
		path: requestPath(action.path ?? '/'),
	};
	let place = first;
	let hostHeader = headers.get('Host')?.[0];
	for (let hops = 1; ; hops++) {
		let answer: Answer;
		try {
			answer = await get(place, headers, hostHeader, target, seconds, signal);
		} catch (error) {
			if (error instanceof Passed) throw error.cause;
			return { outcome: 'failure', message: `Get "${format(place)}": ${tell(error, signal)}` };
		}
		if (!REDIRECTS.has(answer.code) || !answer.location) return judge(answer);
		const next = URL.parse(answer.location, format(place));
		if (!next || !/^https?:$/.test(next.protocol)) {
			const why = `unsupported protocol scheme in Location "${answer.location}"`;
			return { outcome: 'failure', message: `Get "${format(place)}": ${why}` };
		}
		const host = next.hostname.replace(/^\[|\]$/g, '');
		if (host !== first.host) return judge(answer);
		if (hops >= MAX_REDIRECTS) {
			return { outcome: 'failure', message: `Get "${answer.location}": stopped after 10 redirects` };
		}
		// A Host of the user's own stays only with redirects that name no host.
		if (/^(?:[a-z]+:)?\/\//i.test(answer.location)) hostHeader = undefined;
		const scheme = next.protocol === 'https:' ? 'https' : 'http';
		const port = next.port === '' ? (scheme === 'https' ? 443 : 80) : Number(next.port);
		place = { scheme, host, port, path: next.pathname + next.search };
	}
}

/** An error that is no verdict on the container: it goes through. */
class Passed extends Error {}

function judge(answer: Answer): HandlerResult {
	if (answer.code >= 200 && answer.code < 300) return { outcome: 'success', message: answer.body };
	if (answer.code >= 300 && answer.code < 400) {
		return { outcome: 'warning', message: `Probe terminated redirects, Response body: ${answer.body}` };
	}
	// Without the body: events must not carry what a server may say in confidence.
	return { outcome: 'failure', message: `HTTP probe failed with statuscode: ${answer.code}` };
}

async function get(
	place: Place,
	headers: ReadonlyMap<string, readonly string[]>,
	hostHeader: string | undefined,
	target: HandlerTarget,
	seconds: number,
	signal: AbortSignal,
): Promise<Answer> {
	let socket: Duplex;
	try {
		socket = await target.dial.open(place.host, place.port, seconds, signal);
	} catch (error) {
		if (error instanceof DialError || signal.aborted) throw error;
		throw new Passed('not a verdict', { cause: error });
	}
	// Errors that come after the answer concern nobody, but an error without a listener would end the process.
	socket.on('error', () => {});
	try {
		const connection = place.scheme === 'https' ? await secure(socket, place.host, signal) : socket;
		return await exchange(place, headers, hostHeader, connection, signal);
	} finally {
		socket.destroy();
	}
}

/** TLS without verification, as for every probe. */
function secure(socket: Duplex, host: string, signal: AbortSignal): Promise<Duplex> {
	return new Promise((resolve, reject) => {
		const servername = isIP(host) === 0 ? { servername: host } : {};
		const tls = tlsConnect({ socket, rejectUnauthorized: false, ...servername });
		const abort = () => tls.destroy(new Error('aborted'));
		signal.addEventListener('abort', abort, { once: true });
		tls.on('error', reject);
		if (signal.aborted) abort();
		socket.once('error', reject);
		socket.once('close', () => reject(new Error('EOF')));
		tls.once('secureConnect', () => {
			signal.removeEventListener('abort', abort);
			resolve(tls);
		});
	});
}

function exchange(
	place: Place,
	headers: ReadonlyMap<string, readonly string[]>,
	hostHeader: string | undefined,
	connection: Duplex,
	signal: AbortSignal,
): Promise<Answer> {
	return new Promise((resolve, reject) => {
		const request: ClientRequest = httpRequest({
			method: 'GET',
			host: place.host,
			port: place.port,
			path: place.path,
			// Without an agent: one would make a connection of its own.
			createConnection: () => connection,
			// Busybox scripts and other simple servers are answers too: Go's parser is lenient.
			insecureHTTPParser: true,
			setHost: false,
			signal,
		});
		request.on('error', reject);
		connection.once('error', reject);
		try {
			request.setHeader('Host', hostHeader || joinHostPort(place.host, place.port));
			for (const [name, values] of headers) {
				if (name !== 'Host') request.setHeader(name, values.length === 1 ? (values[0] ?? '') : values);
			}
		} catch (error) {
			reject(error);
			request.destroy();
			return;
		}
		request.on('response', (response) => {
			readBody(response).then(
				(body) => resolve({ code: response.statusCode ?? 0, location: response.headers.location, body }),
				reject,
			);
		});
		request.end();
	});
}

/** The start of a body; what follows is not waited for. */
function readBody(response: IncomingMessage): Promise<string> {
	return new Promise((resolve, reject) => {
		const chunks: Buffer[] = [];
		let size = 0;
		const text = () => Buffer.concat(chunks).subarray(0, MAX_READ_BYTES).toString();
		response.on('data', (chunk: Buffer) => {
			chunks.push(chunk);
			size += chunk.length;
			if (size >= MAX_READ_BYTES) {
				resolve(text());
				response.destroy();
			}
		});
		finished(response, (error) => {
			if (error) reject(error);
			else resolve(text());
		});
	});
}

/** Canonical header names → values in order. A User-Agent or Accept of the user's own stays; an empty Accept removes it. */
function requestHeaders(action: HTTPGetAction, purpose: 'probe' | 'lifecycle'): Map<string, string[]> {
	const headers = new Map<string, string[]>();
	for (const { name, value } of action.httpHeaders ?? []) {
		const canonical = name
			.toLowerCase()
			.replace(/(^|-)([a-z])/g, (_, dash, letter) => dash + letter.toUpperCase());
		headers.set(canonical, [...(headers.get(canonical) ?? []), value ?? '']);
	}
	if (!headers.has('User-Agent')) headers.set('User-Agent', [userAgent(purpose)]);
	if (!headers.has('Accept')) headers.set('Accept', ['*/*']);
	else if (headers.get('Accept')?.[0] === '') headers.delete('Accept');
	headers.set('Connection', ['close']);
	return headers;
}

/** The path and query of a spec's `path`, as they go on the wire: no fragment, no bytes that HTTP refuses. */
function requestPath(path: string): string {
	const bare = path.replace(/#.*$/s, '');
	const rooted = bare.startsWith('/') ? bare : `/${bare}`;
	// Control characters, spaces and all beyond ASCII are escaped, the rest is the user's.
	return rooted.replace(/[^\x21-\x7e]+/gu, (part) => encodeURIComponent(part));
}

function format(place: Place): string {
	return `${place.scheme}://${joinHostPort(place.host, place.port)}${place.path}`;
}

/** Why a request failed, in the words of Go's http client where there are some. */
function tell(error: unknown, signal: AbortSignal): string {
	if (signal.aborted) return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
	if (error instanceof DialError) return error.message;
	const { code, message, cause } = error as NodeJS.ErrnoException;
	if (cause instanceof DialError) return cause.message;
	if (code === 'ECONNRESET') return message === 'socket hang up' ? 'EOF' : 'read: connection reset by peer';
	if (code?.startsWith('HPE_')) {
		return `net/http: HTTP/1.x transport connection broken: malformed HTTP response (${message})`;
	}
	if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
		return 'tls: http: server gave HTTP response to HTTPS client';
	}
	if (code?.startsWith('ERR_SSL_')) return `tls: ${message}`;
	return message;
}
