/** One TCP connection into a pod, over a WebSocket of the API: messages are bytes, an empty one ends a direction. */
import { Duplex } from 'node:stream';
import { type Client, type ClientWebSocket, resourcePath } from './wire.ts';

/** One TCP connection to localhost:port of the pod. */
export async function forwardConnection(
	client: Client,
	target: { readonly namespace: string; readonly pod: string; readonly port: number },
	signal?: AbortSignal,
): Promise<Duplex> {
	const path = resourcePath('pods', target.namespace, target.pod, 'portforward');
	const socket = await client.websocket(path, { port: target.port }, ['portforward.podrun.dev'], signal);
	return new ForwardedConnection(socket);
}

class ForwardedConnection extends Duplex {
	readonly #socket: ClientWebSocket;
	readonly #incoming: AsyncIterator<Buffer>;

	constructor(socket: ClientWebSocket) {
		super({ allowHalfOpen: true });
		this.#socket = socket;
		this.#incoming = socket.messages()[Symbol.asyncIterator]();
	}

	override _read(): void {
		this.#incoming.next().then(
			({ done, value }) => this.push(done || value.length === 0 ? null : value),
			(error: Error) => this.destroy(error),
		);
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
		if (chunk.length === 0) done();
		else this.#socket.send(chunk).then(() => done(), done);
	}

	override _final(done: (error?: Error | null) => void): void {
		this.#socket.send(Buffer.alloc(0)).then(
			() => done(),
			() => done(),
		);
	}

	override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
		this.#socket.close();
		done(error);
	}
}
