/** How a client finds, starts, replaces and outlives supervisors; each is a process of its own without an engine. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SupervisorInfo } from '../../src/api/backend.ts';
import type { Client } from '../../src/client/client.ts';
import { connect, findSupervisor, stopSupervisor, supervisorPaths } from '../../src/client/connect.ts';
import { podNamed } from '../support/api-fixture.ts';

const PROGRAM = fileURLToPath(new URL('../support/memory-supervisor.ts', import.meta.url));
const command = [process.execPath, PROGRAM];
let env: NodeJS.ProcessEnv;
let folder: string;

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'podrun-connect-'));
	env = {
		PATH: process.env.PATH,
		PODRUN_STATE_HOME: folder,
		DOCKER_HOST: 'unix:///nowhere',
		PODRUN_INSTANCE: 't',
	};
});
afterEach(async () => {
	await stopSupervisor({ env });
	rmSync(folder, { recursive: true });
});

async function pidOf(client: Client): Promise<number> {
	return (await client.request<SupervisorInfo>('GET', '/podrun/v1/supervisor')).pid;
}

it('starts a supervisor once, also when many commands begin at the same instant', async () => {
	const clients = await Promise.all([1, 2, 3, 4].map(() => connect({ env, command })));
	const pids = new Set(await Promise.all(clients.map(pidOf)));
	expect(pids.size).toBe(1);
	const { socket, stateFolder } = supervisorPaths({ env });
	expect(statSync(socket).mode & 0o777).toBe(0o600);
	expect(statSync(stateFolder).mode & 0o777).toBe(0o700);
	expect(await findSupervisor({ env })).toMatchObject({ pid: [...pids][0] });
	for (const client of clients) client.close();
});

it('brings a new supervisor when the one it knew is killed, in the middle of a watch too', async () => {
	const client = await connect({ env, command });
	const first = await pidOf(client);
	const events = client.watch('/api/v1/pods')[Symbol.asyncIterator]();
	expect((await events.next()).value?.type).toBe('BOOKMARK');
	process.kill(first, 'SIGKILL');
	await expect.poll(() => findSupervisor({ env })).toBeUndefined();
	await client.request('POST', '/api/v1/namespaces/default/pods', { body: podNamed('web') });
	expect(await pidOf(client)).not.toBe(first);
	expect((await events.next()).value).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'web' } } });
	await events.return?.();
	client.close();
});

it('replaces an older supervisor and says so, and talks to a newer one', async () => {
	const old = await connect({ env: { ...env, OLD: '0.0.9' }, command });
	const first = await pidOf(old);
	const notices: string[] = [];
	const client = await connect({ env, command, onNotice: (notice) => notices.push(notice) });
	expect(await pidOf(client)).not.toBe(first);
	expect(notices).toEqual([expect.stringContaining('replacing the supervisor of version 0.0.9')]);
	old.close();
	client.close();
});

it('never writes to an older supervisor, and follows nothing of it', async () => {
	const old = await connect({ env: { ...env, OLD: '0.0.9' }, command });
	await old.request('POST', '/api/v1/namespaces/default/pods', { body: podNamed('before') });
	const client = await connect({ env, command });
	const body = podNamed('after');
	await client.request('POST', '/api/v1/namespaces/default/pods', { body, repeatable: true });
	const { items } = await client.list('/api/v1/pods');
	expect(items.map(({ metadata }) => metadata.name)).toEqual(['after']);
	const again = await connect({ env, command });
	const events = again.watch('/api/v1/pods')[Symbol.asyncIterator]();
	expect((await events.next()).value).toMatchObject({
		type: 'ADDED',
		object: { metadata: { name: 'after' } },
	});
	expect((await events.next()).value?.type).toBe('BOOKMARK');
	await events.return?.();
	for (const one of [old, client, again]) one.close();
});

it("passes the start's failure on in its own words", async () => {
	const failing = connect({ env: { ...env, FAIL: 'no engine at unix:///nowhere' }, command });
	await expect(failing).rejects.toMatchObject({
		code: 'ENGINE_UNREACHABLE',
		message: 'no engine at unix:///nowhere',
		hint: 'start it',
	});
	const silent = connect({ env: { ...env, FAIL: 'silently' }, command });
	await expect(silent).rejects.toThrow('it ended with: Error: it broke');
	await expect(connect({ env, command: ['/no/such/program'] })).rejects.toMatchObject({ code: 'SUPERVISOR' });
});

it('starts nothing when told so, and is not fooled by a socket and a lock that were left behind', async () => {
	await expect(connect({ env, command, start: false })).rejects.toThrow('no supervisor runs');
	const first = await connect({ env, command });
	process.kill(await pidOf(first), 'SIGKILL');
	first.close();
	await expect.poll(() => findSupervisor({ env })).toBeUndefined();
	const { lock } = supervisorPaths({ env });
	expect(statSync(lock).isFile()).toBe(true);
	const second = await connect({ env, command });
	expect(await pidOf(second)).toBeGreaterThan(0);
	second.close();
});

it('refuses a state folder that is no folder', async () => {
	writeFileSync(join(folder, 'podrun'), '');
	await expect(connect({ env, command })).rejects.toThrow('cannot use the state folder');
});
