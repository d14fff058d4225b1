/**
 * What the supervisor's process takes of the machine: for whoever asks whether it grows. `GET /podrun/v1/vitals`;
 * with `collect=true` garbage is collected before, so that two answers can be compared.
 */
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openTimers } from '../supervisor/clock.ts';

export interface Vitals {
	/** Bytes of memory. */
	readonly resident: number;
	/** Bytes of JavaScript's heap in use, and of buffers outside of it. */
	readonly heap: number;
	readonly buffers: number;
	/** Open files; undefined where the system does not tell. */
	readonly files?: number;
	/** Timers of the supervisor's clock. */
	readonly timers: number;
	/** What keeps the process busy, by kind: sockets, pipes, requests. */
	readonly resources: Readonly<Record<string, number>>;
}

export function vitals(collect: boolean): Vitals {
	if (collect) collectGarbage();
	const { rss, heapUsed, external } = process.memoryUsage();
	const resources: Record<string, number> = {};
	for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
	const files = openFiles();
	return {
		resident: rss,
		heap: heapUsed,
		buffers: external,
		...(files === undefined ? {} : { files }),
		timers: openTimers(),
		resources,
	};
}

function openFiles(): number | undefined {
	try {
		return readdirSync('/proc/self/fd').length;
	} catch {
		return undefined;
	}
}

function collectGarbage(): void {
	setFlagsFromString('--expose-gc');
	const collector = runInNewContext('gc') as () => void;
	collector();
}
