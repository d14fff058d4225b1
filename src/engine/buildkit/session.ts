/**
 * The session that BuildKit wants beside a build: a connection on which the roles are changed, the engine asks by
 * gRPC and we answer. Only two things are answered: that we are alive, and who we are to a registry. Without a
 * session BuildKit pulls nothing, not even what is public.
 */
import { randomUUID } from 'node:crypto';
import { performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { EngineError, type RegistryAuth } from '../engine.ts';
import type { Transport } from '../transport.ts';
import { fields, texts } from './protobuf.ts';

/** The login for a registry's host; undefined: none, the pull is anonymous. */
export type Credentials = (host: string) => Promise<RegistryAuth | undefined>;

const HEALTH = '/grpc.health.v1.Health/Check';
const CREDENTIALS = '/moby.filesync.v1.Auth/Credentials';
/** gRPC's code. */
const UNIMPLEMENTED = '12';
const UNKNOWN = '2';
/** HealthCheckResponse{status: SERVING} */
const SERVING = Buffer.from([8, 1]);
/** Before each message: not compressed, and its length. */
const PREFIX = 5;

export interface BuildSession {
	readonly id: string;
	close(): void;
}

/** Opens one. Throws EngineError. */
export async function openSession(
	transport: Transport,
	credentials: Credentials,
	signal?: AbortSignal,
): Promise<BuildSession> {
	const id = randomUUID();
	const socket = await transport.upgrade(
		'/session',
		{
			upgrade: 'h2c',
			'x-docker-expose-session-uuid': id,
			'x-docker-expose-session-name': 'podrun',
			'x-docker-expose-session-grpc-method': [HEALTH, CREDENTIALS],
		},
		signal,
	);
	// What came with the answer stands in the stream, where HTTP/2 would not look if it could take the socket itself.
	const session = performServerHandshake(Duplex.from({ readable: socket, writable: socket }));
	// Its end is the build's business, which has an answer of its own.
	session.on('error', () => {});
	session.on('stream', (stream, headers) => {
		stream.on('error', () => {});
		serve(stream, String(headers[':path']), credentials).catch((error: unknown) => {
			fail(stream, UNKNOWN, error instanceof Error ? error.message : String(error));
		});
	});
	return {
		id,
		close() {
			session.destroy();
			socket.destroy();
		},
	};
}

async function serve(stream: ServerHttp2Stream, path: string, credentials: Credentials): Promise<void> {
	const chunks: Buffer[] = [];
	for await (const chunk of stream) chunks.push(chunk as Buffer);
	const message = Buffer.concat(chunks).subarray(PREFIX);
	if (path === HEALTH) return answer(stream, SERVING);
	if (path !== CREDENTIALS) return fail(stream, UNIMPLEMENTED, `${path} is not served`);
	const host = [...fields(message)].find(({ number }) => number === 1)?.bytes.toString() ?? '';
	const found = await credentials(host).catch((error: unknown) => {
		if (error instanceof EngineError) throw error;
		return undefined;
	});
	const secret = found?.identitytoken ?? found?.password ?? '';
	answer(stream, texts([1, found?.identitytoken ? '' : (found?.username ?? '')], [2, secret]));
}

function answer(stream: ServerHttp2Stream, message: Buffer): void {
	const prefix = Buffer.alloc(PREFIX);
	prefix.writeUInt32BE(message.length, 1);
	stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
	stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
	stream.end(Buffer.concat([prefix, message]));
}

function fail(stream: ServerHttp2Stream, code: string, message: string): void {
	if (stream.destroyed || stream.headersSent) return;
	stream.respond(
		{
			':status': 200,
			'content-type': 'application/grpc',
			'grpc-status': code,
			'grpc-message': encodeURIComponent(message),
		},
		{ endStream: true },
	);
}
