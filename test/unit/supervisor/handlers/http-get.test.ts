/** httpGet against real servers, over a socket and over streams that are none. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { userAgent } from '../../../../src/supervisor/handlers/handler.ts';
import { runHandler, runHook } from '../../../../src/supervisor/handlers/run.ts';
import { localEngine, localTarget } from './local-engine.ts';

const servers: Server[] = [];
afterEach(async () => {
	await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

async function listen<T extends Server>(server: T): Promise<number> {
	servers.push(server);
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	return (server.address() as AddressInfo).port;
}

const serve = (listener: RequestListener) => listen(createServer(listener));
const answer = (code: number, headers: Record<string, string> = {}, body = '') => {
	return (_request: IncomingMessage, response: ServerResponse) => {
		response.writeHead(code, headers).end(body);
	};
};
const certificate = (name: string) => readFileSync(new URL(`./tls/${name}`, import.meta.url));

describe.each(['directly', 'through the pause'] as const)('an httpGet probe %s', (way) => {
	const engine = localEngine();
	const target = localTarget(engine, way);
	const probe = (port: number | string, rest: object = {}, timeoutSeconds = 5) =>
		runHandler({ httpGet: { port, path: '/', ...rest }, timeoutSeconds }, target);

	it.each([200, 204, 299])('takes %i for a success', async (code) => {
		expect((await probe(await serve(answer(code, {}, 'ok')))).outcome).toBe('success');
	});

	it.each([300, 304, 399])('takes %i for a success with a warning', async (code) => {
		expect((await probe(await serve(answer(code)))).outcome).toBe('warning');
	});

	it.each([400, 404, 500, 503])('takes %i for a failure, and keeps the body to itself', async (code) => {
		expect(await probe(await serve(answer(code, {}, 'secret')))).toEqual({
			outcome: 'failure',
			message: `HTTP probe failed with statuscode: ${code}`,
		});
	});

	it('sends the path with its query, the headers of the spec and its own name', async () => {
		let seen: IncomingMessage | undefined;
		const port = await serve((request, response) => {
			seen = request;
			response.end();
		});
		const httpHeaders = [
			{ name: 'x-probe-word', value: 'open sesame' },
			{ name: 'Host', value: 'shop.example' },
		];
		await probe(port, { path: '/see?who=probe#part', httpHeaders });
		expect(seen?.url).toBe('/see?who=probe');
		expect(seen?.rawHeaders).toContain('X-Probe-Word');
		expect(seen?.headers).toEqual({
			host: 'shop.example',
			'user-agent': userAgent('probe'),
			accept: '*/*',
			'x-probe-word': 'open sesame',
			connection: 'close',
		});
	});

	it('uses one connection and no other', async () => {
		let connections = 0;
		const server = createServer(answer(200)).on('connection', () => connections++);
		await probe(await listen(server));
		expect(connections).toBe(1);
	});

	it('lets the spec replace User-Agent and take Accept away', async () => {
		let seen: IncomingMessage | undefined;
		const port = await serve((request, response) => {
			seen = request;
			response.end();
		});
		const httpHeaders = [
			{ name: 'User-Agent', value: 'me' },
			{ name: 'Accept', value: '' },
		];
		await probe(port, { path: 'bare path', httpHeaders });
		expect(seen?.url).toBe('/bare%20path');
		expect(seen?.headers['user-agent']).toBe('me');
		expect(seen?.headers.accept).toBeUndefined();
		expect(seen?.headers.host).toBe(`127.0.0.1:${port}`);
	});

	it('follows a redirect on the same host', async () => {
		const port = await serve((request, response) => {
			if (request.url === '/') response.writeHead(302, { Location: '/real' }).end();
			else response.writeHead(request.url === '/real' ? 500 : 200).end();
		});
		expect((await probe(port)).message).toBe('HTTP probe failed with statuscode: 500');
	});

	it('does not follow a redirect to elsewhere: a success with a warning', async () => {
		const port = await serve(answer(302, { Location: 'http://0.0.0.0:1/' }, 'moved'));
		expect(await probe(port)).toEqual({
			outcome: 'warning',
			message: 'Probe terminated redirects, Response body: moved',
		});
	});

	it('gives up after ten redirects', async () => {
		const port = await serve(answer(302, { Location: '/again' }));
		const { outcome, message } = await probe(port);
		expect(outcome).toBe('failure');
		expect(message).toContain('stopped after 10 redirects');
	});

	it('tells a refused connection as a kubelet does', async () => {
		const port = await serve(answer(200));
		await new Promise((done) => servers.pop()!.close(done));
		expect(await probe(port, { path: '/healthz' })).toEqual({
			outcome: 'failure',
			message: `Get "http://127.0.0.1:${port}/healthz": dial tcp 127.0.0.1:${port}: connect: connection refused`,
		});
	});

	it('fails at its time limit and leaves nothing behind', async () => {
		const port = await listen(createTcpServer((socket) => socket.on('error', () => {}).resume()));
		const { outcome, message } = await probe(port, {}, 0.3);
		expect(outcome).toBe('failure');
		expect(message).toBe(
			`Get "http://127.0.0.1:${port}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
		);
		await expect.poll(() => engine.open.size).toBe(0);
	});

	it('fails when the server hangs up or talks nonsense', async () => {
		const mute = await listen(
			createTcpServer((socket) =>
				socket
					.on('error', () => {})
					.resume()
					.end(),
			),
		);
		expect((await probe(mute)).message).toBe(`Get "http://127.0.0.1:${mute}/": EOF`);
		const babbling = await listen(
			createTcpServer((socket) =>
				socket
					.on('error', () => {})
					.resume()
					.end('220 mail\r\n'),
			),
		);
		expect((await probe(babbling)).message).toContain('malformed HTTP response');
	});

	it('reads no more than the start of an endless body', async () => {
		const port = await serve((_request, response) => {
			const write = () => {
				while (response.write(Buffer.alloc(65536, 'x')));
			};
			response.on('drain', write).on('error', () => {});
			write();
		});
		const { outcome, message } = await probe(port);
		expect(outcome).toBe('success');
		expect(message.length).toBe(10 * 1024);
	});

	it('accepts any certificate with scheme HTTPS', async () => {
		const tls = { key: certificate('key.pem'), cert: certificate('cert.pem') };
		const port = await listen(createTlsServer(tls, answer(200)));
		expect((await probe(port, { scheme: 'HTTPS' })).outcome).toBe('success');
	});

	it('cannot be done when no port has the name: that counts neither way', async () => {
		expect(await probe('web')).toEqual({ outcome: 'error', message: "couldn't find port: web" });
	});

	it('finds a named port, and a number written as text', async () => {
		const port = await serve(answer(200));
		const ports = [{ name: 'web', containerPort: port }];
		const named = await runHandler({ httpGet: { port: 'web' } }, { ...target, ports });
		expect(named.outcome).toBe('success');
		expect((await probe(String(port))).outcome).toBe('success');
	});

	describe('as a hook', () => {
		it('is good whatever the answer, and says kube-lifecycle', async () => {
			let agent: string | undefined;
			const port = await serve((request, response) => {
				agent = request.headers['user-agent'];
				response.writeHead(500).end();
			});
			expect(await runHook({ httpGet: { port, path: '/' } }, target)).toMatchObject({ ok: true });
			expect(agent).toBe(userAgent('lifecycle'));
		});

		it('falls back to http where the server speaks no TLS', async () => {
			const port = await serve(answer(200));
			expect(await runHook({ httpGet: { port, scheme: 'HTTPS' } }, target)).toMatchObject({ ok: true });
		});

		it('fails when nobody listens', async () => {
			const port = await serve(answer(200));
			await new Promise((done) => servers.pop()!.close(done));
			expect(await runHook({ httpGet: { port } }, target)).toMatchObject({ ok: false, cut: false });
		});
	});
});
