/** How an exec ends that its engine has lost. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openEngine } from '../../../src/engine/docker.ts';

it('an exec that went with its container was killed, though its stream never ends and the engine forgot it', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'podrun-exec-'));
	const server = createServer((request, response) => {
		response.setHeader('content-type', 'application/json');
		if (request.url === '/version') response.end('{"ApiVersion":"1.41","MinAPIVersion":"1.12"}');
		else if (request.method === 'POST') response.writeHead(201).end('{"Id":"e"}');
		else response.writeHead(404).end('{"message":"No such exec instance: e"}');
	});
	server.on('upgrade', (_request, socket) => {
		socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
		onTestFinished(() => void socket.destroy());
	});
	const path = join(folder, 'sock');
	await new Promise<void>((resolve) => server.listen(path, resolve));
	const engine = await openEngine({ url: `unix://${path}`, source: 'the test' });
	onTestFinished(() => {
		engine.close();
		server.closeAllConnections();
		rmSync(folder, { recursive: true });
	});
	const session = await engine.exec('c', { command: ['touch', '/go'] });
	expect(await session.exitCode).toBe(137);
});
