/**
 * exec and attach over SPDY: a stream for each of error, stdin, stdout, stderr and resize, told apart by the
 * header streamType. The process is joined to them as soon as all that were asked for are there; how it ended
 * goes over the error stream, as a Status in v4, as a sentence before.
 */
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ProcessStreams } from '../../api/backend.ts';
import { type ProcessQuery, resize, type Verdict, verdictOf } from '../processes.ts';
import { serveSpdy } from './connection.ts';
import type { Wire } from './wire.ts';

export const SPDY_PROCESS_PROTOCOLS = [
	'v4.channel.k8s.io',
	'v3.channel.k8s.io',
	'v2.channel.k8s.io',
	'channel.k8s.io',
] as const;

export type SpdyProcessProtocol = (typeof SPDY_PROCESS_PROTOCOLS)[number];

/** ms in which the client has to open its streams. */
const STREAMS_WITHIN = 30_000;
/** A size of a terminal is some 30 bytes. */
const LONGEST_SIZE = 1_024;

const ROLES = ['error', 'stdin', 'stdout', 'stderr', 'resize'] as const;
type Role = (typeof ROLES)[number];

/** Joins a process and a client until one of them ends. */
export async function serveSpdyProcess(
	wire: Wire,
	process: ProcessStreams,
	query: ProcessQuery,
	protocol: SpdyProcessProtocol,
): Promise<void> {
	const streams: Partial<Record<Role, Duplex>> = {};
	const complete = Promise.withResolvers<void>();
	const wanted = rolesOf(query, protocol);
	const timer = setTimeout(() => wire.close('the client did not open its streams'), STREAMS_WITHIN);
	const ended = serveSpdy(wire, (stream, { streamtype }) => {
		const role = ROLES.find((one) => one === streamtype);
		if (role === undefined || streams[role] !== undefined) {
			stream.destroy();
			return;
		}
		streams[role] = stream;
		if (wanted.every((one) => streams[one] !== undefined)) complete.resolve();
	});
	ended.then(() => process.close());
	await Promise.race([complete.promise, ended]);
	clearTimeout(timer);
	if (!wanted.every((one) => streams[one] !== undefined)) return;
	const output = connect(process, streams);
	const verdict = await Promise.all([process.exitCode, output]).then(
		([code]) => verdictOf({ code }),
		(error: unknown) => verdictOf({ error }),
	);
	await said(streams.error, textOf(verdict, protocol));
	wire.close();
	await ended;
}

function rolesOf(query: ProcessQuery, protocol: SpdyProcessProtocol): Role[] {
	const resizes = query.tty && (protocol === 'v4.channel.k8s.io' || protocol === 'v3.channel.k8s.io');
	const wanted: Record<Role, boolean> = { ...query, error: true, resize: resizes };
	return ROLES.filter((role) => wanted[role]);
}

/** Resolves when the output has been sent to its end. */
async function connect(process: ProcessStreams, streams: Partial<Record<Role, Duplex>>): Promise<void> {
	const { stdin } = process;
	stdin?.on('error', () => {});
	if (stdin) streams.stdin?.pipe(stdin);
	if (streams.resize) readSizes(streams.resize, process);
	await Promise.all([sent(process.stdout, streams.stdout), sent(process.stderr, streams.stderr)]);
}

/** A client that did not ask for an output, or has gone, gets it read all the same: the process must not wait. */
async function sent(output: NodeJS.ReadableStream, stream: Duplex | undefined): Promise<void> {
	if (stream === undefined) {
		output.resume();
		return;
	}
	output.pipe(stream);
	await finished(stream, { readable: false }).catch(() => output.resume());
}

/** `{"Width":80,"Height":24}`, one line each. */
function readSizes(stream: Duplex, process: ProcessStreams): void {
	let rest = '';
	stream.on('data', (chunk: Buffer) => {
		const lines = `${rest}${chunk.toString('utf8')}`.split('\n');
		rest = (lines.pop() ?? '').slice(0, LONGEST_SIZE);
		for (const line of lines) resize(process, Buffer.from(line));
	});
}

function textOf(verdict: Verdict, protocol: SpdyProcessProtocol): string {
	if (protocol === 'v4.channel.k8s.io') return JSON.stringify(verdict);
	return verdict.status === 'Success' ? '' : (verdict.message ?? '');
}

async function said(stream: Duplex | undefined, text: string): Promise<void> {
	if (stream === undefined || stream.destroyed) return;
	stream.resume().end(text);
	await finished(stream, { readable: false }).catch(() => {});
}
