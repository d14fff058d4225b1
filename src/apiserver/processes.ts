/**
 * exec and attach over Kubernetes' remote-command protocols on a WebSocket: the first byte of a message is its
 * channel (0 stdin, 1 stdout, 2 stderr, 3 how it ended, 4 resize as JSON {Width, Height}). v5 adds 255 with a
 * channel's number: that channel is at its end; up to v3 the end is told in a sentence, from v4 on as a Status.
 */
import type { WebSocket } from 'ws';
import type { ProcessStreams } from '../api/backend.ts';
import { CLOSE, ERROR, RESIZE, STDERR, STDIN, STDOUT } from '../api/channels.ts';
import { badRequest } from '../api/errors.ts';
import { type Framing, framingOf } from './channels.ts';
import { flag, statusOf } from './exchange.ts';
import { send, sendAll, writeSlowly } from './sockets.ts';

/** `channel.k8s.io` is what a client speaks that names no protocol. */
export const PROCESS_PROTOCOLS = [
	'v5.channel.k8s.io',
	'v4.channel.k8s.io',
	'v4.base64.channel.k8s.io',
	'channel.k8s.io',
	'base64.channel.k8s.io',
] as const;

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
export async function serveProcess(
	socket: WebSocket,
	streams: ProcessStreams,
	protocol: string,
): Promise<void> {
	const framing = framingOf(protocol);
	socket.on('message', (data) => {
		const message = framing.decode(data);
		if (message) receive(socket, streams, message.channel, message.payload);
	});
	socket.on('error', () => streams.close());
	socket.on('close', () => streams.close());
	streams.stdin?.on('error', () => {});
	const output = Promise.all([
		sendAll(socket, streams.stdout, (chunk) => framing.encode(STDOUT, chunk)),
		sendAll(socket, streams.stderr, (chunk) => framing.encode(STDERR, chunk)),
	]);
	const verdict = await Promise.all([streams.exitCode, output]).then(
		([code]) => verdictOf({ code }),
		(error: unknown) => verdictOf({ error }),
	);
	await tell(socket, framing, verdict, /^v[45]\./.test(protocol));
	socket.close(1000);
}

async function tell(socket: WebSocket, framing: Framing, verdict: Verdict, whole: boolean): Promise<void> {
	const text = whole ? JSON.stringify(verdict) : verdict.status === 'Success' ? '' : (verdict.message ?? '');
	if (text !== '') await send(socket, framing.encode(ERROR, Buffer.from(text)));
}

function receive(socket: WebSocket, streams: ProcessStreams, channel: number, payload: Buffer): void {
	switch (channel) {
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
export function resize(streams: ProcessStreams, payload: Buffer): void {
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

/** How a process ended, as a Status of the API. */
export interface Verdict {
	readonly status?: string;
	readonly message?: string;
}

/** How a process ended, as the Status that kubectl reads the exit code from. */
export function verdictOf(end: { readonly code: number } | { readonly error: unknown }): Verdict {
	if ('error' in end) return statusOf(end.error);
	const { code } = end;
	if (code === 0) return { metadata: {}, status: 'Success' } as Verdict;
	return {
		metadata: {},
		status: 'Failure',
		message: `command terminated with non-zero exit code: exit status ${code}`,
		reason: 'NonZeroExitCode',
		details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
	} as Verdict;
}
