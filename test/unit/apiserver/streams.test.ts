/** log, exec, attach and port-forward through the client, and over the protocols of Kubernetes' own clients. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ApiError } from '../../../src/api/errors.ts';
import { runRemote } from '../../../src/cli/remote-process.ts';
import type { Query } from '../../../src/client/client.ts';
import { forwardConnection } from '../../../src/client/forward.ts';
import { type ApiFixture, endStreams, serveWeb } from '../../support/api-fixture.ts';

const TARGET = { namespace: 'default', pod: 'web' };
const POD = '/api/v1/namespaces/default/pods/web';
let api: ApiFixture;
beforeEach(async () => {
	api = await serveWeb();
});
afterEach(() => endStreams(api));

function rawSocket(path: string, ...protocols: string[]): WebSocket {
	return new WebSocket(`ws://localhost${path}`, protocols, { createConnection: () => connect(api.socket) });
}

/** As `podrun exec` and `attach` do it: what came out, and how it ended. */
async function remote(path: string, query: Query, stdin?: Buffer, terminal?: PassThrough) {
	const stdout = new PassThrough();
	const stderr = new PassThrough();
	const streams = { stdout, stderr, ...(stdin ? { stdin: new PassThrough().end(stdin) } : {}) };
	const said = Promise.all([buffer(stdout), buffer(stderr)]);
	const asked = { ...query, stdin: stdin !== undefined, stdout: true, stderr: true };
	const ended = await runRemote(api.client, path, asked, streams, terminal).finally(() => {
		stdout.end();
		stderr.end();
	});
	const [out, err] = await said;
	return { stdout: out, stderr: err, ended };
}

describe('log', () => {
	it('passes every option on and sends the bytes as they are', async () => {
		api.backend.logTexts.set('default/web', 'one\ntwo\n');
		const query = { container: 'web', previous: true, tailLines: 5, sinceSeconds: 60, timestamps: true };
		expect(await text(await api.client.stream(`${POD}/log`, query))).toBe('one\ntwo\n');
		expect(api.backend.lastLog).toEqual({ ...query, follow: false });
		await expect(api.client.stream(`${POD}/log`, { tailLines: 'x' })).rejects.toThrow('tailLines');
	});

	it('follows until the client goes, and then lets go of the log', async () => {
		const log = new PassThrough();
		api.backend.logTexts.set('default/web', log as Readable);
		const abort = new AbortController();
		const stream = await api.client.stream(`${POD}/log`, { follow: true }, abort.signal);
		log.write('first\n');
		const [chunk] = (await once(stream, 'data')) as [Buffer];
		expect(chunk.toString()).toBe('first\n');
		stream.on('error', () => {});
		abort.abort();
		await expect.poll(() => log.destroyed).toBe(true);
	});
});

describe('exec and attach', () => {
	it('carries stdout, stderr and the exit code', async () => {
		const echo = await remote(`${POD}/exec`, { command: ['echo', 'a', 'b'] });
		expect(echo).toMatchObject({ stdout: Buffer.from('a b\n'), ended: { type: 'exit', code: 0 } });
		const fail = await remote(`${POD}/exec`, { command: ['fail', '3'], container: 'web' });
		expect(fail).toMatchObject({ stderr: Buffer.from('it went wrong\n'), ended: { type: 'exit', code: 3 } });
		expect(api.backend.lastExec).toMatchObject({ container: 'web', command: ['fail', '3'], tty: false });
	});

	it('carries a large stdin unharmed, its end, and the size of the terminal', async () => {
		const bytes = Buffer.alloc(5 * 1024 * 1024, 'podrun');
		const terminal = Object.assign(new PassThrough(), { columns: 80, rows: 24 });
		const cat = await remote(`${POD}/exec`, { command: ['cat'] }, bytes, terminal);
		expect(cat.stdout.equals(bytes)).toBe(true);
		expect(cat.ended).toEqual({ type: 'exit', code: 0 });
		expect(api.backend.sizes).toEqual(['80x24']);
		const attached = await remote(`${POD}/attach`, {}, Buffer.from('hello'));
		expect(attached.stdout.toString()).toBe('hello');
	});

	it('refuses before the upgrade with a Status, and tells a start that failed', async () => {
		const nobody = remote('/api/v1/namespaces/default/pods/nobody/exec', { command: ['echo'] });
		await expect(nobody).rejects.toMatchObject({ status: { code: 404, message: 'pods "nobody" not found' } });
		await expect(remote(`${POD}/exec`, {})).rejects.toBeInstanceOf(ApiError);
		const broken = await remote(`${POD}/exec`, { command: ['broken'] });
		expect(broken.ended).toMatchObject({
			type: 'error',
			status: { message: expect.stringContaining('broken: not found') },
		});
	});

	it('ends the process when the client goes', async () => {
		const socket = rawSocket(`${POD}/exec?command=cat&stdin=true&stdout=true`, 'v5.channel.k8s.io');
		await once(socket, 'open');
		await expect.poll(() => api.backend.openStreams).toBe(1);
		socket.close();
		await expect.poll(() => api.backend.openStreams).toBe(0);
	});

	it('speaks v4.channel.k8s.io as well, and nothing that it does not know', async () => {
		const query = 'command=echo&command=x&stdout=true';
		const socket = rawSocket(`${POD}/exec?${query}`, 'v4.channel.k8s.io');
		const messages: string[] = [];
		socket.on('message', (data: Buffer) => messages.push(`${data[0]} ${data.subarray(1).toString()}`));
		await once(socket, 'close');
		expect(messages).toEqual(['1 x\n', '3 {"metadata":{},"status":"Success"}']);
		const other = rawSocket(`${POD}/exec?${query}`, 'v9.channel.k8s.io');
		const [error] = (await once(other, 'error')) as [Error];
		expect(error.message).toContain('400');
	});
});

