/**
 * A process in a container as the CLI uses it: exec and attach over Kubernetes' v5.channel.k8s.io protocol
 * (first byte of a message: 0 stdin, 1 stdout, 2 stderr, 3 the closing Status, 4 resize, 255 end of a
 * channel), and one forwarded TCP connection.
 */
import { Duplex, Readable, Writable } from 'node:stream';
import type { Status } from '../api/errors.ts';
import { type Client, type ClientWebSocket, errorFrom, type Query, resourcePath } from './wire.ts';

export interface ProcessRequest {
	readonly namespace: string;
	readonly pod: string;
	readonly container?: string;
	/** Undefined: attach to the container's main process. */
	readonly command?: readonly string[];
	readonly stdin?: boolean;
	readonly tty?: boolean;
	readonly signal?: AbortSignal;
}

export interface RemoteProcess {
	readonly stdout: Readable;
	/** Silent with a tty. */
	readonly stderr: Readable;
	/** `end()` closes the process's stdin. */
	readonly stdin: Writable;
	/** Resolves with the exit code; rejects with ApiError when there is none (it could not be started, the connection broke). */
	readonly exitCode: Promise<number>;
	resize(columns: number, rows: number): Promise<void>;
	close(): void;
}

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
const CLOSE = 255;

/** exec (with a command) or attach. Throws ApiError when the pod or container is not there or not running. */
export async function openProcess(client: Client, request: ProcessRequest): Promise<RemoteProcess> {
	const verb = request.command === undefined ? 'attach' : 'exec';
	const query: Query = {
		container: request.container,
		command: request.command,
		stdin: request.stdin ?? false,
		stdout: true,
		stderr: !request.tty,
		tty: request.tty ?? false,
	};
	const path = resourcePath('pods', request.namespace, request.pod, verb);
	const socket = await client.websocket(path, query, ['v5.channel.k8s.io'], request.signal);
	const stdout = new Readable({ read() {} });
	const stderr = new Readable({ read() {} });
	const exitCode = pump(socket, stdout, stderr);
	// Whoever awaits it hears of a failure; whoever only wants the output need not.
	exitCode.catch(() => {});
	return {
		stdout,
		stderr,
		stdin: stdinOf(socket),
		exitCode,
		async resize(columns, rows) {
			await socket.send(message(RESIZE, Buffer.from(JSON.stringify({ Width: columns, Height: rows }))));
		},
		close: () => socket.close(),
	};
}

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

/** Data messages are bytes; an empty message is the end of one direction (half-close). */
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

function stdinOf(socket: ClientWebSocket): Writable {
	return new Writable({
		write(chunk: Buffer, _encoding, done) {
			socket.send(message(STDIN, chunk)).then(() => done(), done);
		},
		final(done) {
			socket.send(Buffer.from([CLOSE, STDIN])).then(
				() => done(),
				// The process has ended already: there is nobody to tell.
				() => done(),
			);
		},
	});
}

/** Reads channels until the socket ends; the last word on channel 3 tells how the process ended. */
async function pump(socket: ClientWebSocket, stdout: Readable, stderr: Readable): Promise<number> {
	let verdict: string | undefined;
	try {
		for await (const data of socket.messages()) {
			const payload = data.subarray(1);
			if (data[0] === STDOUT) await push(stdout, payload);
			else if (data[0] === STDERR) await push(stderr, payload);
			else if (data[0] === ERROR) verdict = payload.toString('utf8');
		}
	} finally {
		stdout.push(null);
		stderr.push(null);
	}
	if (verdict === undefined) throw errorFrom(500, 'the connection to the process was lost');
	return exitCodeOf(verdict);
}

/** Waits for a slow reader before more is taken from the socket. */
async function push(stream: Readable, payload: Buffer): Promise<void> {
	if (payload.length === 0 || stream.destroyed || stream.push(payload)) return;
	const { promise, resolve } = Promise.withResolvers<void>();
	stream._read = () => resolve();
	stream.once('close', resolve);
	await promise;
	stream.removeListener('close', resolve);
	stream._read = () => {};
}

/** Success is 0; NonZeroExitCode carries its code as a cause ExitCode; any other failure throws. */
function exitCodeOf(verdict: string): number {
	const status = JSON.parse(verdict) as Status;
	if (status.status === 'Success') return 0;
	const cause = status.details?.causes?.find((c) => c.reason === 'ExitCode');
	if (status.reason === 'NonZeroExitCode' && cause !== undefined) return Number(cause.message);
	throw errorFrom(status.code ?? 500, verdict);
}

function message(channel: number, payload: Buffer): Buffer {
	return Buffer.concat([Buffer.from([channel]), payload]);
}
