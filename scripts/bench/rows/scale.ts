/** Growth: pods × 3 brought up together, and what the supervisor costs while nothing happens, and for probes. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pod } from '../../../src/api/types.ts';
import type { Bench } from '../bench.ts';
import { isRunning, type Podrun } from '../podrun.ts';
import { type Measured, timed } from '../stats.ts';

const IDLE_SECONDS = 20;
const SETTLE_SECONDS = 5;

export async function scale(bench: Bench, pods: readonly number[]): Promise<Measured[]> {
	const { floor, podrun } = bench;
	const told: Measured[] = [];
	const times: [number, number][] = [];
	for (const n of pods) {
		const names = Array.from({ length: n }, (_, index) => `bench-scale-${index}`);
		let made: string[][] = [];
		const bare = await timed(async () => {
			made = await Promise.all(names.map(() => floor.bringUp(3, false)));
		});
		await Promise.all(made.map((ids) => floor.tearDown(ids)));
		const ours = await timed(() => Promise.all(names.map((name) => podrun.create(podrun.pod(name, 3)))));
		const before = await podrun.usage();
		await delay(IDLE_SECONDS * 1000);
		const after = await podrun.usage();
		const gone = await timed(() => Promise.all(names.map((name) => podrun.delete(name))));
		const row = `${n} pods × 3`;
		const idle = (after.cpu - before.cpu) / (IDLE_SECONDS * 10);
		told.push(
			{ row, contender: 'floor', unit: 'ms', values: [bare] },
			{ row, contender: 'supervisor', unit: 'ms', values: [ours], over: 'floor', wanted: 1.1 },
			{ row, contender: 'teardown', unit: 'ms', values: [gone] },
			{ row, contender: 'memory', unit: 'MB', values: [after.rss], atMost: n <= 1 ? 80 : 150 },
			{ row, contender: 'CPU when idle', unit: '% of a core', values: [idle] },
		);
		times.push([n, ours]);
	}
	if (times.length > 2) {
		const values = [exponent(times)];
		told.push({ row: 'growth', contender: 'time ~ pods to the power of', unit: '', values, atMost: 1.1 });
	}
	return told;
}

/** The slope of the straight line through the logarithms: 1 is linear growth. */
function exponent(points: readonly (readonly [number, number])[]): number {
	const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
	const mean = (of: 0 | 1): number => logs.reduce((sum, point) => sum + point[of], 0) / logs.length;
	const [x0, y0] = [mean(0), mean(1)];
	const above = logs.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0);
	return above / logs.reduce((sum, [x]) => sum + (x - x0) ** 2, 0);
}

/** CPU of the supervisor: with ten pods whose probes are the default ones, and at a hundred probes over HTTP a second. */
export async function probes({ podrun }: Bench): Promise<Measured[]> {
	const share = async (containers: number, periodSeconds: number): Promise<number> => {
		const pods = Array.from({ length: 10 }, (_, index) => probed(podrun, index, containers, periodSeconds));
		await Promise.all(pods.map((pod) => podrun.create(pod)));
		await Promise.all(pods.map(({ metadata }) => podrun.until(metadata.name, isRunning)));
		// What follows a bring-up is not what is asked for: statuses, first probes, garbage.
		await delay(SETTLE_SECONDS * 1000);
		const before = await podrun.usage();
		await delay(IDLE_SECONDS * 1000);
		const after = await podrun.usage();
		await Promise.all(pods.map(({ metadata }) => podrun.delete(metadata.name)));
		return (after.cpu - before.cpu) / (IDLE_SECONDS * 10);
	};
	const idle = await share(1, 10);
	const busy = await share(10, 1);
	const unit = '% of a core';
	return [
		{ row: 'probes', contender: '10 pods, default probes', unit, values: [idle], atMost: 0.5 },
		{ row: 'probes', contender: '100 http probes a second', unit, values: [busy] },
		// So many percent for 100 probes, a second each: ten times as many ms for 1,000.
		{ row: 'probes', contender: 'CPU of 1,000 http probes', unit: 'ms', values: [busy * 100] },
	];
}

/** A pod of web servers, each with a port and a readiness probe of its own. */
function probed(podrun: Podrun, index: number, containers: number, periodSeconds: number): Pod {
	const pod = podrun.pod(`bench-probe-${index}`, containers);
	pod.spec.containers = pod.spec.containers.map((container, n) => {
		const port = 8080 + n;
		const command = ['sh', '-c', `mkdir -p /w; echo ok > /w/index.html; exec httpd -f -p ${port} -h /w`];
		return { ...container, command, readinessProbe: { httpGet: { path: '/', port }, periodSeconds } };
	});
	return pod;
}
