/**
 * The grpc handler: grpc.health.v1.Health/Check, spoken by hand over node:http2. Both messages have one
 * field, so a protobuf library would be the larger part of it: the request is `service` (field 1, text),
 * the answer `status` (field 1, enum).
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect as http2Connect } from 'node:http2';
import type { Duplex } from 'node:stream';
import { DialError } from './dial.ts';
import {
	goSeconds,
	type HandlerResult,
	type HandlerTarget,
	joinHostPort,
	MAX_READ_BYTES,
	userAgent,
} from './handler.ts';

/** The fields of a GRPCAction. */
export interface GRPCAction {
	readonly port: number;
	readonly service?: string | null;
}

const SERVING = 1;
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const UNIMPLEMENTED = 12;
const DEADLINE_EXCEEDED = 4;
/** grpc-status → the name that Go prints. */
const CODE_NAMES = [
	'OK',
	'Canceled',
	'Unknown',
	'InvalidArgument',
	'DeadlineExceeded',
	'NotFound',
	'AlreadyExists',
	'PermissionDenied',
	'ResourceExhausted',
	'FailedPrecondition',
	'Aborted',
	'OutOfRange',
	'Unimplemented',
	'Internal',
	'Unavailable',
	'DataLoss',
	'Unauthenticated',
];

/** Asks the health service. Everything that goes wrong on the way is a failure; only an engine that is gone throws. */
export async function grpcHealth(
	action: GRPCAction,
	target: HandlerTarget,
	seconds: number,
	signal: AbortSignal,
): Promise<HandlerResult> {
	const address = joinHostPort(target.podIP, action.port);
	const within = goSeconds(seconds);
	const failure = (message: string): HandlerResult => ({ outcome: 'failure', message });
	const notConnected = (error: Error) =>
		failure(
			`error: failed to connect service at "${address}": connection error: desc = "transport: Error while dialing: ${error.message}"`,
		);
	const noConnectionInTime = `timeout: failed to connect service "${address}" within ${within}: context deadline exceeded`;

	let socket: Duplex;
	try {
		socket = await target.dial.open(target.podIP, action.port, seconds, signal);
	} catch (error) {
		if (signal.aborted) return failure(noConnectionInTime);
		if (error instanceof DialError) return notConnected(error);
		throw error;
	}
	const progress = { connected: false };
	try {
		const answer = await check(socket, address, action.service ?? '', progress, signal);
		return judge(answer, within);
	} catch (error) {
		if (signal.aborted) {
			return failure(
				progress.connected ? `timeout: health rpc did not complete within ${within}` : noConnectionInTime,
			);
		}
		if (error instanceof DialError) return notConnected(error);
		const why = error instanceof Error ? error.message : String(error);
		return failure(`error: health rpc probe failed: rpc error: code = Unavailable desc = ${why}`);
	} finally {
		socket.destroy();
	}
}

interface Answer {
	readonly code: number;
	readonly message: string;
	readonly status: number;
}

function judge({ code, message, status }: Answer, within: string): HandlerResult {
	if (code === 0 && status === SERVING) return { outcome: 'success', message: 'service healthy' };
	if (code === 0) {
		const name = STATUS_NAMES[status] ?? String(status);
		return { outcome: 'failure', message: `service unhealthy (responded with "${name}")` };
	}
	if (code === UNIMPLEMENTED) {
		const told = `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${message}`;
		return { outcome: 'failure', message: told };
	}
	if (code === DEADLINE_EXCEEDED) {
		return { outcome: 'failure', message: `timeout: health rpc did not complete within ${within}` };
	}
	const name = CODE_NAMES[code] ?? `Code(${code})`;
	const told = `error: health rpc probe failed: rpc error: code = ${name} desc = ${message}`;
	return { outcome: 'failure', message: told };
}

/** One unary call on a connection of its own. `progress.connected` is set with the server's first frame. */
function check(
	socket: Duplex,
	address: string,
	service: string,
	progress: { connected: boolean },
	signal: AbortSignal,
): Promise<Answer> {
	return new Promise((resolve, reject) => {
		const session: ClientHttp2Session = http2Connect(`http://${address}`, { createConnection: () => socket });
		const end = (settle: () => void) => {
			signal.removeEventListener('abort', abort);
			settle();
			session.destroy();
		};
		const abort = () => end(() => reject(new Error('aborted')));
		signal.addEventListener('abort', abort, { once: true });
		if (signal.aborted) abort();
		socket.once('error', (error) => end(() => reject(error)));
		session.on('error', (error) => end(() => reject(error)));
		session.once('close', () => end(() => reject(new Error('connection closed before the answer'))));
		session.once('remoteSettings', () => {
			progress.connected = true;
		});

		const stream: ClientHttp2Stream = session.request({
			':method': 'POST',
			':path': '/grpc.health.v1.Health/Check',
			'content-type': 'application/grpc',
			'user-agent': userAgent('probe'),
			te: 'trailers',
		});
		let code: number | undefined;
		let message = '';
		let httpStatus = 0;
		let body = Buffer.alloc(0);
		// A call that fails without an answer carries its status in the headers, any other in the trailers.
		const readStatus = (headers: Record<string, unknown>) => {
			const status = headers['grpc-status'];
			if (status !== undefined) code = Number(status);
			const told = headers['grpc-message'];
			if (typeof told === 'string') message = decodeMessage(told);
		};
		stream.on('response', (headers) => {
			httpStatus = Number(headers[':status'] ?? 0);
			readStatus(headers);
		});
		stream.on('trailers', readStatus);
		stream.on('data', (chunk: Buffer) => {
			if (body.length < MAX_READ_BYTES) body = Buffer.concat([body, chunk]);
		});
		stream.on('error', (error) => end(() => reject(error)));
		stream.on('end', () => {
			if (code === undefined) {
				const why = `unexpected HTTP status code received from server: ${httpStatus}`;
				end(() => resolve({ code: httpStatus === 404 ? UNIMPLEMENTED : 2, message: why, status: 0 }));
				return;
			}
			const answer = { code, message, status: decodeStatus(body) };
			end(() => resolve(answer));
		});
		stream.end(encodeRequest(service));
	});
}

/** A length-prefixed HealthCheckRequest. */
function encodeRequest(service: string): Buffer {
	const name = Buffer.from(service);
	const message =
		name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
	const prefix = Buffer.alloc(5);
	prefix.writeUInt32BE(message.length, 1);
	return Buffer.concat([prefix, message]);
}

function varint(value: number): number[] {
	const bytes: number[] = [];
	let rest = value;
	for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
	return [...bytes, rest];
}

/** The status of a length-prefixed HealthCheckResponse; an absent one is 0, as protobuf has it. */
function decodeStatus(body: Buffer): number {
	let at = 5;
	const number = () => {
		let value = 0;
		for (let shift = 0; at < body.length; shift += 7) {
			const byte = body[at++] ?? 0;
			value += (byte & 0x7f) * 2 ** shift;
			if (byte < 0x80) break;
		}
		return value;
	};
	while (at < body.length) {
		const key = number();
		const value = number();
		if (key === 0x08) return value;
		if ((key & 7) === 2) at += value;
	}
	return 0;
}

/** grpc-message is percent-encoded. */
function decodeMessage(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}
