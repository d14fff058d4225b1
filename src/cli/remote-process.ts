/**
 * A process in a container over the API's WebSocket protocol (v5.channel.k8s.io): stdin, stdout, stderr, the
 * size of the terminal, and how it ended. exec and attach are this with different paths.
 */
import { CLOSE, ERROR, RESIZE, STDERR, STDIN, STDOUT } from '../api/channels.ts';
import type { Status } from '../api/errors.ts';
import type { Client, ClientWebSocket, Query } from '../client/client.ts';
import type { Input, Io, Output } from './io.ts';

/** Bytes that may wait for the supervisor before stdin is read no further. */
const UNSENT = 512 * 1024;

export interface Streams {
	readonly stdin?: NodeJS.ReadableStream;
	readonly stdout: NodeJS.WritableStream;
	readonly stderr: NodeJS.WritableStream;
}

export type Ended =
	| { readonly type: 'exit'; readonly code: number }
	| { readonly type: 'error'; readonly status: Status }
	/** The connection ended without a word of how. */
	| { readonly type: 'lost' };

/** Connects, copies the streams both ways and resolves with the end. Throws ApiError when it is refused. */
export async function runRemote(
	client: Client,
	path: string,
	query: Query,
	streams: Streams,
	terminal?: Output,
): Promise<Ended> {
	const socket = await client.websocket(path, query, ['v5.channel.k8s.io']);
	const stopStdin = streams.stdin ? sendStdin(socket, streams.stdin) : () => {};
	const stopResize = terminal ? sendSizes(socket, terminal) : () => {};
	let ended: Ended = { type: 'lost' };
	try {
		for await (const message of socket.messages()) {
			const data = message.subarray(1);
			switch (message[0]) {
				case STDOUT:
					await write(streams.stdout, data);
					break;
				case STDERR:
					await write(streams.stderr, data);
					break;
				case ERROR:
					ended = readEnd(data);
					break;
			}
		}
	} finally {
		stopStdin();
		stopResize();
		socket.close();
	}
	return ended;
}

/** How a metav1.Status on the error channel tells the end of a process. */
export function readEnd(data: Buffer): Ended {
	const status = JSON.parse(data.toString('utf8')) as Status;
	if (status.status === 'Success') {
		return { type: 'exit', code: 0 };
	}
	const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
	if (status.reason === 'NonZeroExitCode' && cause) {
		return { type: 'exit', code: Number(cause.message) };
	}
	return { type: 'error', status };
}

async function write(stream: NodeJS.WritableStream, data: Buffer): Promise<void> {
	if (data.length > 0 && !stream.write(data)) {
		await new Promise<void>((resolve) => stream.once('drain', resolve));
	}
}

function frame(channel: number, data: Buffer): Buffer {
	return Buffer.concat([Buffer.of(channel), data]);
}

function sendStdin(socket: ClientWebSocket, stdin: NodeJS.ReadableStream): () => void {
	let unsent = 0;
	const onData = (chunk: Buffer | string) => {
		const data = frame(STDIN, Buffer.from(chunk));
		unsent += data.length;
		if (unsent > UNSENT) stdin.pause();
		// A socket that closed has nobody to read; the end of messages() tells how it ended.
		socket.send(data).then(
			() => {
				unsent -= data.length;
				if (unsent <= UNSENT && stdin.isPaused()) stdin.resume();
			},
			() => {},
		);
	};
	const onEnd = () => {
		socket.send(Buffer.of(CLOSE, STDIN)).catch(() => {});
	};
	stdin.on('data', onData);
	stdin.once('end', onEnd);
	return () => {
		stdin.off('data', onData);
		stdin.off('end', onEnd);
		stdin.pause();
	};
}

function sendSizes(socket: ClientWebSocket, terminal: Output): () => void {
	const send = () => {
		const size = { Width: terminal.columns ?? 80, Height: terminal.rows ?? 24 };
		socket.send(frame(RESIZE, Buffer.from(JSON.stringify(size)))).catch(() => {});
	};
	send();
	terminal.on('resize', send);
	return () => terminal.off('resize', send);
}

/** Runs `work` with the terminal's keys passed on one by one, and puts the terminal back whatever happens. */
export async function inRawMode<T>(stdin: Input, work: () => Promise<T>): Promise<T> {
	stdin.setRawMode?.(true);
	try {
		return await work();
	} finally {
		stdin.setRawMode?.(false);
	}
}

/** Whether `-t` can be had: stdin must be a terminal. Says so, as kubectl does, when it is not. */
export function terminalOrNot(io: Io, wanted: boolean): boolean {
	if (wanted && !io.stdin.isTTY) {
		io.stderr.write('Unable to use a TTY - input is not a terminal or the right kind of file\n');
		return false;
	}
	return wanted;
}
