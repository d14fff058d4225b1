/**
 * A soak: many pods with probes each second, a third of them crash-looping, some applied and deleted all the time,
 * watches that open and close; and two witnesses beside it, who watch every pod and compare what they are told with
 * each other, with the engine's own events, and with the list at the end. Used by scripts/soak.ts and soak.test.ts.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { KubeObject, Pod } from '../../src/api/types.ts';
import type { Vitals } from '../../src/apiserver/vitals.ts';
import { type Client, createClient } from '../../src/client/client.ts';
import { docker, leftovers, removeLeftovers } from '../support/checks.ts';
import { pod, server, sh } from '../support/manifests.ts';
import { Witness } from './witness.ts';

const run = promisify(execFile);
const PODS = '/api/v1/namespaces/default/pods';
/** ms between samples of the supervisor's vitals. */
const SAMPLE_EVERY = 5_000;

export interface SoakOptions {
	/** Path of the built CLI. */
	readonly bin: string;
	readonly pods: number;
	readonly seconds: number;
	/** Pods of them that are deleted and applied again all the time. */
	readonly churned: number;
	/** ms from one of them to the next. */
	readonly churnEvery: number;
	readonly say?: (line: string) => void;
}

export interface Sample extends Vitals {
	/** s since all pods ran. */
	readonly at: number;
}

export interface SoakReport {
	readonly samples: readonly Sample[];
	/** Changes of pods that each of the witnesses was told, and those that one of them missed. */
	readonly changes: number;
	readonly lost: readonly string[];
	/** Starts and ends of containers that the engine told, and ms until the pod's status told them too. */
	readonly lags: readonly number[];
	/** The slowest of them, in words. */
	readonly slowest: readonly string[];
	/** ms that the engine itself took for a look at the container that it had started last, four times a second. */
	readonly looks: readonly number[];
	/** Those that the status never told. */
	readonly untold: readonly string[];
	readonly applied: number;
	readonly watches: number;
	/** Lines of the supervisor's log that tell of a bug. */
	readonly bugs: readonly string[];
	/** What was left on the engine after all was deleted. */
	readonly left: readonly string[];
}

/** The pods: a web server with probes, a helper with a probe, and a third container that idles or crashes. */
export function soakPod(name: string, crashes: boolean): Pod {
	const probe = { periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 10 };
	return pod(name, {
		terminationGracePeriodSeconds: 1,
		containers: [
			sh('web', "trap 'exit 0' TERM; httpd -f -p 8080 -h /etc & wait", {
				readinessProbe: { ...probe, httpGet: { path: '/hostname', port: 8080 } },
				livenessProbe: { ...probe, tcpSocket: { port: 8080 } },
			}),
			server('helper', { livenessProbe: { ...probe, tcpSocket: { port: 8080 } } }),
			crashes ? sh('third', 'sleep 1; echo crashing; exit 1') : server('third'),
		],
	});
}

