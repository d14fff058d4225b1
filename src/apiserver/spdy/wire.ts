/**
 * What carries the bytes of a SPDY connection: a WebSocket (kubectl's tunnel), or the socket of the request
 * itself after it was upgraded (older kubectl, k9s, client-go without WebSockets).
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { asBuffer, send } from '../sockets.ts';

export interface Wire {
	/** Resolves when the bytes are with the system; a wire that is cut takes them without complaint. */
	send(bytes: Buffer): Promise<void>;
	onBytes(listener: (bytes: Buffer) => void): void;
	/** Called once, when neither side says anything more. */
	onClose(listener: () => void): void;
	pause(): void;
	resume(): void;
	/** Ends it; `fault`: the peer broke the protocol, and how. */
	close(fault?: string): void;
}

/** SPDY in the messages of a WebSocket, as newer kubectl tunnels it. */
export function wireOfWebSocket(socket: WebSocket): Wire {
	socket.on('error', () => socket.terminate());
	return {
		send: (bytes) => send(socket, bytes),
		onBytes: (listener) => socket.on('message', (data) => listener(asBuffer(data))),
		onClose: (listener) => socket.on('close', listener),
		pause: () => socket.pause(),
		resume: () => socket.resume(),
		close(fault) {
			socket.close(fault === undefined ? 1000 : 1002, fault);
			// Paused, it would never read the client's half of the closing.
			socket.resume();
		},
	};
}

/** `head`: what came behind the request, before anybody listened. */
export function wireOfSocket(socket: Duplex, head: Buffer): Wire {
	// A client that has said all waits for nothing more: SPDY's own streams end one by one before that.
	socket.once('end', () => socket.destroy());
	if (head.length > 0) socket.unshift(head);
	return {
		send(bytes) {
			const { promise, resolve } = Promise.withResolvers<void>();
			// What a socket that is cut had still to write is told of as well.
			if (!socket.writable) resolve();
			else socket.write(bytes, () => resolve());
			return promise;
		},
		onBytes: (listener) => socket.on('data', listener),
		onClose: (listener) => socket.once('close', listener),
		pause: () => socket.pause(),
		resume: () => socket.resume(),
		close(fault) {
			if (fault === undefined) socket.end();
			else socket.destroy();
		},
	};
}
