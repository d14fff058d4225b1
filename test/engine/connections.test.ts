/**
 * The ways to an engine: over TCP, and through the user's own ssh. A relay stands before the real engine; in
 * place of ssh stands a program that notes how it was called and relays its stdin and stdout, as
 * `docker system dial-stdio` does at the other end.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openEngine } from '../../src/engine/docker.ts';
import { dockerSubject, SLEEP, type Subject } from '../support/contract.ts';
import { engineConnection } from '../support/engine-under-test.ts';

/** A TCP port before the engine. `cutAt`: the n-th request on a connection finds it reset. */
async function relay(
	cutAt = Number.POSITIVE_INFINITY,
): Promise<{ port: number; connections: () => number; close(): void }> {
	const sockets = new Set<net.Socket>();
	let connections = 0;
	const server = net.createServer({ allowHalfOpen: true }, (client) => {
		connections++;
		let requests = 0;
		const upstream = net.connect({ ...engineConnection(), allowHalfOpen: true });
		for (const socket of [client, upstream]) {
			sockets.add(socket);
			socket.on('error', () => undefined);
			socket.on('close', () => sockets.delete(socket));
		}
		client.on('data', () => {
			if (++requests === cutAt) client.resetAndDestroy();
		});
		client.pipe(upstream).pipe(client);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	if (address === null || typeof address === 'string') throw new Error('the relay has no port');
	return {
		port: address.port,
		connections: () => connections,
		close: () => {
			for (const socket of sockets) socket.destroy();
			server.close();
		},
	};
}

describe('an engine', () => {
	let s: Subject;
	let container: string;
	const folder = mkdtempSync(join(tmpdir(), 'podrun-ssh-'));
	beforeAll(async () => {
		s = await dockerSubject();
		container = await s.started('far', SLEEP);
	});
	afterAll(async () => {
		vi.unstubAllEnvs();
		rmSync(folder, { recursive: true });
		await s?.dispose();
	});

	const echo = async (url: string): Promise<string> => {
		const engine = await openEngine({ url, source: 'the test' });
		try {
			expect(engine.address).toBe(url);
			expect((await engine.info()).local).toBe(false);
			const session = await engine.exec(container, { command: ['cat'], stdin: true });
			session.stderr.resume();
			session.stdin?.end('over and back');
			let said = '';
			for await (const chunk of session.stdout) said += String(chunk);
			expect(await session.exitCode).toBe(0);
			return said;
		} finally {
			engine.close();
		}
	};

	it('is reached over TCP, streams in both directions included', async () => {
		const { port, close } = await relay();
		expect(await echo(`tcp://127.0.0.1:${port}`)).toBe('over and back');
		close();
	});

	it('is asked again when a kept connection turns out to be dead, and a signal is not sent twice', async () => {
		const { port, connections, close } = await relay(2);
		const engine = await openEngine({ url: `tcp://127.0.0.1:${port}`, source: 'the test' });
		await engine.ping();
		expect((await engine.inspectContainer(container)).status).toBe('running');
		expect(connections()).toBeGreaterThan(1);
		const kept = connections();
		await expect(engine.killContainer(container, 'WINCH')).rejects.toMatchObject({ code: 'UNREACHABLE' });
		expect(connections()).toBe(kept);
		engine.close();
		close();
	});

	it("is reached through the user's own ssh", async () => {
		const ssh = join(folder, 'ssh');
		const notes = join(folder, 'arguments');
		writeFileSync(
			ssh,
			`#!${process.execPath}
require('node:fs').appendFileSync(${JSON.stringify(notes)}, process.argv.slice(2).join(' ') + '\\n');
const socket = require('node:net').connect({ ...${JSON.stringify(engineConnection())}, allowHalfOpen: true });
process.stdin.pipe(socket).pipe(process.stdout);
`,
		);
		chmodSync(ssh, 0o755);
		vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`);
		expect(await echo('ssh://me@far.example.org:2222')).toBe('over and back');
		expect(readFileSync(notes, 'utf8').split('\n')[0]).toBe(
			'-o ConnectTimeout=30 -T -l me -p 2222 -- far.example.org docker system dial-stdio',
		);
	});

	it("is said to be unreachable in ssh's own words", async () => {
		const ssh = join(folder, 'ssh');
		writeFileSync(ssh, '#!/bin/sh\necho "Host key verification failed." >&2\nexit 255\n');
		chmodSync(ssh, 0o755);
		vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`);
		const opening = openEngine({ url: 'ssh://far.example.org', source: 'DOCKER_HOST' });
		await expect(opening).rejects.toMatchObject({
			code: 'UNREACHABLE',
			message: expect.stringMatching(
				/ssh:\/\/far\.example\.org: Host key verification failed\..*from DOCKER_HOST/,
			),
		});
	});

	it('is said to be missing where no socket is', async () => {
		const opening = openEngine({ url: `unix://${folder}/no.sock`, source: 'DOCKER_HOST' });
		await expect(opening).rejects.toMatchObject({
			code: 'UNREACHABLE',
			message: expect.stringContaining('no such socket'),
		});
	});
});
