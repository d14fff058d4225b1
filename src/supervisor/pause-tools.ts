/** The pause's own work on the volumes that it mounts, by exec: it reaches them on any engine. See src/pause/volumes.h. */
import { text } from 'node:stream/consumers';
import type { Engine } from '../engine/engine.ts';
import { VOLUMES_PATH } from '../translate/volumes.ts';

type Exec = Pick<Engine, 'exec'>;

/**
 * Makes `folder` the version that a volume of configs shows, in one step, with these names at its top; what else
 * stands there goes.
 */
export async function swapVersion(
	engine: Exec,
	sandboxID: string,
	volume: string,
	folder: string,
	names: readonly string[],
): Promise<void> {
	await run(engine, sandboxID, ['swap', `${VOLUMES_PATH}/${volume}`, folder, ...names]);
}

/**
 * fsGroup: hands a whole volume over to the group. `onRootMismatch`: only if its root is not the group's own yet
 * (fsGroupChangePolicy).
 */
export async function ownVolume(
	engine: Exec,
	sandboxID: string,
	volume: string,
	gid: number,
	onRootMismatch: boolean,
): Promise<void> {
	const lazy = onRootMismatch ? ['lazy'] : [];
	await run(engine, sandboxID, ['own', String(gid), `${VOLUMES_PATH}/${volume}`, ...lazy]);
}

/** Bytes on the disk of each volume, in their order. */
export async function usageOfVolumes(
	engine: Exec,
	sandboxID: string,
	volumes: readonly string[],
): Promise<number[]> {
	const told = await run(engine, sandboxID, ['usage', ...volumes.map((name) => `${VOLUMES_PATH}/${name}`)]);
	return told.trim().split('\n').map(Number);
}

/** What it printed. Throws an Error with its own words when it did not succeed. */
async function run(engine: Exec, sandboxID: string, args: readonly string[]): Promise<string> {
	const session = await engine.exec(sandboxID, { command: ['/pause', ...args], stdout: true, stderr: true });
	const [out, said, code] = await Promise.all([text(session.stdout), text(session.stderr), session.exitCode]);
	if (code !== 0)
		throw new Error(`pause ${args[0]} failed: ${said.trim() || out.trim() || `exit code ${code}`}`);
	return out;
}
