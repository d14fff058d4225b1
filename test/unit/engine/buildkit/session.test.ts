/** The session beside a build with BuildKit: the engine asks over the connection that we opened. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fields, texts } from '../../../../src/engine/buildkit/protobuf.ts';
import { type BuildSession, openSession } from '../../../../src/engine/buildkit/session.ts';
import { Transport } from '../../../../src/engine/transport.ts';

let folder: string;
let engine: Server;
let asking: Promise<ClientHttp2Session>;
let transport: Transport;
let session: BuildSession | undefined;
const headers: Record<string, unknown> = {};

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-buildkit-'));
	const asked = Promise.withResolvers<ClientHttp2Session>();
	asking = asked.promise;
	engine = createServer((_request, answer) => answer.writeHead(404).end());
	engine.on('upgrade', (request, socket: Socket) => {
		Object.assign(headers, { path: request.url, ...request.headers });
		if (request.url === '/v1.41/nothing') return socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
		socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
		asked.resolve(connect('http://session', { createConnection: () => socket }));
	});
	await new Promise<void>((resolve) => engine.listen(join(folder, 'engine.sock'), resolve));
	transport = new Transport({ url: `unix://${join(folder, 'engine.sock')}`, source: 'a test' });
	transport.pin('1.41');
});
afterEach(async () => {
	(await asking).destroy();
	session?.close();
	transport.close();
	await new Promise((resolve) => engine.close(resolve));
	rmSync(folder, { recursive: true, force: true });
});

/** One call of gRPC: the status code, and the message of the answer. */
async function call(path: string, message: Buffer): Promise<{ status: unknown; answer: Buffer }> {
	const stream = (await asking).request({
		':method': 'POST',
		':path': path,
		'content-type': 'application/grpc',
	});
	const prefix = Buffer.alloc(5);
	prefix.writeUInt32BE(message.length, 1);
	stream.end(Buffer.concat([prefix, message]));
	let status: unknown;
	for (const event of ['response', 'trailers']) {
		stream.on(event, (said: Record<string, unknown>) => {
			status = said['grpc-status'] ?? status;
		});
	}
	const chunks: Buffer[] = [];
	for await (const chunk of stream) chunks.push(chunk as Buffer);
	return { status, answer: Buffer.concat(chunks).subarray(5) };
}

test('the engine hears that we are alive, and the login for a registry', async () => {
	session = await openSession(transport, async (host) =>
		host === 'registry.example' ? { username: 'me', password: 'secret' } : undefined,
	);
	expect(headers).toMatchObject({
		path: '/v1.41/session',
		upgrade: 'h2c',
		'x-docker-expose-session-uuid': session.id,
	});
	expect(await call('/grpc.health.v1.Health/Check', Buffer.alloc(0))).toEqual({
		status: '0',
		answer: Buffer.from([8, 1]),
	});
	const login = await call('/moby.filesync.v1.Auth/Credentials', texts([1, 'registry.example']));
	expect(login.status).toBe('0');
	expect([...fields(login.answer)].map(({ bytes }) => bytes.toString())).toEqual(['me', 'secret']);
	const nobody = await call('/moby.filesync.v1.Auth/Credentials', texts([1, 'other.example']));
	expect([...fields(nobody.answer)].map(({ bytes }) => bytes.toString())).toEqual(['', '']);
	expect((await call('/moby.filesync.v1.FileSync/DiffCopy', Buffer.alloc(0))).status).toBe('12');
});
