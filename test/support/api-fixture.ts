/**
 * An API server over the in-memory backend, on a unix socket in a folder of its own, with a client of it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type ApiServer, createApiServer } from '../../src/apiserver/server.ts';
import { type Client, createClient } from '../../src/client/client.ts';
import { MemoryBackend } from './memory-backend.ts';

export interface ApiFixture extends AsyncDisposable {
	readonly backend: MemoryBackend;
	readonly server: ApiServer;
	readonly client: Client;
	readonly socket: string;
	/** Times that the supervisor was asked to stop. */
	readonly stops: () => number;
	readonly bugs: unknown[];
}

/** `version`: of the supervisor, as its answers tell it. */
export async function serveMemory(version?: string): Promise<ApiFixture> {
	const folder = await mkdtemp(join(tmpdir(), 'podrun-api-'));
	const socket = join(folder, 'api.sock');
	const backend = new MemoryBackend();
	const bugs: unknown[] = [];
	let stops = 0;
	const server = createApiServer({
		backend,
		supervisor: () => ({
			...backend.info(),
			pid: process.pid,
			version: '0.0.0',
			startedAt: '2030-01-01T00:00:00Z',
			socket,
			stateFolder: folder,
			profile: 'local',
		}),
		profile: 'local',
		...(version === undefined ? {} : { version }),
		onStop: () => {
			stops += 1;
		},
		onError: (error) => bugs.push(error),
	});
	await server.listen(socket);
	const client = createClient({ socket });
	return {
		backend,
		server,
		client,
		socket,
		bugs,
		stops: () => stops,
		async [Symbol.asyncDispose]() {
			client.close();
			await server.close();
			await rm(folder, { recursive: true });
		},
	};
}

/** The same with the pod default/web. */
export async function serveWeb(): Promise<ApiFixture> {
	const api = await serveMemory();
	await api.backend.create('Pod', { ...podNamed('web'), metadata: { name: 'web', namespace: 'default' } });
	return api;
}

/** Ends it once every stream has ended by itself, and shows what went wrong inside. */
export async function endStreams(api: ApiFixture): Promise<void> {
	await expect.poll(() => api.backend.openStreams).toBe(0);
	expect(api.bugs).toEqual([]);
	await api[Symbol.asyncDispose]();
}

export function podNamed(name: string, labels: Record<string, string> = {}) {
	return {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name, labels },
		spec: { containers: [{ name: 'web', image: 'nginx' }] },
	};
}
