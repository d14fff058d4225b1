/** Which connection a call takes: an engine that shuts down closes its door and goes on serving those inside. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openEngine } from '../../../src/engine/docker.ts';
import type { Engine } from '../../../src/engine/engine.ts';

let folder: string;
let path: string;
let server: Server;
let asked: string[];
let engine: Engine;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-door-'));
	asked = [];
	server = createServer((request, response) => {
		asked.push(`${request.method} ${request.url?.replace(/^\/v[\d.]+/, '').replace(/\?.*/, '')}`);
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
