/** tcpSocket, grpc, exec and sleep, against real servers and processes. */
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../../../src/engine/engine.ts';
import type { HandlerTarget } from '../../../../src/supervisor/handlers/handler.ts';
import { runHandler, runHook } from '../../../../src/supervisor/handlers/run.ts';
import { localEngine, localTarget } from './local-engine.ts';

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
	for (const socket of sockets) socket.destroy();
	await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

async function listen(server: Server): Promise<number> {
	servers.push(server);
	server.on('connection', (socket: Socket) => {
		sockets.add(socket);
		socket.on('error', () => {}).on('close', () => sockets.delete(socket));
	});
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
	const port = await listen(createServer());
	await new Promise((done) => servers.pop()!.close(done));
	return port;
}

/** A health service that answers with these trailers and this status byte; undefined: it never answers. */
function health(
	answer: (service: string) => { status?: number; code?: number; message?: string } | undefined,
) {
	const server = createHttp2Server();
	server.on('stream', (stream: ServerHttp2Stream, headers) => {
		stream.on('error', () => {});
		let body = Buffer.alloc(0);
		stream.on('data', (chunk: Buffer) => {
			body = Buffer.concat([body, chunk]);
		});
		stream.on('end', () => {
			expect(headers[':path']).toBe('/grpc.health.v1.Health/Check');
			expect(body.readUInt32BE(1)).toBe(body.length - 5);
			const given = answer(body.subarray(7).toString());
			if (!given) return;
			stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
			stream.on('wantTrailers', () =>
				stream.sendTrailers({
					'grpc-status': String(given.code ?? 0),
					...(given.message ? { 'grpc-message': given.message } : {}),
				}),
			);
			const status = given.status ?? 0;
			stream.end(status === 0 ? Buffer.alloc(5) : Buffer.from([0, 0, 0, 0, 2, 0x08, status]));
		});
	});
	return listen(server);
}

describe.each(['directly', 'through the pause'] as const)('%s', (way) => {
	const engine = localEngine();
	const target = localTarget(engine, way);

	describe('a tcpSocket probe', () => {
		it('is a success when the port accepts', async () => {
			const port = await listen(createServer());
			expect((await runHandler({ tcpSocket: { port } }, target)).outcome).toBe('success');
		});

		it('is a failure when it is closed', async () => {
			const port = await freePort();
			expect(await runHandler({ tcpSocket: { port } }, target)).toEqual({
				outcome: 'failure',
				message: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
			});
		});
	});

	describe('a grpc probe', () => {
		const probe = (port: number, service?: string) =>
			runHandler({ grpc: { port, ...(service ? { service } : {}) }, timeoutSeconds: 0.3 }, target);

		it('is a success when the service is SERVING', async () => {
			expect(await probe(await health(() => ({ status: 1 })))).toEqual({
				outcome: 'success',
				message: 'service healthy',
			});
		});

		it('asks for the service that the spec names, a long name too', async () => {
			const name = 'liveness'.repeat(4);
			const port = await health((service) => ({ status: service === name ? 1 : 2 }));
			expect((await probe(port, name)).outcome).toBe('success');
		});

		it.each([
			[{ status: 2 }, 'service unhealthy (responded with "NOT_SERVING")'],
			[{ status: 0 }, 'service unhealthy (responded with "UNKNOWN")'],
			[
				{ code: 5, message: 'unknown%20service' },
				'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service',
			],
			[
				{ code: 12, message: 'no' },
				'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): no',
			],
		])('is a failure when the answer is %o', async (answer, message) => {
			expect(await probe(await health(() => answer))).toEqual({ outcome: 'failure', message });
		});

		it('tells a connection that is not made from an answer that does not come', async () => {
			const port = await health(() => undefined);
			expect((await probe(port)).message).toBe('timeout: health rpc did not complete within 0.3s');
			const mute = await listen(createServer((socket) => socket.resume()));
			expect((await probe(mute)).message).toBe(
				`timeout: failed to connect service "127.0.0.1:${mute}" within 0.3s: context deadline exceeded`,
			);
			const closed = await freePort();
			expect((await probe(closed)).message).toContain(
				`error: failed to connect service at "127.0.0.1:${closed}"`,
			);
			await expect.poll(() => engine.open.size).toBe(0);
		});
	});
});