describe('what older client libraries speak', () => {
	const heard = async (query: string, ...protocols: string[]) => {
		const socket = rawSocket(`${POD}/exec?${query}`, ...protocols);
		const messages: string[] = [];
		socket.on('message', (data: Buffer, binary: boolean) => {
			const text = data.toString();
			messages.push(
				binary ? `${data[0]} ${text.slice(1)}` : `${text[0]} ${Buffer.from(text.slice(1), 'base64')}`,
			);
		});
		if (query.includes('stdin')) {
			socket.once('open', () => {
				socket.send(`4${Buffer.from('{"Width":80,"Height":24}').toString('base64')}`);
				socket.send(`0${Buffer.from('typed').toString('base64')}`);
			});
			await expect.poll(() => messages).toEqual(['1 typed']);
			socket.close();
		}
		await once(socket, 'close');
		return messages;
	};

	it('is binary where no protocol is named, and tells a failure in a sentence', async () => {
		const failed = 'command terminated with non-zero exit code: exit status 3';
		for (const protocols of [[], ['channel.k8s.io']]) {
			expect(await heard('command=fail&command=3&stdout=1&stderr=1', ...protocols)).toEqual([
				'2 it went wrong\n',
				`3 ${failed}`,
			]);
			expect(await heard('command=echo&command=x&stdout=1', ...protocols)).toEqual(['1 x\n']);
		}
	});

	it('is base64 in texts', async () => {
		expect(await heard('command=echo&command=x&stdout=1', 'base64.channel.k8s.io')).toEqual(['1 x\n']);
		expect(await heard('command=echo&command=x&stdout=1', 'v4.base64.channel.k8s.io')).toEqual([
			'1 x\n',
			'3 {"metadata":{},"status":"Success"}',
		]);
		await heard('command=cat&stdin=1&stdout=1&tty=1', 'v4.base64.channel.k8s.io');
		expect(api.backend.sizes).toEqual(['80x24']);
	});

	it('forwards ports so too', async () => {
		const socket = rawSocket(`${POD}/portforward?ports=7`, 'v4.base64.channel.k8s.io');
		const received: string[] = [];
		socket.on('message', (data: Buffer) => received.push(data.toString()));
		await once(socket, 'open');
		socket.send(`0${Buffer.from('ping').toString('base64')}`);
		await expect
			.poll(() => received)
			.toEqual(['0BwA=', '1BwA=', `0${Buffer.from('ping').toString('base64')}`]);
		socket.close();
	});
});

describe('port-forward', () => {
	it('carries one connection with its half-close', async () => {
		const bytes = Buffer.alloc(3 * 1024 * 1024, 'echo');
		const connection = await forwardConnection(api.client, { ...TARGET, port: 7 });
		connection.end(bytes);
		expect((await buffer(connection)).equals(bytes)).toBe(true);
	});

	it('refuses a port where nobody listens, and one that is none', async () => {
		await expect(forwardConnection(api.client, { ...TARGET, port: 8 })).rejects.toThrow('connection refused');
		await expect(forwardConnection(api.client, { ...TARGET, port: 0 })).rejects.toThrow('1 to 65535');
	});

	it('speaks the channels of client libraries', async () => {
		const socket = rawSocket(`${POD}/portforward?ports=7&ports=8`, 'v4.channel.k8s.io');
		const received = new Map<number, Buffer>();
		socket.on('message', (data: Buffer) => {
			const channel = data[0] ?? 0;
			received.set(channel, Buffer.concat([received.get(channel) ?? Buffer.alloc(0), data.subarray(1)]));
		});
		await once(socket, 'open');
		socket.send(Buffer.from([0, ...Buffer.from('ping')]));
		await expect.poll(() => received.get(0)?.subarray(2).toString()).toBe('ping');
		expect(received.get(0)?.readUInt16LE()).toBe(7);
		await expect.poll(() => received.get(3)?.subarray(2).toString()).toContain('connection refused');
		socket.close();
	});
});
