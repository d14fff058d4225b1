/**
 * WebSockets to the supervisor over its unix socket, by the `ws` library, as an ordered sequence of binary
 * messages with back-pressure both ways. A refused upgrade is told as the ApiError that the server sent.
 */
import { connect } from 'node:net';
import { type RawData, WebSocket } from 'ws';
import { type ClientWebSocket, errorFrom } from './wire.ts';

/** Incoming bytes that may wait unread before reading from the socket pauses. */
const HIGH_WATER = 1024 * 1024;

/** Close code of a server that could not go on; its reason says why. */
const BROKEN = 1011;

/** Opens `path` as a WebSocket. Rejects with ApiError when it is refused, with the system's error when nobody listens. */
export async function openWebSocket(
	socketPath: string,
	path: string,
	protocols: readonly string[],
	headers: Readonly<Record<string, string>>,
	signal?: AbortSignal,
): Promise<ClientWebSocket> {
	signal?.throwIfAborted();
	const socket = new WebSocket(`ws://localhost${path}`, [...protocols], {
		createConnection: () => connect(socketPath),
		headers: { ...headers },
		perMessageDeflate: false,
		maxPayload: 16 * 1024 * 1024,
		// Masks keep proxies from mistaking bytes for HTTP: there is none on a unix socket, and it costs a pass over all.
		generateMask: (mask) => mask.fill(0),
	});
	const wrapped = wrap(socket);
	const stop = () => socket.terminate();
	signal?.addEventListener('abort', stop, { once: true });
	socket.once('close', () => signal?.removeEventListener('abort', stop));
	await opened(socket);
	return wrapped;
}

function opened(socket: WebSocket): Promise<void> {
	const { promise, resolve, reject } = Promise.withResolvers<void>();
	socket.once('open', resolve);
	socket.once('error', reject);
	socket.once('unexpected-response', (_request, answer) => {
		const chunks: Buffer[] = [];
		answer.on('data', (chunk: Buffer) => chunks.push(chunk));
		answer.once('end', () => {
			// Rejected first: ending the socket makes an error of its own.
			reject(errorFrom(answer.statusCode ?? 500, Buffer.concat(chunks).toString('utf8')));
			socket.terminate();
		});
	});
	return promise;
}

function wrap(socket: WebSocket): ClientWebSocket {
	const queue: Buffer[] = [];
	let waiting = 0;
	let closed = false;
	let failure: Error | undefined;
	let wake = () => {};

	socket.on('message', (data: RawData) => {
		const message = asBuffer(data);
		queue.push(message);
		waiting += message.length;
		if (waiting > HIGH_WATER) socket.pause();
		wake();
	});
	socket.on('error', (error) => {
		failure = error;
		wake();
	});
	socket.on('close', (code, reason) => {
		closed = true;
		if (code === BROKEN && reason.length > 0) failure ??= new Error(reason.toString());
		wake();
	});

	return {
		get protocol() {
			return socket.protocol;
		},
		send(data) {
			if (closed) return Promise.reject(new Error('the connection is closed'));
			const { promise, resolve, reject } = Promise.withResolvers<void>();
			socket.send(data, { binary: true }, (error) => (error ? reject(error) : resolve()));
			return promise;
		},
		async *messages() {
			for (;;) {
				const message = queue.shift();
				if (message !== undefined) {
					waiting -= message.length;
					if (waiting <= HIGH_WATER && socket.isPaused) socket.resume();
					yield message;
				} else if (failure !== undefined) throw failure;
				else if (closed) return;
				else
					await new Promise<void>((resolve) => {
						wake = resolve;
					});
			}
		},
		close() {
			socket.close(1000);
		},
	};
}

function asBuffer(data: RawData): Buffer {
	if (Buffer.isBuffer(data)) return data;
	return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
