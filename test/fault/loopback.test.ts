/** What `podrun api` lets in, and what it does not: strangers, web pages, bytes that are no TLS. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenario } from '../support/scenario.ts';
import { serveApi } from '../support/served-api.ts';
import { printFault } from './report.ts';
import { NAMESPACE } from './served.ts';

const seen: (readonly [string, string])[] = [];
const survived = (fault: string, told: string): void => {
	seen.push([fault, told]);
};
afterAll(() => {
	for (const [fault, told] of seen) printFault(fault, told);
});

describe('podrun api', () => {
	const s = scenario('api-requests');
	let port = 0;
	let token = '';

	beforeAll(async () => {
		const { kubeconfig } = await serveApi(s);
		const text = readFileSync(kubeconfig, 'utf8');
		port = Number(/127\.0\.0\.1:(\d+)/.exec(text)?.[1]);
		token = /token: (\S+)/.exec(text)?.[1] ?? '';
	});

	/** Over TLS, with the right token and host unless others are given. */
	function call(headers: Readonly<Record<string, string>>, method = 'GET', path = `${NAMESPACE}/pods`) {
		const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage & { text: string }>();
		const all = { host: `127.0.0.1:${port}`, authorization: `Bearer ${token}`, ...headers };
		const own = {
			port,
			host: '127.0.0.1',
			method,
			path,
			headers: all,
			rejectUnauthorized: false,
			agent: false as const,
		};
		const asked = httpsRequest(own, (answer) => {
			text(answer).then((told) => resolve(Object.assign(answer, { text: told })), reject);
		});
		asked.on('error', reject).end();
		return promise;
	}

	test('lets in who has the token, and nobody else', async () => {
		expect((await call({})).statusCode).toBe(200);
		const other = token.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'));
		for (const authorization of [
			'',
			'Bearer',
			'Bearer ',
			`Bearer ${other}`,
			`Bearer ${token}x`,
			`Basic ${token}`,
			token,
		]) {
			for (const path of [`${NAMESPACE}/pods`, '/', '/healthz', '/podrun/v1/supervisor', '/%2e%2e/']) {
				const answer = await call({ authorization }, 'GET', path);
				expect(answer.statusCode, authorization).toBe(401);
				expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', code: 401 });
				expect(answer.text).not.toContain(token);
			}
		}
		survived('`podrun api`: no token, or another one', '401 Unauthorized, whatever is asked for');
	});

	test('web pages get nothing out of it', async () => {
		for (const host of [
			'evil.example',
			`evil.example:${port}`,
			'127.0.0.1.evil.example',
			'127.0.0.1',
			`[::2]:${port}`,
		]) {
			expect((await call({ host })).statusCode, host).toBe(403);
		}
		for (const method of ['GET', 'OPTIONS', 'POST']) {
			const answer = await call(
				{
					origin: 'https://evil.example',
					authorization: '',
					'access-control-request-method': 'POST',
					'access-control-request-headers': 'authorization',
				},
				method,
			);
			expect(answer.statusCode).toBe(401);
			expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
		}
		survived(
			'`podrun api`: a web page of another origin, or one that calls 127.0.0.1 by its own name',
			'401 and 403, no CORS headers',
		);
	});

	test('bytes that are no TLS, and clients that stay silent', async () => {
		const silent = Array.from({ length: 200 }, () => connect(port, '127.0.0.1').on('error', () => {}));
		const plain = connect(port, '127.0.0.1').on('error', () => {});
		plain.write(`GET ${NAMESPACE}/pods HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
		let told = '';
		plain.on('data', (chunk) => {
			told += String(chunk);
		});
		await new Promise((resolve) => plain.once('close', resolve));
		expect(told).not.toContain('PodList');
		expect((await call({})).statusCode).toBe(200);
		for (const one of silent) one.destroy();
		survived(
			'`podrun api`: bytes that are no TLS, 200 silent connections',
			'closed; others are served meanwhile',
		);
	});
});
