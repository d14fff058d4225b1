/** The API on loopback: who is let in, what is passed on, and what a refusal tells. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as tlsConnect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { UserError } from '../../../src/api/errors.ts';
import { makeLoopbackCertificate } from '../../../src/client/certificate.ts';
import { type Loopback, serveLoopback } from '../../../src/client/loopback.ts';
import { type ApiFixture, podNamed, serveMemory } from '../../support/api-fixture.ts';

let api: ApiFixture;
let loopback: Loopback;
beforeEach(async () => {
	api = await serveMemory();
	loopback = await serveLoopback({ socket: api.socket, revive: async () => {}, port: 0 });
});
afterEach(async () => {
	await loopback.close();
	expect(api.bugs).toEqual([]);
	await api[Symbol.asyncDispose]();
});

const bearer = (token = loopback.token) => ({ authorization: `Bearer ${token}` });

async function ask(path: string, options: RequestOptions = {}, body?: Buffer | string) {
	const request = httpsRequest({
		host: '127.0.0.1',
		port: loopback.port,
		ca: loopback.authority,
		agent: false,
		path,
		...options,
	});
	request.end(body);
	const [answer] = await once(request, 'response');
	return { code: answer.statusCode as number, body: await text(answer) };
}

describe('who is let in', () => {
	it('is who has the token, over TLS that its authority vouches for', async () => {
		const answer = await ask('/api/v1/namespaces/default/pods', { headers: bearer() });
		expect(answer.code).toBe(200);
		expect(JSON.parse(answer.body)).toMatchObject({ kind: 'PodList', items: [] });
		await expect(ask('/api', { headers: bearer(), ca: [] })).rejects.toThrow(/self-signed|certificate/);
	});

	it.each([
		['no token', () => ({})],
		['another token', () => bearer('x'.repeat(43))],
		['a part of the token', () => bearer(loopback.token.slice(0, -1))],
		['the token as a password', () => ({ authorization: `Basic ${loopback.token}` })],
	])('is nobody with %s', async (_, headers) => {
		const answer = await ask('/api', { headers: headers() });
		expect(answer.code).toBe(401);
		expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', reason: 'Unauthorized' });
		expect(answer.body).not.toContain(loopback.token);
	});

	it('is no page that calls 127.0.0.1 by a name of its own', async () => {
		const named = (host: string) =>
			ask('/api', { headers: { ...bearer(), host }, checkServerIdentity: () => undefined });
		expect((await named(`evil.example:${loopback.port}`)).code).toBe(403);
		expect((await named('127.0.0.1:1')).code).toBe(403);
		expect((await named(`localhost:${loopback.port}`)).code).toBe(200);
	});

	it('is nobody from another machine', async () => {
		const elsewhere = Object.values(networkInterfaces())
			.flatMap((addresses) => addresses ?? [])
			.filter(({ internal, family }) => !internal && family === 'IPv4');
		for (const { address } of elsewhere) {
			const socket = tlsConnect({ host: address, port: loopback.port, rejectUnauthorized: false });
			await expect(once(socket, 'secureConnect')).rejects.toThrow('ECONNREFUSED');
		}
	});

	it('does not open a WebSocket without the token', async () => {
		await api.backend.create('Pod', { ...podNamed('web'), metadata: { name: 'web', namespace: 'default' } });
		const url = `wss://127.0.0.1:${loopback.port}/api/v1/namespaces/default/pods/web/exec?command=true&stdout=true`;
		const open = (headers: Record<string, string>) => {
			const socket = new WebSocket(url, ['v5.channel.k8s.io'], { ca: loopback.authority, headers });
			return new Promise((resolve) => {
				socket.on('unexpected-response', (_, answer) => resolve(answer.statusCode));
				socket.on('open', () => {
					socket.close();
					socket.on('close', () => resolve('open'));
				});
			});
		};
		expect(await open({})).toBe(401);
		expect(await open({ ...bearer(), host: 'evil.example' })).toBe(403);
		expect(await open(bearer())).toBe('open');
	});
});

describe('what is passed on', () => {
	it('is everything but the secret; bodies have a limit', async () => {
		const post = (body: Buffer | string) =>
			ask(
				'/api/v1/namespaces/default/pods',
				{ method: 'POST', headers: { ...bearer(), 'content-type': 'application/json' } },
				body,
			);
		let seen: string | undefined = 'none';
		api.server.http.once('request', (request) => {
			seen = request.headers.authorization;
		});
		expect((await post(JSON.stringify(podNamed('made')))).code).toBe(201);
		expect(seen).toBeUndefined();
		const huge = {
			...podNamed('huge'),
			metadata: { name: 'huge', annotations: { a: 'x'.repeat(4_000_000) } },
		};
		expect((await post(JSON.stringify(huge))).code).toBe(413);
		expect((await ask('/nothing', { headers: bearer() })).code).toBe(404);
	});

	it('is a watch as it goes on, and its end', async () => {
		const request = httpsRequest({
			host: '127.0.0.1',
			port: loopback.port,
			ca: loopback.authority,
			headers: bearer(),
			path: '/api/v1/namespaces/default/configmaps?watch=true',
		}).end();
		const [answer] = await once(request, 'response');
		await api.client.request('POST', '/api/v1/namespaces/default/configmaps', {
			body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' } },
		});
		const [line] = await once(answer, 'data');
		expect(JSON.parse(line)).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'm' } } });
		expect(api.server.open).toBe(1);
		request.destroy();
		await expect.poll(() => api.server.open).toBe(0);
	});
});

it('brings back a supervisor that has gone, with the whole body of the request', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'podrun-loopback-'));
	let revived = 0;
	const target = { socket: join(folder, 'gone.sock') };
	const again = await serveLoopback({
		...target,
		port: 0,
		revive: async () => {
			revived += 1;
			await api.server.close();
			await api.server.listen(target.socket);
		},
	});
	const request = httpsRequest({
		host: '127.0.0.1',
		port: again.port,
		ca: again.authority,
		method: 'POST',
		path: '/api/v1/namespaces/default/pods',
		headers: { ...bearer(again.token), 'content-type': 'application/json' },
		agent: false,
	});
	request.end(JSON.stringify(podNamed('late')));
	const [answer] = await once(request, 'response');
	expect([answer.statusCode, revived]).toEqual([201, 1]);
	answer.resume();
	await again.close();
	rmSync(folder, { recursive: true });
});

it('says which port is taken, and what to do', async () => {
	const refused = await serveLoopback({
		socket: api.socket,
		revive: async () => {},
		port: loopback.port,
	}).catch((error: UserError) => error);
	expect(refused).toMatchObject({
		message: `cannot serve the API on 127.0.0.1:${loopback.port}: it is in use`,
		hint: expect.stringContaining('--port'),
	});
});

it('the certificate is for loopback alone, and its own authority', () => {
	const certificate = new X509Certificate(
		makeLoopbackCertificate(new Date('2030-05-01T12:00:00Z')).certificate,
	);
	expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
	expect(certificate.verify(certificate.publicKey)).toBe(true);
	expect(certificate.ca).toBe(true);
	expect(new Date(certificate.validFrom).toISOString()).toBe('2030-05-01T11:00:00.000Z');
});