describe('an exec probe', () => {
	const engine = localEngine();
	const target = localTarget(engine, 'directly');
	const sh = (script: string, timeoutSeconds = 5) =>
		runHandler({ exec: { command: ['sh', '-c', script] }, timeoutSeconds }, target);

	it('is a success with exit code 0 and a failure with any other; the message is its output', async () => {
		expect(await sh('echo fine')).toEqual({ outcome: 'success', message: 'fine\n' });
		const failed = await sh('echo out; echo err >&2; exit 3');
		expect(failed.outcome).toBe('failure');
		expect(failed.message.split('\n').sort()).toEqual(['', 'err', 'out']);
	});

	it('keeps 10 KB of the output', async () => {
		expect((await sh('head -c 100000 /dev/zero | tr "\\0" x')).message.length).toBe(10 * 1024);
	});

	it('is a failure at its time limit, and is cut off', async () => {
		expect(await sh('exec sleep 30', 0.3)).toEqual({
			outcome: 'failure',
			message: 'command timed out: "sh -c exec sleep 30" timed out after 0.3s',
		});
		await expect.poll(() => engine.open.size).toBe(0);
	});

	it('says nothing of the container when the engine answers in its place, or does not begin it in time', async () => {
		const away =
			'connection error: desc = "transport: Error while dialing dial unix /run/containerd/containerd.sock: connect: connection refused": unavailable';
		expect(await sh(`echo '${away}'; exit 126`)).toEqual({
			outcome: 'error',
			message: away,
			moot: 'engine away',
		});
		expect(await sh('echo permission denied; exit 126')).toEqual({
			outcome: 'failure',
			message: 'permission denied\n',
		});
		const deaf: HandlerTarget = {
			...target,
			engine: {
				exec: (_id, _options, signal) =>
					new Promise((_resolve, reject) => {
						signal?.addEventListener('abort', () =>
							reject(new EngineError('ABORTED', 'the call was cut off')),
						);
					}),
			},
		};
		expect(await runHandler({ exec: { command: ['true'] }, timeoutSeconds: 0.05 }, deaf)).toEqual({
			outcome: 'error',
			message: 'the engine did not begin "true" within 0.05s',
		});
	});

	it.each([
		['UNREACHABLE', 'engine away'],
		['CONFLICT', 'container over'],
		['NOT_FOUND', 'container over'],
		['UNKNOWN', undefined],
	] as const)('could not be asked when the engine says %s', async (code, moot) => {
		const engine = { exec: () => Promise.reject(new EngineError(code, 'no')) };
		const result = await runHandler({ exec: { command: ['true'] } }, { ...target, engine });
		expect(result).toEqual({ outcome: 'error', message: 'no', ...(moot === undefined ? {} : { moot }) });
	});

	it('is a failure when there is no such command', async () => {
		const { outcome } = await runHandler({ exec: { command: ['/no/such/command'] } }, target);
		expect(outcome).toBe('failure');
	});
});

describe('a hook', () => {
	const target = localTarget(localEngine(), 'directly');

	it('of exec is as good as its exit code', async () => {
		expect(await runHook({ exec: { command: ['true'] } }, target)).toMatchObject({ ok: true });
		expect(await runHook({ exec: { command: ['false'] } }, target)).toMatchObject({ ok: false, cut: false });
	});

	it('of sleep waits', async () => {
		const before = performance.now();
		expect(await runHook({ sleep: { seconds: 0.2 } }, target)).toMatchObject({ ok: true });
		expect(performance.now() - before).toBeGreaterThan(190);
	});

	it('is cut off at its bound, or when its caller has no more use for it', async () => {
		expect(await runHook({ sleep: { seconds: 60 } }, target, { seconds: 0.05 })).toMatchObject({
			ok: false,
			cut: true,
		});
		const gone = new AbortController();
		const hook = runHook({ exec: { command: ['sleep', '60'] } }, target, { signal: gone.signal });
		gone.abort();
		expect(await hook).toMatchObject({ ok: false, cut: true });
	});

	it('of tcpSocket fails when it is run, as Kubernetes has it', async () => {
		expect(await runHook({ tcpSocket: { port: 80 } }, target)).toMatchObject({ ok: false });
	});
});
