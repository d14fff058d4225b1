/**
 * Forwarded connections. Our own CLI opens one WebSocket for each TCP connection (portforward.podrun.dev: a
 * message is bytes, an empty message the end of one direction). Client libraries open one for a set of ports
 * (v4.channel.k8s.io: channel 2i carries the bytes of the i-th port, 2i+1 its error; each begins with the
 * port's number, little endian, from the server; v4.base64.channel.k8s.io is the same as text).
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Backend } from '../api/backend.ts';
import { badRequest } from '../api/errors.ts';
import { framingOf } from './channels.ts';
import { statusOf } from './exchange.ts';
import { asBuffer, send, sendAll, writeSlowly } from './sockets.ts';

export const OWN_PROTOCOL = 'portforward.podrun.dev';
export const CHANNEL_PROTOCOL = 'v4.channel.k8s.io';
export const CHANNEL_PROTOCOL_BASE64 = 'v4.base64.channel.k8s.io';

const MOST_PORTS = 100;

/** `port=80` (ours) or `ports=80&ports=81,82` (Kubernetes'). Throws 400. */
export function portsOf(query: URLSearchParams): number[] {
	const texts = [...query.getAll('port'), ...query.getAll('ports').flatMap((list) => list.split(','))];
	const ports = texts.map(Number);
	if (ports.length === 0) throw badRequest('query parameter "port" is required');
	if (ports.length > MOST_PORTS) throw badRequest(`at most ${MOST_PORTS} ports can be forwarded at once`);
	for (const port of ports) {
		if (!Number.isInteger(port) || port < 1 || port > 65_535) {
			throw badRequest(`port "${port}" must be a number from 1 to 65535`);
		}
	}
	return ports;
}

/** One connection, opened before the upgrade so that a refusal is an HTTP error. */
export async function serveConnection(socket: WebSocket, connection: Duplex): Promise<void> {
	socket.on('message', (data) => {
		const bytes = asBuffer(data);
		if (bytes.length === 0) connection.end();
		else writeSlowly(socket, connection, bytes);
	});
	socket.on('error', () => connection.destroy());
	socket.on('close', () => connection.destroy());
	const failed = await copy(socket, connection, (chunk) => chunk);
	// A close frame has room for 123 bytes of reason.
	if (failed !== undefined) socket.close(1011, failed.slice(0, 120));
	else {
		await send(socket, Buffer.alloc(0));
		// What the client still has to say may come after the pod's side has ended.
		if (connection.writableFinished || connection.destroyed) socket.close(1000);
		else connection.once('close', () => socket.close(1000)).once('finish', () => socket.close(1000));
	}
}

/** A set of ports over channels; each connection is made at once, as the kubelet does. */
export async function serveChannels(
	socket: WebSocket,
	backend: Backend,
	target: { readonly namespace: string; readonly pod: string; readonly ports: readonly number[] },
	protocol: string,
): Promise<void> {
	const { encode, decode } = framingOf(protocol);
	const connections: (Duplex | undefined)[] = [];
	socket.on('message', (data) => {
		const { channel = 1, payload = Buffer.alloc(0) } = decode(data) ?? {};
		const connection = channel % 2 === 0 ? connections[channel / 2] : undefined;
		if (connection) writeSlowly(socket, connection, payload);
	});
	const cut = () => {
		for (const connection of connections) connection?.destroy();
	};
	socket.on('error', cut);
	socket.on('close', cut);
	socket.pause();
	await Promise.all(target.ports.map((port, index) => open(port, index)));
	socket.resume();
	await Promise.all(connections.map((connection, index) => relay(connection, index)));
	socket.close(1000);

	async function open(port: number, index: number): Promise<void> {
		const number = Buffer.alloc(2);
		number.writeUInt16LE(port);
		await send(socket, encode(2 * index, number));
		await send(socket, encode(2 * index + 1, number));
		try {
			connections[index] = await backend.portForward(target.namespace, target.pod, port);
			connections[index].on('error', () => {});
		} catch (error) {
			connections[index] = undefined;
			await send(socket, encode(2 * index + 1, Buffer.from(statusOf(error).message)));
		}
	}

	async function relay(connection: Duplex | undefined, index: number): Promise<void> {
		if (connection === undefined) return;
		const failed = await copy(socket, connection, (chunk) => encode(2 * index, chunk));
		if (failed !== undefined) await send(socket, encode(2 * index + 1, Buffer.from(failed)));
	}
}

/** Pod → client until the end. Resolves with why, when the connection broke. */
async function copy(
	socket: WebSocket,
	connection: Duplex,
	frame: (chunk: Buffer) => Buffer | string,
): Promise<string | undefined> {
	connection.on('error', () => {});
	try {
		await sendAll(socket, connection, frame);
		return undefined;
	} catch (error) {
		return (error as Error).message;
	}
}
