/** exec, attach and port-forward of clients that know SPDY only, as bytes on the socket of the API. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
	controlFrame,
	dataFrame,
	FrameReader,
	numbers,
	RST_STREAM,
	SYN_STREAM,
} from '../../../../src/apiserver/spdy/frames.ts';
import { HeaderCodec } from '../../../../src/apiserver/spdy/headers.ts';
import { type ApiFixture, endStreams, serveWeb } from '../../../support/api-fixture.ts';

const POD = '/api/v1/namespaces/default/pods/web';
let api: ApiFixture;
beforeEach(async () => {
	api = await serveWeb();
});
afterEach(() => endStreams(api));

/** A client as client-go is one: each stream named by its headers, texts kept by stream. */
class SpdyClient {
	readonly socket: Duplex;
	readonly protocol: string;
	readonly heard = new Map<number, string>();
	readonly #codec = new HeaderCodec();
	#id = -1;

	constructor(socket: Duplex, protocol: string) {
		this.socket = socket;
		this.protocol = protocol;
		const reader = new FrameReader();
		socket.on('data', (bytes: Buffer) => {
			for (const frame of reader.read(bytes)) {
				if (frame.type !== 'data') continue;
				const text = `${frame.payload.toString()}${frame.fin ? '$' : ''}`;
				this.heard.set(frame.stream, (this.heard.get(frame.stream) ?? '') + text);
			}
		});
		socket.once('close', () => this.#codec.close());
	}

	async open(headers: Record<string, string>): Promise<number> {
		this.#id += 2;
		const block = await this.#codec.encode(headers);
		const head = Buffer.concat([numbers(this.#id, 0), Buffer.of(0, 0)]);
		this.socket.write(controlFrame(SYN_STREAM, Buffer.concat([head, block])));
		return this.#id;
	}

	send(stream: number, text: string, fin = false): void {
		this.socket.write(dataFrame(stream, Buffer.from(text), fin));
	}
}

function upgrade(path: string, protocols: string | string[]): Promise<SpdyClient> {
	const { promise, resolve, reject } = Promise.withResolvers<SpdyClient>();
	const headers = {
		connection: 'Upgrade',
		upgrade: 'SPDY/3.1',
		'x-stream-protocol-version': protocols,
	};
	const asked = request({ socketPath: api.socket, method: 'POST', path, headers });
	asked.once('upgrade', (answer, socket) => {
		expect(answer.headers.upgrade).toBe('SPDY/3.1');
		resolve(new SpdyClient(socket, String(answer.headers['x-stream-protocol-version'])));
	});
	asked.once('response', (answer) => {
		let text = '';
		answer.on('data', (chunk) => {
			text += chunk;
		});
		answer.once('end', () => reject(new Error(`${answer.statusCode}: ${JSON.parse(text).message}`)));
	});
	asked.once('error', reject).end();
	return promise;
}

const KUBECTL = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];

describe('exec', () => {
	it('carries output, and its exit code as a Status, and then ends the connection', async () => {
		const client = await upgrade(`${POD}/exec?command=fail&command=3&stdout=true&stderr=true`, KUBECTL);
		expect(client.protocol).toBe('v4.channel.k8s.io');
		const [error, out, err] = [
			await client.open({ streamtype: 'error' }),
			await client.open({ streamtype: 'stdout' }),
			await client.open({ streamtype: 'stderr' }),
		];
		await once(client.socket, 'end');
		expect(client.heard.get(out)).toBe('$');
		expect(client.heard.get(err)).toBe('it went wrong\n$');
		expect(JSON.parse(client.heard.get(error)?.slice(0, -1) ?? '')).toMatchObject({
			status: 'Failure',
			reason: 'NonZeroExitCode',
			details: { causes: [{ reason: 'ExitCode', message: '3' }] },
		});
		client.socket.destroy();
	});

	it('tells the end in a sentence to a client of before v4', async () => {
		const client = await upgrade(`${POD}/exec?command=fail&command=3&stderr=true`, 'v2.channel.k8s.io');
		const error = await client.open({ streamtype: 'error' });
		await client.open({ streamtype: 'stderr' });
		await once(client.socket, 'end');
		expect(client.heard.get(error)).toBe('command terminated with non-zero exit code: exit status 3$');
		client.socket.destroy();
	});

	it('carries stdin with its end and sizes of the terminal, wherever they are cut', async () => {
		const client = await upgrade(`${POD}/exec?command=cat&stdin=1&stdout=1&tty=1`, KUBECTL);
		await client.open({ streamtype: 'error' });
		const input = await client.open({ streamtype: 'stdin' });
		const output = await client.open({ streamtype: 'stdout' });
		const sizes = await client.open({ streamtype: 'resize' });
		client.send(sizes, '{"Width":80,"Hei');
		client.send(sizes, 'ght":24}\n{"Width":100,"Height":30}\n');
		await expect.poll(() => api.backend.sizes).toEqual(['80x24', '100x30']);
		client.send(input, 'typed');
		await expect.poll(() => client.heard.get(output)).toBe('typed');
		client.send(input, '', true);
		await once(client.socket, 'end');
		expect(client.heard.get(output)).toBe('typed$');
		client.socket.destroy();
	});

	it('ends the process when the client goes, also one that opened no streams', async () => {
		const client = await upgrade(`${POD}/exec?command=cat&stdin=1&stdout=1`, KUBECTL);
		expect(api.backend.openStreams).toBe(1);
		client.socket.destroy();
		await expect.poll(() => api.backend.openStreams).toBe(0);
		const other = await upgrade(`${POD}/attach?stdin=1&stdout=1`, KUBECTL);
		for (const streamtype of ['error', 'stdin', 'stdout']) await other.open({ streamtype });
		other.socket.end();
		await expect.poll(() => api.backend.openStreams).toBe(0);
	});

	it('is refused before the upgrade: no such pod, no protocol in common', async () => {
		const nobody = POD.replace('web', 'nobody');
		await expect(upgrade(`${nobody}/exec?command=x&stdout=1`, KUBECTL)).rejects.toThrow(
			'404: pods "nobody" not found',
		);
		await expect(upgrade(`${POD}/exec?command=x&stdout=1`, 'v9.channel.k8s.io')).rejects.toThrow(
			'403: unable to upgrade: unable to negotiate protocol: client supports [v9.channel.k8s.io]',
		);
	});

	it('is cut off when the client breaks the protocol', async () => {
		const client = await upgrade(`${POD}/exec?command=cat&stdin=1&stdout=1`, KUBECTL);
		client.socket.write(controlFrame(SYN_STREAM, Buffer.concat([numbers(1, 0), Buffer.from('..garbage')])));
		await once(client.socket, 'close');
	});
});

it('port-forward joins pairs of streams, and a stream that is reset ends its connection', async () => {
	const client = await upgrade(`${POD}/portforward`, 'portforward.k8s.io');
	expect(client.protocol).toBe('portforward.k8s.io');
	const pair = { port: '7', requestid: '0' };
	await client.open({ streamtype: 'error', ...pair });
	const data = await client.open({ streamtype: 'data', ...pair });
	client.send(data, 'ping');
	await expect.poll(() => client.heard.get(data)).toBe('ping');
	client.socket.write(controlFrame(RST_STREAM, numbers(data, 5)));
	await expect.poll(() => api.backend.openStreams).toBe(0);
	client.socket.destroy();
});
