/** Connections that no client of ours would make: broken, slow, many, deaf; and WebSockets that are. */
import type { Socket } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ask, dial, filesOf, memoryOf, peakOf } from '../support/raw-http.ts';
import { eventually } from '../support/scenario.ts';
import { printFault } from './report.ts';
import { JSON_TYPE, MB, NAMESPACE, served } from './served.ts';

const seen: (readonly [string, string])[] = [];
const survived = (fault: string, told: string): void => {
	seen.push([fault, told]);
};
afterAll(() => {
	for (const [fault, told] of seen) printFault(fault, told);
});

const target = served('connections');
const { s, refused } = target;

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
		const { answer } = dial(target.socket, bytes);
		const told = await answer;
		expect(told, JSON.stringify(bytes.slice(0, 60))).toMatch(new RegExp(`^HTTP/1.1 ${code} `));
		expect(JSON.parse(told.slice(told.indexOf('\r\n\r\n')))).toMatchObject({ kind: 'Status', code });
	}
	// Within an answer that is under way it just ends.
	const { socket: watching, answer } = dial(
		target.socket,
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
	const before = { memory: memoryOf(target.pid), files: filesOf(target.pid) };
	const slow = Array.from({ length: 500 }, (_, i) =>
		dial(
			target.socket,
			i % 2 === 0
				? `GET ${NAMESPACE}/pods HTTP/1.1\r\nhost: a\r\nx-slow: `
				: `POST ${NAMESPACE}/pods HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n{`,
		),
	);
	const began = Date.now();
	await s.ok('get', 'pods');
	expect(Date.now() - began).toBeLessThan(10_000);
	expect(memoryOf(target.pid) - before.memory).toBeLessThan(100 * MB);
	// Heads that do not come are given up.
	const heads = slow.filter((_, i) => i % 2 === 0);
	const told = await Promise.all(heads.map(({ answer }) => answer));
	expect(told.every((answer) => answer.startsWith('HTTP/1.1 408 '))).toBe(true);
	for (const { socket: one } of slow) one.destroy();
	await eventually(() => filesOf(target.pid) <= before.files + 20, { within: 20_000 });
	survived(
		'API: 500 clients that never finish their request',
		'heads get 408 after 10 s; others are served meanwhile',
	);
});

test('2,000 watches at once', async () => {
	const before = { memory: memoryOf(target.pid), files: filesOf(target.pid) };
	const open: Socket[] = [];
	let told = 0;
	for (let i = 0; i < 2_000; i += 1) {
		const { socket: one } = dial(
			target.socket,
			`GET ${NAMESPACE}/configmaps?watch=1&labelSelector=watched HTTP/1.1\r\nhost: a\r\n\r\n`,
		);
		one.on('data', (chunk) => {
			if (String(chunk).includes('"many-watch"')) told += 1;
		});
		open.push(one);
		if (i % 100 === 99) await ask(target.socket, { path: '/healthz' });
	}
	await eventually(() => filesOf(target.pid) >= before.files + 2_000, { within: 20_000 });
	const body = JSON.stringify({ metadata: { name: 'many-watch', labels: { watched: '' } }, data: {} });
	await ask(target.socket, { method: 'POST', path: `${NAMESPACE}/configmaps`, headers: JSON_TYPE, body });
	await eventually(() => told === 2_000, { within: 20_000, what: 'every watch is told' });
	const taken = memoryOf(target.pid) - before.memory;
	expect(taken).toBeLessThan(200 * MB);
	for (const one of open) one.destroy();
	await eventually(() => filesOf(target.pid) <= before.files + 20, { within: 20_000 });
	survived('API: 2,000 watches at once', 'each is told; nothing is left of them when they close');
});

test('a watcher that does not read', async () => {
	const { socket: lazy } = dial(target.socket);
	lazy.pause();
	lazy.write(`GET ${NAMESPACE}/configmaps?watch=1 HTTP/1.1\r\nhost: a\r\n\r\n`);
	const before = memoryOf(target.pid);
	for (let i = 0; i < 100; i += 1) {
		const body = JSON.stringify({ data: { text: String(i).padEnd(200_000, 'x') } });
		const headers = { 'content-type': 'application/merge-patch+json' };
		const { code } = await ask(target.socket, {
			method: 'PATCH',
			path: `${NAMESPACE}/configmaps/many-watch`,
			headers,
			body,
		});
		expect(code).toBe(200);
	}
	expect(memoryOf(target.pid) - before).toBeLessThan(250 * MB);
	lazy.destroy();
	survived('API: a watcher that does not read, while 20 MB of changes are made', 'it is held up alone');
});

describe('WebSockets', () => {
	const url = (query: string) => `ws+unix://${target.socket}:${NAMESPACE}/pods/served/${query}`;

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
		const before = peakOf(target.pid);
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
		expect(peakOf(target.pid) - before).toBeLessThan(150 * MB);
		survived(
			'API: WebSocket messages of 20 MB, unknown channels, broken sizes',
			'the connection is closed; rubbish is ignored',
		);
	});

	test('one that does not read what a process writes without end', async () => {
		const before = memoryOf(target.pid);
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
		expect(memoryOf(target.pid) - before).toBeLessThan(100 * MB);
		lazy.terminate();
		survived(
			'API: a WebSocket that does not read while a process writes without end',
			'the process is held up; memory stays',
		);
	});

	test('one whose client dies while the process does not read', async () => {
		const files = filesOf(target.pid);
		const stuck = await opened('exec?command=sleep&command=4242&stdin=1&stdout=1');
		stuck.on('error', () => {});
		for (let i = 0; i < 64; i += 1) stuck.send(Buffer.alloc(256 * 1024));
		await eventually(() => runs('4242'));
		await eventually(() => stuck.bufferedAmount > 0);
		stuck.terminate();
		await eventually(() => filesOf(target.pid) <= files, {
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
			const { answer } = dial(target.socket, head(more));
			expect(await answer, more).toMatch(/^HTTP\/1.1 4\d\d /);
		}
		// SPDY is spoken, but not like this.
		for (const rubbish of [
			'rubbish'.repeat(1_000),
			'\x80\x03\x00\x01\x00\xff\xff\xff',
			'\x80\x02\x00\x01\x00\x00\x00\x00',
		]) {
			const { socket: spdy, answer } = dial(
				target.socket,
				head('upgrade: SPDY/3.1\r\nx-stream-protocol-version: v4.channel.k8s.io\r\n'),
			);
			await new Promise((resolve) => spdy.once('data', resolve));
			spdy.write(Buffer.from(rubbish, 'latin1'));
			expect(await answer).toMatch(/^HTTP\/1.1 101 /);
		}
		survived('API: upgrades without a key, of another protocol or version', '400 BadRequest');
	});
});
