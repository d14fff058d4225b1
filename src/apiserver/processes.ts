/**
 * exec and attach over Kubernetes' remote-command protocols v5.channel.k8s.io and v4.channel.k8s.io: the first
 * byte of a message is its channel (0 stdin, 1 stdout, 2 stderr, 3 the closing Status, 4 resize as JSON
 * {Width, Height}); v5 adds 255 with a channel's number: that channel is at its end.
 */
import type { WebSocket } from 'ws';
import type { ProcessStreams } from '../api/backend.ts';
import { badRequest } from '../api/errors.ts';
import { flag, statusOf } from './exchange.ts';
import { asBuffer, send, sendAll, writeSlowly } from './sockets.ts';

export const PROCESS_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;
const CLOSE = 255;

export interface ProcessQuery {
	readonly container?: string;
	readonly stdin: boolean;
	readonly stdout: boolean;
	readonly stderr: boolean;
	readonly tty: boolean;
}

/** The options of exec and attach in a query. Throws 400 when no stream is asked for. */
export function processQuery(query: URLSearchParams): ProcessQuery {
	const container = query.get('container') ?? '';
	const tty = flag(query, 'tty');
	const options = {
		...(container === '' ? {} : { container }),
		stdin: flag(query, 'stdin'),
		stdout: flag(query, 'stdout'),
		// With a tty the kernel has made one stream of the two.
		stderr: flag(query, 'stderr') && !tty,
		tty,
	};
	if (!options.stdin && !options.stdout && !options.stderr) {
		throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
	}
	return options;
}

/** Joins a process and a client until one of them ends; the last message tells how the process did. */
export async function serveProcess(socket: WebSocket, streams: ProcessStreams): Promise<void> {
	socket.on('message', (data) => {
		receive(socket, streams, asBuffer(data));
	});
	socket.on('error', () => streams.close());
	socket.on('close', () => streams.close());
	streams.stdin?.on('error', () => {});
	const output = Promise.all([
		sendAll(socket, streams.stdout, (chunk) => frame(STDOUT, chunk)),
		sendAll(socket, streams.stderr, (chunk) => frame(STDERR, chunk)),
	]);
	const verdict = await Promise.all([streams.exitCode, output]).then(([code]) => verdictOf(code), statusOf);
	await send(socket, frame(ERROR, Buffer.from(JSON.stringify(verdict))));
	socket.close(1000);
}

function receive(socket: WebSocket, streams: ProcessStreams, message: Buffer): void {
	const payload = message.subarray(1);
	switch (message[0]) {
		case STDIN:
			if (streams.stdin) writeSlowly(socket, streams.stdin, payload);
			return;
		case RESIZE:
			resize(streams, payload);
			return;
		case CLOSE:
			if (payload[0] === STDIN) streams.stdin?.end();
			return;
		default:
			return;
	}
}

/** A size that can't be read, or a process that has ended in between, is nobody's failure. */
function resize(streams: ProcessStreams, payload: Buffer): void {
	try {
		const { Width, Height } = JSON.parse(payload.toString('utf8')) as { Width?: unknown; Height?: unknown };
		if (isSize(Width) && isSize(Height)) streams.resize(Width, Height).catch(() => {});
	} catch {
		// Not JSON.
	}
}

function isSize(value: unknown): value is number {
	return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}

function verdictOf(code: number): unknown {
	if (code === 0) return { metadata: {}, status: 'Success' };
	return {
		metadata: {},
		status: 'Failure',
		message: `command terminated with non-zero exit code: exit status ${code}`,
		reason: 'NonZeroExitCode',
		details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
	};
}

function frame(channel: number, payload: Buffer): Buffer {
	return Buffer.concat([Buffer.from([channel]), payload]);
}
