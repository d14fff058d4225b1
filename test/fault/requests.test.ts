/**
 * Requests that no client of ours would send, on the socket of a supervisor that works: each is answered with a
 * metav1.Status that says what is wrong, costs no memory to speak of, and nobody else notices.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { holds, pod, server } from '../support/manifests.ts';
import { ask, dial, filesOf, memoryOf, peakOf } from '../support/raw-http.ts';
import { alive, eventually, scenario } from '../support/scenario.ts';
import { serveApi } from '../support/served-api.ts';
import { printFault } from './report.ts';

const MB = 1024 * 1024;
const NAMESPACE = '/api/v1/namespaces/default';
const JSON_TYPE = { 'content-type': 'application/json' };
const seen: (readonly [string, string])[] = [];
const survived = (fault: string, told: string): void => {
	seen.push([fault, told]);
};
afterAll(() => {
	for (const [fault, told] of seen) printFault(fault, told);
});

describe('the supervisor', () => {
	const s = scenario('requests', { PODRUN_IDLE_SECONDS: '-1' });
	let socket = '';
	let pid = 0;

	beforeAll(async () => {
		await s.apply(pod('served', { containers: [server('main')] }));
		await s.until('served', (pod) => holds(pod, 'Ready'));
		const info = await s.supervisor();
		socket = info?.socket ?? '';
		pid = info?.pid ?? 0;
	});

	/** Others are served at once, by the same process. */
	afterEach(async () => {
		const began = Date.now();
		expect((await ask(socket, { path: `${NAMESPACE}/pods/served` })).code).toBe(200);
		expect(Date.now() - began).toBeLessThan(2_000);
		expect(alive(pid)).toBe(true);
		const { out } = await s.podrun('supervisor', 'logs');
		expect(out).not.toMatch(/uncaught exception|unhandled rejection|request failed/);
	});

	/** Asks, and expects a Status of one of these codes. */
	async function refused(codes: readonly number[], asked: Parameters<typeof ask>[1]): Promise<string> {
		const { code, body, text } = await ask(socket, asked);
		const what = `${asked.method ?? 'GET'} ${asked.path} ${JSON.stringify(asked.headers ?? {})}: ${text.slice(0, 300)}`;
		expect(codes, what).toContain(code);
		expect(body, what).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code });
		expect(body.message, what).not.toMatch(/\bat .*[jt]s:\d+/);
		return String(body.message);
	}

	test('bodies of 100 MB', async () => {
		const before = peakOf(pid);
		const chunk = Buffer.alloc(MB, 'x');
		for (const [method, path, type] of [
			['POST', `${NAMESPACE}/pods`, 'application/json'],
			['POST', `${NAMESPACE}/configmaps`, 'application/yaml'],
			['PUT', `${NAMESPACE}/pods/served`, 'application/json'],
			['PATCH', `${NAMESPACE}/pods/served`, 'application/merge-patch+json'],
			['PATCH', `${NAMESPACE}/pods/served`, 'application/apply-patch+yaml'],
			['DELETE', `${NAMESPACE}/pods/served`, 'application/json'],
			['POST', `${NAMESPACE}/pods/served/eviction`, 'application/json'],
		] as const) {
			const headers = { 'content-type': type };
			await refused([413], {
				method,
				path,
				headers: { ...headers, 'transfer-encoding': 'chunked' },
				async body(write) {
					for (let i = 0; i < 100; i += 1) if (!(await write(chunk))) return;
				},
			});
		}
		// Told by its length, before a byte of it has come.
		const headers = { ...JSON_TYPE, 'content-length': 100 * MB };
		await refused([413], { method: 'POST', path: `${NAMESPACE}/pods`, headers });
		expect(peakOf(pid) - before).toBeLessThan(150 * MB);
		survived('API: bodies of 100 MB, with and without a length', '413 RequestEntityTooLarge');
	});

	test('bodies that are no objects, or nest without end', async () => {
		const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
		const bodies: (readonly [type: string, body: string | Buffer])[] = [
			['application/json', '{'],
			['application/json', '[]'],
			['application/json', 'null'],
			['application/json', '"text"'],
			['application/json', '{"metadata":[]}'],
			['application/json', '{"metadata":{"name":{}}}'],
			['application/json', `{"metadata":${deep('{"a":', '}', 100_000)}`],
			['application/json', `{"metadata":{"labels":${deep('[', ']', 1_000_000)}}}`],
			['application/json', Buffer.from([0xff, 0xfe, 0x7b, 0x7d])],
			['application/yaml', '- a'],
			['application/yaml', 'a: &a [*a]'],
			['application/yaml', deep('[', ']', 500_000)],
			['application/yaml', `${'- '.repeat(500_000)}x`],
			['application/yaml', 'a: "\u0000"'],
			['application/vnd.kubernetes.protobuf', 'k8s\0\xff\xff\xff\xff'],
			['application/vnd.kubernetes.protobuf', 'none'],
		];
		for (const [type, body] of bodies) {
			for (const kind of ['pods', 'configmaps', 'events']) {
				const headers = { 'content-type': type };
				await refused([400, 415, 422], { method: 'POST', path: `${NAMESPACE}/${kind}`, headers, body });
			}
		}
		for (const type of ['json-patch', 'merge-patch', 'strategic-merge-patch']) {
			const value = deep('{"a":', '}', 100_000).replace('}', '1}');
			const body =
				type === 'json-patch' ? `[{"op":"add","path":"/metadata/labels","value":${value}}]` : value;
			const headers = { 'content-type': `application/${type}+json` };
			await refused([400], { method: 'PATCH', path: `${NAMESPACE}/pods/served`, headers, body });
		}
		survived(
			'API: bodies that are broken, nested 1,000,000 levels deep, cyclic YAML, invalid UTF-8',
			'400 BadRequest, in words',
		);
	});

	test('content types that nobody reads', async () => {
		for (const type of [
			'text/html',
			'multipart/form-data; boundary=x',
			'application/x-www-form-urlencoded',
		]) {
			const headers = { 'content-type': type };
			await refused([415], { method: 'POST', path: `${NAMESPACE}/pods`, headers, body: 'a=b' });
			await refused([415], { method: 'PATCH', path: `${NAMESPACE}/pods/served`, headers, body: 'a=b' });
		}
		await refused([406], { path: `${NAMESPACE}/pods`, headers: { accept: 'text/html' } });
		survived('API: wrong content types', '415 UnsupportedMediaType, 406 NotAcceptable');
	});

	test('paths that lead elsewhere', async () => {
		for (const name of [
			'..%2f..%2fetc%2fpasswd',
			'%2e%2e',
			'..',
			'%00',
			'%ff%fe',
			'%zz',
			'a%0ab',
			'__proto__',
		]) {
			await refused([400, 404, 405], { path: `${NAMESPACE}/pods/${name}` });
			await refused([400, 404, 405], { path: `${NAMESPACE}/secrets/${name}` });
			await refused([400, 404, 405], { path: `/podrun/v1/namespaces/default/pods/${name}/stats` });
			const object = { metadata: { name: 'a' }, data: { a: 'b' } };
			await refused([400, 404, 405, 422], {
				method: 'POST',
				path: `/api/v1/namespaces/${name}/configmaps`,
				headers: JSON_TYPE,
				body: JSON.stringify(object),
			});
			await refused([400, 404, 405], {
				method: 'PUT',
				path: `${NAMESPACE}/configmaps/${name}`,
				headers: JSON_TYPE,
				body: JSON.stringify({ data: { a: 'b' } }),
			});
		}
		for (const name of ['../../evil', '..', 'a/b', 'a\0b', '', 'A', 'x'.repeat(300)]) {
			for (const metadata of [{ name }, { name: 'a', namespace: name || '..' }]) {
				await refused([400, 422], {
					method: 'POST',
					path: `${NAMESPACE}/configmaps`,
					headers: JSON_TYPE,
					body: JSON.stringify({ metadata, data: {} }),
				});
			}
		}
		survived('API: paths and names that lead elsewhere (`..%2f`, `%00`, `%zz`)', '400, 404 or 422');
	});

	test('__proto__ in objects, patches and selectors', async () => {
		const poison = '{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}}}';
		const patches: (readonly [type: string, body: string])[] = [
			['merge-patch+json', `{"metadata":{"annotations":${poison}}}`],
			['merge-patch+json', poison],
			['strategic-merge-patch+json', poison],
			[
				'strategic-merge-patch+json',
				'{"spec":{"containers":[{"name":"main","__proto__":{"image":"evil"}}]}}',
			],
			[
				'strategic-merge-patch+json',
				'{"$setElementOrder/__proto__":["a"],"$deleteFromPrimitiveList/__proto__":["a"]}',
			],
			[
				'apply-patch+yaml',
				`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"served","annotations":${poison}}}`,
			],
			...['/__proto__/polluted', '/constructor/prototype/polluted', '/metadata/__proto__/polluted'].flatMap(
				(path) => [
					['json-patch+json', JSON.stringify([{ op: 'add', path, value: 'yes' }])] as const,
					['json-patch+json', JSON.stringify([{ op: 'replace', path, value: 'yes' }])] as const,
					[
						'json-patch+json',
						JSON.stringify([{ op: 'move', from: path, path: '/metadata/labels' }]),
					] as const,
					['json-patch+json', JSON.stringify([{ op: 'copy', from: '/metadata', path }])] as const,
				],
			),
		];
		for (const [type, body] of patches) {
			const path = `${NAMESPACE}/pods/served?fieldManager=test&force=true`;
			const headers = { 'content-type': `application/${type}` };
			const { code, body: told } = await ask(socket, { method: 'PATCH', path, headers, body });
			expect([200, 400, 422], `${type} ${body}: ${told.message}`).toContain(code);
			if (code !== 200) expect(told).toMatchObject({ kind: 'Status', code });
		}
		const read = await ask(socket, { path: `${NAMESPACE}/pods/served` });
		expect(read.text).not.toContain('polluted');
		expect(read.text).not.toContain('evil');
		for (const word of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
			for (const selector of [
				`labelSelector=${word}`,
				`labelSelector=${word}%3Dx`,
				`fieldSelector=${word}%3Dx`,
			]) {
				const { code, body } = await ask(socket, { path: `${NAMESPACE}/pods?${selector}` });
				expect([200, 400]).toContain(code);
				if (code === 200) expect(body['items']).toEqual([]);
			}
		}
		// A key of a ConfigMap may have such a name: it is data.
		const text = '{"metadata":{"name":"proto"},"data":{"__proto__":"a","constructor":"b","toString":"c"}}';
		const made = await ask(socket, {
			method: 'POST',
			path: `${NAMESPACE}/configmaps`,
			headers: JSON_TYPE,
			body: text,
		});
		expect(made.code, made.text).toBe(201);
		const kept = await ask(socket, { path: `${NAMESPACE}/configmaps/proto` });
		expect(kept.text).toContain('"data":{"__proto__":"a","constructor":"b","toString":"c"}');
		survived(
			'API: `__proto__` in objects, JSON, merge, strategic and apply patches, selectors',
			'data, or 400 and 422',
		);
	});

	test('objects whose free parts hold rubbish', async () => {
		for (const managedFields of [
			[null],
			['x'],
			[{ operation: 'Apply', fieldsV1: { a: null, b: 'text', c: [1] } }],
		]) {
			const headers = { 'content-type': 'application/merge-patch+json' };
			const path = `${NAMESPACE}/configmaps/proto`;
			await ask(socket, {
				method: 'PATCH',
				path,
				headers,
				body: JSON.stringify({ metadata: { managedFields } }),
			});
			const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'proto' }, data: { d: 'e' } };
			const { code, text } = await ask(socket, {
				method: 'PATCH',
				path: `${path}?fieldManager=x&force=true`,
				headers: { 'content-type': 'application/apply-patch+yaml' },
				body: JSON.stringify(applied),
			});
			expect(code, text).toBe(200);
		}
		for (const [i, event] of [
			{},
			{ involvedObject: null, message: 7, lastTimestamp: 'never', count: 'many' },
			{ involvedObject: { kind: [], name: {} }, source: 'text', reason: null, type: {} },
		].entries()) {
			const body = JSON.stringify({ ...event, metadata: { name: `rubbish-${i}` } });
			const { code } = await ask(socket, {
				method: 'POST',
				path: `${NAMESPACE}/events`,
				headers: JSON_TYPE,
				body,
			});
			expect([201, 400, 422]).toContain(code);
		}
		for (const accept of ['application/json', 'application/json;as=Table;v=v1;g=meta.k8s.io']) {
			expect((await ask(socket, { path: `${NAMESPACE}/events`, headers: { accept } })).code).toBe(200);
		}
		for (const args of [['get', 'events'], ['events'], ['describe', 'pod', 'served']]) {
			const { code, err } = await s.podrun(...args);
			expect(code, err).toBe(0);
		}
		survived('API: managedFields and events that hold rubbish', 'stored or refused; what reads them goes on');
	});

	test('numbers that are none, negative, or beyond all time', async () => {
		for (const query of [
			'limit=-1',
			'limit=NaN',
			'limit=1e9',
			'watch=1&timeoutSeconds=-5',
			'watch=1&timeoutSeconds=NaN',
		]) {
			await refused([400], { path: `${NAMESPACE}/pods?${query}` });
		}
		for (const query of [
			'tailLines=-1',
			'sinceSeconds=-1',
			'limitBytes=-1',
			'sinceTime=never',
			'tailLines=Infinity',
			'sinceSeconds=0x10',
		]) {
			await refused([400], { path: `${NAMESPACE}/pods/served/log?${query}` });
		}
		for (const version of ['-1', 'abc', '1e99', 'NaN', '99999999999999']) {
			const { text } = await ask(socket, {
				path: `${NAMESPACE}/pods?watch=1&timeoutSeconds=1&resourceVersion=${version}`,
			});
			expect(text, version).toMatch(/"code":(400|410)/);
		}
		await refused([410], { path: `${NAMESPACE}/pods?limit=1&continue=none` });
		expect(
			(await ask(socket, { path: `${NAMESPACE}/pods/served/log?sinceSeconds=999999999999999` })).code,
		).toBe(200);
		for (const gracePeriodSeconds of [-1, 0.5, '5', {}]) {
			await refused([400], {
				method: 'DELETE',
				path: `${NAMESPACE}/pods/served`,
				headers: JSON_TYPE,
				body: JSON.stringify({ gracePeriodSeconds }),
			});
		}
		// What no clock can count to is a grace period all the same.
		await s.apply(
			pod('patient', { containers: [server('main')], terminationGracePeriodSeconds: 9_007_199_254_740_991 }),
		);
		await s.until('patient', (pod) => holds(pod, 'Ready'));
		for (const gracePeriodSeconds of [9_007_199_254_740_991, 1e300]) {
			const body = JSON.stringify({ gracePeriodSeconds, dryRun: ['All'] });
			const { code } = await ask(socket, {
				method: 'DELETE',
				path: `${NAMESPACE}/pods/patient`,
				headers: JSON_TYPE,
				body,
			});
			expect([200, 400]).toContain(code);
		}
		await s.ok('delete', 'pod', 'patient');
		survived(
			'API: numbers that are negative, NaN, or beyond all time',
			'400 BadRequest; a grace period is cut to 68 years',
		);
	});

	test('heads that are no HTTP, or too large', async () => {
		for (const [bytes, code] of [
			['rubbish\r\n\r\n', 400],
			['GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n', 400],
			['GET / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n', 400],
			['GET / HTTP/1.1\r\nhost: a\r\nbad\0header: b\r\n\r\n', 400],
			[`GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(200_000)}\r\n\r\n`, 431],
			[`GET /${'a'.repeat(200_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, 431],
			[`GET / HTTP/1.1\r\nhost: a\r\n${'a: b\r\n'.repeat(20_000)}\r\n`, 431],
			['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
		] as const) {
			const { answer } = dial(socket, bytes);
			const told = await answer;
			expect(told, JSON.stringify(bytes.slice(0, 60))).toMatch(new RegExp(`^HTTP/1.1 ${code} `));
			expect(JSON.parse(told.slice(told.indexOf('\r\n\r\n')))).toMatchObject({ kind: 'Status', code });
		}
		// Within an answer that is under way it just ends.
		const { socket: watching, answer } = dial(
			socket,
			`GET ${NAMESPACE}/pods?watch=1 HTTP/1.1\r\nhost: a\r\n\r\n`,
		);
		await new Promise((resolve) => watching.once('data', resolve));
		watching.write('rubbish\r\n\r\n');
		expect((await answer).match(/HTTP\/1\.1 /g)).toHaveLength(1);
		for (const method of ['TRACE', 'OPTIONS', 'PROPFIND', 'PURGE']) {
			await refused([404, 405], { method, path: `${NAMESPACE}/pods` });
		}
		survived(
			'API: heads that are no HTTP, smuggled, or 200 KB long',
			'400 BadRequest, 431 RequestHeaderFieldsTooLarge',
		);
	});

	test('500 clients that never finish what they say', async () => {
		const before = { memory: memoryOf(pid), files: filesOf(pid) };
		const slow = Array.from({ length: 500 }, (_, i) =>
			dial(
				socket,
				i % 2 === 0
					? `GET ${NAMESPACE}/pods HTTP/1.1\r\nhost: a\r\nx-slow: `
					: `POST ${NAMESPACE}/pods HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n{`,
			),
		);
		const began = Date.now();
		await s.ok('get', 'pods');
		expect(Date.now() - began).toBeLessThan(10_000);
		expect(memoryOf(pid) - before.memory).toBeLessThan(100 * MB);
		// Heads that do not come are given up.
		const heads = slow.filter((_, i) => i % 2 === 0);
		const told = await Promise.all(heads.map(({ answer }) => answer));
		expect(told.every((answer) => answer.startsWith('HTTP/1.1 408 '))).toBe(true);
		for (const { socket: one } of slow) one.destroy();
		await eventually(() => filesOf(pid) <= before.files + 20, { within: 20_000 });
		survived(
			'API: 500 clients that never finish their request',
			'heads get 408 after 10 s; others are served meanwhile',
		);
	});

	test('2,000 watches at once', async () => {
		const before = { memory: memoryOf(pid), files: filesOf(pid) };
		const open: Socket[] = [];
		let told = 0;
		for (let i = 0; i < 2_000; i += 1) {
			const { socket: one } = dial(
				socket,
				`GET ${NAMESPACE}/configmaps?watch=1&labelSelector=watched HTTP/1.1\r\nhost: a\r\n\r\n`,
			);
			one.on('data', (chunk) => {
				if (String(chunk).includes('"many-watch"')) told += 1;
			});
			open.push(one);
			if (i % 100 === 99) await ask(socket, { path: '/healthz' });
		}
		await eventually(() => filesOf(pid) >= before.files + 2_000, { within: 20_000 });
		const body = JSON.stringify({ metadata: { name: 'many-watch', labels: { watched: '' } }, data: {} });
		await ask(socket, { method: 'POST', path: `${NAMESPACE}/configmaps`, headers: JSON_TYPE, body });
		await eventually(() => told === 2_000, { within: 20_000, what: 'every watch is told' });
		const taken = memoryOf(pid) - before.memory;
		expect(taken).toBeLessThan(200 * MB);
		for (const one of open) one.destroy();
		await eventually(() => filesOf(pid) <= before.files + 20, { within: 20_000 });
		survived('API: 2,000 watches at once', 'each is told; nothing is left of them when they close');
	});

	test('a watcher that does not read', async () => {
		const { socket: lazy } = dial(socket);
		lazy.pause();
		lazy.write(`GET ${NAMESPACE}/configmaps?watch=1 HTTP/1.1\r\nhost: a\r\n\r\n`);
		const before = memoryOf(pid);
		for (let i = 0; i < 100; i += 1) {
			const body = JSON.stringify({ data: { text: String(i).padEnd(200_000, 'x') } });
			const headers = { 'content-type': 'application/merge-patch+json' };
			const { code } = await ask(socket, {
				method: 'PATCH',
				path: `${NAMESPACE}/configmaps/many-watch`,
				headers,
				body,
			});
			expect(code).toBe(200);
		}
		expect(memoryOf(pid) - before).toBeLessThan(250 * MB);
		lazy.destroy();
		survived('API: a watcher that does not read, while 20 MB of changes are made', 'it is held up alone');
	});

	describe('WebSockets', () => {
		const url = (query: string) => `ws+unix://${socket}:${NAMESPACE}/pods/served/${query}`;

		function opened(query: string): Promise<WebSocket> {
			const made = new WebSocket(url(query), 'v5.channel.k8s.io', { perMessageDeflate: false });
			return new Promise((resolve, reject) => made.once('open', () => resolve(made)).once('error', reject));
		}

		/** Processes of this script in the pod. */
		async function runs(mark: string): Promise<boolean> {
			const { out } = await s.podrun('exec', 'served', '--', 'sh', '-c', `ps | grep -v grep | grep ${mark}`);
			return out.includes(mark);
		}

		test('a message of 20 MB, and rubbish', async () => {
			const before = peakOf(pid);
			const large = await opened('exec?command=cat&stdin=1&stdout=1');
			large.on('error', () => {});
			const closed = new Promise<number>((resolve) => large.once('close', resolve));
			large.send(Buffer.alloc(20 * MB));
			expect([1006, 1009]).toContain(await closed);
			for (const message of [
				Buffer.alloc(0),
				Buffer.from([99, 1]),
				Buffer.from([4, 0x7b]),
				Buffer.from([255]),
				Buffer.from('\u0004{"Width":-1,"Height":1e9}'),
			]) {
				const socket = await opened('exec?command=true&stdin=1&stdout=1&tty=1');
				socket.on('error', () => {});
				socket.send(message);
				await new Promise((resolve) => socket.once('close', resolve));
			}
			expect(peakOf(pid) - before).toBeLessThan(150 * MB);
			survived(
				'API: WebSocket messages of 20 MB, unknown channels, broken sizes',
				'the connection is closed; rubbish is ignored',
			);
		});

		test('one that does not read what a process writes without end', async () => {
			const before = memoryOf(pid);
			const lazy = await opened('exec?command=yes&stdout=1');
			lazy.on('error', () => {});
			lazy.pause();
			const script = [
				'exec',
				'served',
				'--',
				'sh',
				'-c',
				'for i in 1 2 3 4; do cat /proc/uptime; sleep 1; done',
			];
			await s.ok(...script);
			expect(memoryOf(pid) - before).toBeLessThan(100 * MB);
			lazy.terminate();
			survived(
				'API: a WebSocket that does not read while a process writes without end',
				'the process is held up; memory stays',
			);
		});

		test('one whose client dies while the process does not read', async () => {
			const files = filesOf(pid);
			const stuck = await opened('exec?command=sleep&command=4242&stdin=1&stdout=1');
			stuck.on('error', () => {});
			for (let i = 0; i < 64; i += 1) stuck.send(Buffer.alloc(256 * 1024));
			await eventually(() => runs('4242'));
			await eventually(() => stuck.bufferedAmount > 0);
			stuck.terminate();
			await eventually(() => filesOf(pid) <= files, {
				within: 40_000,
				what: 'the connection to the engine is closed',
			});
			survived(
				'API: a WebSocket whose client dies while it is held up',
				'noticed within 10 s by a ping, and closed',
			);
		});

		test('upgrades that are none', async () => {
			const head = (more: string) =>
				`GET ${NAMESPACE}/pods/served/exec?command=true&stdout=1 HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\n${more}\r\n`;
			for (const more of [
				'upgrade: websocket\r\n',
				'upgrade: websocket\r\nsec-websocket-protocol: none\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n',
				'upgrade: websocket\r\nsec-websocket-protocol: v5.channel.k8s.io\r\nsec-websocket-version: 1\r\nsec-websocket-key: x\r\n',
				'upgrade: SPDY/9\r\n',
				'upgrade: h2c\r\n',
			]) {
				const { answer } = dial(socket, head(more));
				expect(await answer, more).toMatch(/^HTTP\/1.1 4\d\d /);
			}
			// SPDY is spoken, but not like this.
			for (const rubbish of [
				'rubbish'.repeat(1_000),
				'\x80\x03\x00\x01\x00\xff\xff\xff',
				'\x80\x02\x00\x01\x00\x00\x00\x00',
			]) {
				const { socket: spdy, answer } = dial(
					socket,
					head('upgrade: SPDY/3.1\r\nx-stream-protocol-version: v4.channel.k8s.io\r\n'),
				);
				await new Promise((resolve) => spdy.once('data', resolve));
				spdy.write(Buffer.from(rubbish, 'latin1'));
				expect(await answer).toMatch(/^HTTP\/1.1 101 /);
			}
			survived('API: upgrades without a key, of another protocol or version', '400 BadRequest');
		});
	});
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