/** Runs it, and takes everything away again. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
	const { say = () => {} } = options;
	const folder = mkdtempSync(join(tmpdir(), 'podrun-soak-'));
	const instance = `soak-${process.pid}`;
	const env = {
		...process.env,
		HOME: folder,
		PODRUN_INSTANCE: instance,
		PODRUN_STATE_HOME: join(folder, 'state'),
		PODRUN_IDLE_SECONDS: '-1',
	};
	const podrun = async (...args: string[]): Promise<string> =>
		(await run(process.execPath, [options.bin, ...args], { env, maxBuffer: 64 * 1024 * 1024 })).stdout;
	try {
		await podrun('get', 'pods');
		const { socket } = JSON.parse(await podrun('supervisor', 'status', '-o', 'json')) as { socket: string };
		const client = createClient({ socket });
		try {
			const measured = await measure(options, client, instance, say);
			await podrun('down', '--all', '-t', '0', '--volumes');
			const log = await podrun('supervisor', 'logs');
			const bugs = log.split('\n').filter((line) => /"level":"(error|warn)"/.test(line));
			return { ...measured, bugs, left: await leftovers(instance) };
		} finally {
			client.close();
		}
	} finally {
		await podrun('supervisor', 'stop').catch(() => undefined);
		// What can't be removed is among what is left: no reason to lose what was found in all that time.
		await removeLeftovers(instance).catch((error: Error) => say(`not removed: ${error.message}`));
		rmSync(folder, { recursive: true, force: true });
	}
}

type Measured = Omit<SoakReport, 'bugs' | 'left'>;

async function measure(
	options: SoakOptions,
	client: Client,
	instance: string,
	say: (line: string) => void,
): Promise<Measured> {
	const { pods, seconds, churned, churnEvery } = options;
	const ending = new AbortController();
	const { signal } = ending;
	const witnesses = [new Witness(client, signal), new Witness(client, signal)] as const;
	const [first, second] = witnesses;
	await first.watchEngine(instance);
	await Promise.all(witnesses.map((witness) => witness.watchPods()));

	const looks: number[] = [];
	const looking = async (): Promise<void> => {
		while (!signal.aborted) {
			await delay(250);
			if (first.latest === undefined) continue;
			const asked = performance.now();
			// It may be gone already.
			await docker
				.getContainer(first.latest)
				.inspect()
				.catch(() => undefined);
			looks.push(Math.round(performance.now() - asked));
		}
	};
	const looked = looking();
	const wanted = Array.from({ length: pods }, (_, i) => soakPod(`soak-${i}`, i % 3 === 2));
	for (const one of wanted) await client.request('POST', PODS, { body: one });
	await until(() => first.pods().filter(isUp).length === pods, 300_000, `${pods} pods run`);
	const slowest = (of: readonly number[]): number => Math.max(0, ...of);
	say(
		`${pods} pods run; status late by ${slowest(first.lags)} ms at most, a look by the engine took ${slowest(looks)} ms at most`,
	);

	const began = Date.now();
	const over = (): boolean => Date.now() - began > seconds * 1_000;
	const samples: Sample[] = [];
	let [applied, watches] = [0, 0];

	const sampling = async (): Promise<void> => {
		while (!over()) {
			await delay(SAMPLE_EVERY);
			const vitals = await client.request<Vitals>('GET', '/podrun/v1/vitals', { query: { collect: true } });
			const sample = { ...vitals, at: Math.round((Date.now() - began) / 1_000) };
			samples.push(sample);
			const { resident, heap, files, timers } = sample;
			const lag = Math.max(0, ...first.lags.slice(-200));
			say(
				`${sample.at} s: resident ${mb(resident)}, heap ${mb(heap)}, ${files} files, ${timers} timers, status late by ${lag} ms at most`,
			);
		}
	};
	const churning = async (): Promise<void> => {
		for (let i = 0; churned > 0 && !over(); i += 1) {
			const name = `soak-${i % churned}`;
			await client.request('DELETE', `${PODS}/${name}`, { query: { gracePeriodSeconds: 1 } });
			await until(() => first.pod(name) === undefined, 60_000, `${name} is gone`);
			await client.request('POST', PODS, { body: soakPod(name, (i % churned) % 3 === 2) });
			applied += 1;
			await delay(churnEvery);
		}
	};
	const watching = async (): Promise<void> => {
		while (!over()) {
			const some = new AbortController();
			const open = Array.from({ length: 5 }, (_, i) =>
				follow(client, i % 2 === 0 ? 'pods' : 'events', some.signal),
			);
			watches += open.length;
			await delay(700);
			some.abort();
			await Promise.all(open);
		}
	};
	await Promise.all([sampling(), churning(), watching()]);
	await until(() => first.pods().filter(isUp).length === pods, 120_000, 'all pods run again');
	await until(() => first.pending().length === 0, 10_000, 'every change on the engine is told').catch(
		() => undefined,
	);

	const { items, metadata } = await client.list<KubeObject>(PODS);
	const missed = (): readonly string[] => [
		...first.compare(second),
		...witnesses.flatMap((witness) => witness.differences(items, metadata.resourceVersion)),
	];
	await until(() => missed().length === 0, 10_000, 'both know all').catch(() => undefined);
	const lost = missed();
	const untold = first.pending();
	ending.abort();
	await looked;
	const { changes, lags } = first;
	return { samples, changes, lost, lags, slowest: first.slowest(), looks, untold, applied, watches };
}

/** All that runs on runs; a container that crashes may do what it likes. */
function isUp({ status }: Pod): boolean {
	const running = status?.containerStatuses?.filter(({ name, ready }) => name !== 'third' && ready) ?? [];
	return running.length === 2;
}

async function follow(client: Client, kind: string, signal: AbortSignal): Promise<void> {
	try {
		for await (const _ of client.watch(`/api/v1/${kind}`, { signal })) if (signal.aborted) return;
	} catch (error) {
		if (!signal.aborted) throw error;
	}
}

async function until(is: () => boolean, within: number, what: string): Promise<void> {
	const deadline = Date.now() + within;
	while (!is()) {
		if (Date.now() > deadline) throw new Error(`not within ${within} ms: ${what}`);
		await delay(50);
	}
}

export const mb = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`;

/** What has grown from the first quarter to the end, beyond noise and histories that were not full by then. */
export function growth(samples: readonly Sample[]): readonly string[] {
	const quarter = Math.max(1, Math.floor(samples.length / 8));
	const middle = Math.floor(samples.length / 4);
	const before = samples.slice(Math.max(0, middle - quarter), middle + quarter);
	const after = samples.slice(-2 * quarter);
	const least = (of: readonly Sample[], key: (sample: Sample) => number): number => Math.min(...of.map(key));
	const measures: readonly (readonly [string, (sample: Sample) => number, number, number])[] = [
		['resident memory', ({ resident }) => resident, 1.25, 48 * 1024 * 1024],
		['heap', ({ heap }) => heap, 1.2, 20 * 1024 * 1024],
		['buffers', ({ buffers }) => buffers, 1.2, 8 * 1024 * 1024],
		['open files', ({ files }) => files ?? 0, 1.1, 20],
		['timers', ({ timers }) => timers, 1.1, 20],
		['resources', ({ resources }) => Object.values(resources).reduce((all, one) => all + one, 0), 1.1, 30],
	];
	return measures.flatMap(([name, key, factor, slack]) => {
		// The least of several: what is there when all that comes and goes has gone.
		const [from, to] = [least(before, key), least(after, key)];
		return to > from * factor + slack ? [`${name} grew from ${from} to ${to}`] : [];
	});
}

/** The value below which this share of them lies. */
export function percentile(values: readonly number[], share: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
