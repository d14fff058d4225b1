/** Growth: pods × 3 brought up together, and what the supervisor costs while nothing happens, and for probes. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { isRunning } from '../podrun.ts';
import { type Measured, timed } from '../stats.ts';

const IDLE_SECONDS = 20;

export async function scale(bench: Bench, pods: readonly number[]): Promise<Measured[]> {
	const { floor, podrun } = bench;
	const told: Measured[] = [];
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
	}
	return told;
}

/** CPU of the supervisor for 1,000 probes over HTTP, and when idle with ten pods whose probes are the default ones. */
export async function probes({ podrun }: Bench): Promise<Measured[]> {
	const names = Array.from({ length: 10 }, (_, index) => `bench-probe-${index}`);
	const pods = names.map((name) => {
		const pod = podrun.pod(name, 1);
		const [container] = pod.spec.containers;
		if (container === undefined) throw new Error('a pod without containers');
		container.command = ['sh', '-c', 'mkdir -p /w; echo ok > /w/index.html; exec httpd -f -p 8080 -h /w'];
		container.readinessProbe = { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 };
		return pod;
	});
	await Promise.all(pods.map((pod) => podrun.create(pod)));
	await Promise.all(names.map((name) => podrun.until(name, isRunning)));
	const before = await podrun.usage();
	await delay(IDLE_SECONDS * 1000);
	const after = await podrun.usage();
	await Promise.all(names.map((name) => podrun.delete(name)));
	const each = (after.cpu - before.cpu) / (names.length * IDLE_SECONDS);
	return [
		{ row: 'probes', contender: 'CPU of 1,000 http probes', unit: 'ms', values: [each * 1000] },
		{
			row: 'probes',
			contender: '10 pods, a probe a second each',
			unit: '% of a core',
			values: [(after.cpu - before.cpu) / (IDLE_SECONDS * 10)],
		},
	];
}
