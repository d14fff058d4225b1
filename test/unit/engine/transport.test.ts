/** Which connection a call takes: an engine that shuts down closes its door and goes on serving those inside. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openEngine } from '../../../src/engine/docker.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { eventually } from '../../support/eventually.ts';

let folder: string;
let path: string;
let server: Server;
let asked: string[];
let engine: Engine;
/** It takes calls and does not answer. */
let silent: boolean;
let held: (() => void)[];

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-door-'));
	asked = [];
	silent = false;
	held = [];
	server = createServer(async (request, response) => {
		asked.push(`${request.method} ${request.url?.replace(/^\/v[\d.]+/, '').replace(/\?.*/, '')}`);
		if (silent) await new Promise<void>((resolve) => held.push(resolve));
		response.setHeader('content-type', 'application/json');
		if (request.url === '/version') response.end('{"ApiVersion":"1.41","MinAPIVersion":"1.12"}');
		else if (request.url?.includes('/containers/json')) response.end('[]');
		else response.writeHead(404).end('{"message":"no such thing"}');
	});
	path = join(folder, 'sock');
	await new Promise<void>((resolve) => server.listen(path, resolve));
	engine = await openEngine({ url: `unix://${path}`, source: 'the test' });
	asked = [];
});

afterEach(() => {
	engine.close();
	server.closeAllConnections();
	rmSync(folder, { recursive: true, force: true });
});

it('looks go on over kept connections, nothing is made once the door is closed', async () => {
	await engine.listContainers([]);
	// As dockerd does: nobody comes in any more, those inside stay.
	rmSync(path);
	expect(await engine.listContainers([])).toEqual([]);
	const options = { name: 'one', image: 'busybox:1.36', labels: {}, networkMode: 'none' };
	const network = { name: 'n', subnet: '10.0.0.0/24', labels: {} };
	await expect(engine.createContainer(options)).rejects.toMatchObject({ code: 'UNREACHABLE' });
	await expect(engine.startContainer('one')).rejects.toMatchObject({ code: 'UNREACHABLE' });
	await expect(engine.createNetwork(network)).rejects.toMatchObject({ code: 'UNREACHABLE' });
	await expect(engine.ping()).rejects.toMatchObject({ code: 'UNREACHABLE' });
	expect(asked).toEqual(['GET /containers/json', 'GET /containers/json']);
});

it('an answer that does not come can be given up', async () => {
	silent = true;
	const waiting = [engine.listContainers([]), engine.startContainer('one')];
	const told = Promise.allSettled(waiting);
	await eventually(() => asked.length === 2);
	const cut = engine.unanswered();
	const later = engine.listContainers([]);
	await eventually(() => asked.length === 3);
	cut();
	for (const { status, reason } of (await told) as PromiseRejectedResult[]) {
		expect(status).toBe('rejected');
		expect(reason).toMatchObject({
			code: 'UNREACHABLE',
			message: `the Docker engine at unix://${path} does not answer`,
		});
	}
	// Whoever asked afterwards waits on, and a call that was answered is none of it.
	silent = false;
	for (const answer of held.splice(0)) answer();
	expect(await later).toEqual([]);
	cut();
});

it('a ping that does not come back ends with its signal', async () => {
	silent = true;
	const limit = new AbortController();
	const asking = engine.ping(limit.signal);
	await eventually(() => asked.length === 1);
	limit.abort();
	await expect(asking).rejects.toMatchObject({ code: 'ABORTED' });
});
