/** Containers that an engine lists though it has them no more. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openEngine } from '../../../src/engine/docker.ts';
import type { Engine } from '../../../src/engine/engine.ts';

const LISTED = [
	{ Id: 'stays', Names: ['/stays'], State: 'running' },
	{ Id: 'going', Names: ['/going'], State: 'removing' },
	{ Id: 'nameless', Names: [], State: 'removing' },
	{ Id: 'ghost', Names: [], State: 'removing' },
];
let folder: string;
let server: Server;
let engine: Engine;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-ghosts-'));
	server = createServer((request, response) => {
		response.setHeader('content-type', 'application/json');
		if (request.url === '/version') response.end('{"ApiVersion":"1.41","MinAPIVersion":"1.12"}');
		else if (request.url?.includes('/containers/json')) response.end(JSON.stringify(LISTED));
		else if (request.url?.includes('/ghost/'))
			response.writeHead(404).end('{"message":"No such container: ghost"}');
		else
			response.end('{"Id":"nameless","Name":"","State":{"Status":"removing"},"Config":{},"HostConfig":{}}');
	});
	const path = join(folder, 'sock');
	await new Promise<void>((resolve) => server.listen(path, resolve));
	engine = await openEngine({ url: `unix://${path}`, source: 'the test' });
});

afterEach(() => {
	engine.close();
	server.closeAllConnections();
	rmSync(folder, { recursive: true, force: true });
});

it('what the engine lists but does not have is not listed', async () => {
	const listed = await engine.listContainers([]);
	expect(listed.map(({ id }) => id)).toEqual(['stays', 'going', 'nameless']);
});
