/**
 * A supervisor without an engine, as a process of its own: takes the lock, serves the in-memory backend on the
 * socket, reports on its descriptor, and leaves when asked. FAIL makes its start fail, OLD gives it a version.
 */
import { rmSync, writeSync } from 'node:fs';
import { acquireLock } from '../../src/apiserver/lock.ts';
import { createApiServer } from '../../src/apiserver/server.ts';
import { resolveEngineAddress } from '../../src/client/engine-address.ts';
import { pathsOf } from '../../src/client/paths.ts';
import type { StartReport } from '../../src/client/spawn.ts';
import { MemoryBackend } from './memory-backend.ts';

const { env } = process;
const report = (told: StartReport) => writeSync(Number(env.PODRUN_READY_FD), `${JSON.stringify(told)}\n`);
const paths = pathsOf(env, resolveEngineAddress(env).url);
const version = env.OLD ?? '0.1.0';

if (env.FAIL === 'silently') {
	process.stderr.write('Error: it broke\n');
	process.exit(1);
}
const lock = acquireLock(paths.lock, version);
if (lock === undefined) {
	report({ state: 'held' });
} else if (env.FAIL !== undefined) {
	report({ state: 'failed', code: 'ENGINE_UNREACHABLE', message: env.FAIL, hint: 'start it' });
	lock.release();
} else {
	const backend = new MemoryBackend();
	const server = createApiServer({
		backend,
		profile: 'local',
		version,
		supervisor: () => ({
			...backend.info(),
			pid: process.pid,
			version,
			startedAt: '2030-01-01T00:00:00Z',
			socket: paths.socket,
			stateFolder: paths.stateFolder,
			profile: 'local',
		}),
		onStop: () => {
			server.close().then(() => lock.release());
		},
	});
	rmSync(paths.socket, { force: true });
	await server.listen(paths.socket);
	report({ state: 'ready' });
}
