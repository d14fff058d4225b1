/**
 * WebSockets on the server's side: the upgrade after a request was found good, and the two directions between
 * a socket and Node's streams with back-pressure both ways.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { badRequest } from '../api/errors.ts';

const MAX_MESSAGE = 16 * 1024 * 1024;
/**
 * ms between pings. A socket that is held back, because a process does not read its stdin, is not read, and so
 * the client's end would go unnoticed: a ping to a client that has gone fails.
 */
const PING_EVERY = 10_000;

/** Bytes that may wait for the client before no more are read for it. */
const UNSENT = 512 * 1024;

/** A request that asks for an upgrade, with what Node gives for it. */
export interface Upgrade {
	readonly request: IncomingMessage;
	readonly socket: Duplex;
	readonly head: Buffer;
}

/** The subprotocols that the client offers, in its order. */
export function offeredProtocols(request: IncomingMessage): string[] {
	const header = request.headers['sec-websocket-protocol'] ?? '';
	return header
		.split(',')
		.map((one) => one.trim())
		.filter((one) => one !== '');
}

/**
 * The first of `known` that the client offers; `unnamed` for a client that names no protocol. Throws 400 when
 * there is none.
 */
export function chooseProtocol(request: IncomingMessage, known: readonly string[], unnamed: string): string {
	if ((request.headers.upgrade ?? '').toLowerCase() !== 'websocket') {
		throw badRequest(
			`unable to upgrade: ${request.headers.upgrade ?? 'no Upgrade header'}: only WebSocket and SPDY/3.1 are served`,
		);
	}
	const offered = offeredProtocols(request);
	if (offered.length === 0) return unnamed;
	const found = known.find((one) => offered.includes(one));
	if (found === undefined) {
		throw badRequest(
			`unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server supports [${known.join(' ')}]`,
		);
	}
	return found;
}

const acceptedSockets = new WeakSet<Duplex>();

/** Whoever upgrades a socket by other means says so. */
export function markAccepted(socket: Duplex): void {
	acceptedSockets.add(socket);
}

/** The upgrade is done: the socket speaks WebSocket or SPDY, no HTTP any more. */
export function isAccepted(socket: Duplex): boolean {
	return acceptedSockets.has(socket);
}

/** Completes the upgrade. Rejects when the client has gone in the meantime. */
export function accept({ request, socket, head }: Upgrade, protocol: string): Promise<WebSocket> {
	const server = new WebSocketServer({
		noServer: true,
		perMessageDeflate: false,
		maxPayload: MAX_MESSAGE,
		handleProtocols: () => protocol,
	});
	if (protocol.includes('/')) {
		// kubectl's tunnel has a slash in its name, which RFC 6455 forbids and the library therefore refuses to read.
		delete request.headers['sec-websocket-protocol'];
		server.once('headers', (lines: string[]) => lines.push(`Sec-WebSocket-Protocol: ${protocol}`));
	}
	const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
	const gone = () => reject(badRequest('the client went away before the upgrade'));
	socket.once('close', gone);
	if (socket.destroyed) gone();
	else server.handleUpgrade(request, socket, head, resolve);
	promise.then(
		(accepted) => {
			acceptedSockets.add(socket);
			keepAsking(accepted, socket);
		},
		() => {},
	);
	return promise;
}

/** Cuts a connection whose client has gone. */
function keepAsking(accepted: WebSocket, socket: Duplex): void {
	const timer = setInterval(() => accepted.ping(), PING_EVERY);
	timer.unref();
	// A socket that is not read tells of its end by failing writes only.
	socket.once('error', () => accepted.terminate());
	socket.once('close', () => clearInterval(timer));
}

/** Sends bytes, or a text. Resolves when they are with the system; a socket that has gone takes them without complaint. */
export function send(socket: WebSocket, data: Buffer | string): Promise<void> {
	const { promise, resolve } = Promise.withResolvers<void>();
	socket.send(data, { binary: typeof data !== 'string' }, () => resolve());
	return promise;
}

/** Sends each chunk as `frame` makes it a message, until the stream ends or breaks. */
export async function sendAll(
	socket: WebSocket,
	stream: Readable,
	frame: (chunk: Buffer) => Buffer | string,
): Promise<void> {
	let last: Promise<void> | undefined;
	for await (const chunk of stream) {
		last = send(socket, frame(chunk as Buffer));
		if (socket.bufferedAmount > UNSENT) await last;
	}
	await last;
}

/** Writes, and holds back the socket until the stream has room again. */
export function writeSlowly(socket: WebSocket, stream: NodeJS.WritableStream, chunk: Buffer): void {
	if (!stream.writable || chunk.length === 0 || stream.write(chunk)) return;
	socket.pause();
	const go = () => {
		stream.off('drain', go).off('close', go);
		socket.resume();
	};
	stream.once('drain', go).once('close', go);
}

/** A message of `ws` in one piece. */
export function asBuffer(data: RawData): Buffer {
	if (Buffer.isBuffer(data)) return data;
	return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
