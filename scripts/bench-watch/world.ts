/** What the measurements share: a folder, an instance of podrun's own, the engine, and waiting with a clock. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';

export const docker = new Docker();
export const BIN = process.env.PODRUN_BIN ?? fileURLToPath(new URL('../../dist/podrun.js', import.meta.url));
export const folder = mkdtempSync(join(tmpdir(), 'podrun-bench-'));
export const instance = `bench${process.pid}`;
export const env = {
	...process.env,
	PODRUN_INSTANCE: instance,
	PODRUN_STATE_HOME: join(folder, 'state'),
	NO_COLOR: '1',
};
/** Ended when all is over. */
export const children: ChildProcess[] = [];

/** ms until `look` says yes; throws after half a minute. */
export async function until(what: string, look: () => boolean | Promise<boolean>): Promise<number> {
	const began = performance.now();
	for (;;) {
		if (await look()) return performance.now() - began;
		if (performance.now() - began > 30_000) throw new Error(`not within 30 s: ${what}`);
		await delay(1);
	}
}

export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export function textOf(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return undefined;
	}
}

/** Where a running container's file is seen from here. */
export async function seen(filters: Record<string, string[]>, path: string): Promise<string> {
	const [found] = await docker.listContainers({ filters });
	if (found === undefined) throw new Error(`no container for ${JSON.stringify(filters)}`);
	const { State } = await docker.getContainer(found.Id).inspect();
	return `/proc/${State.Pid}/root${path}`;
}
