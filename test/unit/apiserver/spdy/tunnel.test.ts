/** kubectl's port-forward as its bytes: frames cut anywhere, header compression, pairs of streams, and errors. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { DICTIONARY } from '../../../../src/apiserver/spdy/dictionary.ts';
import {
	controlFrame,
	dataFrame,
	FrameReader,
	firstNumber,
	numbers,
	PING,
	RST_STREAM,
	SpdyError,
	SYN_REPLY,
	SYN_STREAM,
} from '../../../../src/apiserver/spdy/frames.ts';
import { HeaderCodec } from '../../../../src/apiserver/spdy/headers.ts';
import { serveTunnel } from '../../../../src/apiserver/spdy/tunnel.ts';
import { wireOfWebSocket } from '../../../../src/apiserver/spdy/wire.ts';
import { podNamed, serveMemory } from '../../../support/api-fixture.ts';
import { MemoryBackend } from '../../../support/memory-backend.ts';

describe('frames', () => {
	it('come whole out of bytes that were cut anywhere', () => {
		const bytes = Buffer.concat([dataFrame(1, Buffer.from('abc'), true), controlFrame(PING, numbers(7))]);
		const reader = new FrameReader();
		const frames = [...bytes].flatMap((byte) => [...reader.read(Buffer.of(byte))]);
		expect(frames).toEqual([
			{ type: 'data', stream: 1, fin: true, payload: Buffer.from('abc') },
			{ type: 'control', kind: PING, fin: false, payload: numbers(7) },
		]);
	});

	it('of another version, or too long, are refused', () => {
		const old = controlFrame(PING, numbers(1));
		old[1] = 2;
		expect(() => [...new FrameReader().read(old)]).toThrow(SpdyError);
		const long = dataFrame(1, Buffer.alloc(0), false);
		long.writeUIntBE(0xffffff, 5, 3);
		expect(() => [...new FrameReader().read(long)]).toThrow('too long');
	});
});

describe('headers', () => {
	it("begin with the specification's dictionary", () => {
		let [a, b] = [1, 0];
		for (const byte of DICTIONARY) {
			a = (a + byte) % 65_521;
			b = (b + a) % 65_521;
		}
		expect(((b << 16) | a) >>> 0).toBe(0xe3c6a7c2);
	});

	it('are read back block after block, and garbage is refused', async () => {
		const [there, here] = [new HeaderCodec(), new HeaderCodec()];
		for (const port of ['80', '8080', '80']) {
			const headers = { streamtype: 'data', port, requestid: '0' };
			expect(await here.decode(await there.encode(headers))).toEqual(headers);
		}
		await expect(new HeaderCodec().decode(Buffer.from('no zlib at all'))).rejects.toThrow(SpdyError);
		there.close();
		here.close();
	});
});

describe('the tunnel', () => {
	const backend = new MemoryBackend();
	let codec: HeaderCodec;
	let server: WebSocketServer;
	let socket: WebSocket;
	let got: string[];

	beforeEach(async () => {
		await backend.create('Pod', { ...podNamed('web'), metadata: { name: 'web', namespace: 'default' } });
		server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
		server.on('connection', (one) =>
			serveTunnel(wireOfWebSocket(one), backend, { namespace: 'default', pod: 'web' }),
		);
		await once(server, 'listening');
		socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
		got = [];
		codec = new HeaderCodec();
		const reader = new FrameReader();
		socket.on('message', (data: Buffer) => {
			for (const frame of reader.read(data)) {
				if (frame.type === 'data') got.push(`${frame.stream}:${frame.payload}${frame.fin ? '$' : ''}`);
				else if (frame.kind === SYN_REPLY) got.push(`${firstNumber(frame.payload)} open`);
				else if (frame.kind === RST_STREAM) got.push(`${firstNumber(frame.payload)} reset`);
				else if (frame.kind === PING) got.push(`ping ${firstNumber(frame.payload)}`);
			}
		});
		await once(socket, 'open');
	});
	afterEach(async () => {
		socket.terminate();
		codec.close();
		await new Promise((resolve) => server.close(resolve));
		await expect.poll(() => backend.openStreams).toBe(0);
		await backend.delete('Pod', 'default', 'web', { gracePeriodSeconds: 0 });
	});

	async function open(id: number, streamtype: string, port: number): Promise<void> {
		const block = await codec.encode({ streamtype, port: String(port), requestid: '0' });
		const head = Buffer.concat([numbers(id, 0), Buffer.of(0, 0)]);
		socket.send(controlFrame(SYN_STREAM, Buffer.concat([head, block])));
	}

	it('carries bytes both ways, half-closes, and ends the error stream last', async () => {
		await open(1, 'error', 7);
		await open(3, 'data', 7);
		socket.send(dataFrame(1, Buffer.alloc(0), true));
		socket.send(dataFrame(3, Buffer.from('ping'), false));
		await expect.poll(() => got).toEqual(['1 open', '3 open', '3:ping']);
		socket.send(dataFrame(3, Buffer.alloc(0), true));
		await expect.poll(() => [...got].sort()).toEqual(['1 open', '1:$', '3 open', '3:$', '3:ping']);
		socket.send(controlFrame(PING, numbers(9)));
		await expect.poll(() => got.at(-1)).toBe('ping 9');
	});

	it('tells a refused connection on the error stream', async () => {
		await open(1, 'error', 8);
		await open(3, 'data', 8);
		await expect
			.poll(() => got)
			.toContain('1:error forwarding port 8 to pod web: connection refused: port 8');
		await expect.poll(() => got).toContain('3 reset');
	});

	it('cuts off a client that breaks the protocol', async () => {
		socket.send(controlFrame(SYN_STREAM, Buffer.concat([numbers(1, 0), Buffer.from('..garbage')])));
		const [code] = (await once(socket, 'close')) as [number];
		expect(code).toBe(1002);
	});
});

it("answers kubectl's subprotocol, whose name RFC 6455 would not allow", async () => {
	await using api = await serveMemory();
	await api.backend.create('Pod', { ...podNamed('web'), metadata: { name: 'web', namespace: 'default' } });
	const asked = request({
		socketPath: api.socket,
		path: '/api/v1/namespaces/default/pods/web/portforward',
		headers: {
			connection: 'Upgrade',
			upgrade: 'websocket',
			'sec-websocket-version': '13',
			'sec-websocket-key': Buffer.alloc(16, 1).toString('base64'),
			'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
		},
	}).end();
	const [answer, socket] = await once(asked, 'upgrade');
	expect(answer.statusCode).toBe(101);
	expect(answer.headers['sec-websocket-protocol']).toBe('SPDY/3.1+portforward.k8s.io');
	socket.destroy();
});
