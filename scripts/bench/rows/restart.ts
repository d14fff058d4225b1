/**
 * From the death of a container by SIGKILL from outside to its next attempt's running status, over the bare way: the
 * first time, which is at once, and the second time, which waits (that wait is not counted).
 */
import type { Bench } from '../bench.ts';
import type { Podrun } from '../podrun.ts';
import { compared, interleave, type Measured, timed } from '../stats.ts';

/** ms: the shortest back-off that there is. */
const BACKOFF = 1_000;

export async function restart(bench: Bench): Promise<Measured[]> {
	const { floor, rounds } = bench;
	const bare = async (kills: boolean): Promise<number> => {
		const ids = await floor.bringUp(1, false);
		const [pause = '', app = ''] = ids;
		let next = '';
		const ms = await timed(async () => {
			if (kills) {
				await floor.kill(app);
				await floor.wait(app);
			}
			next = await floor.create(`${bench.prefix}-again`, `container:${pause}`);
			await floor.start(next);
		});
		await floor.tearDown([...ids, next]);
		return ms;
	};
	const ours = async (waits: boolean): Promise<number> => {
		const { podrun } = bench;
		const pod = podrun.pod('bench-restart', 1);
		const { name } = pod.metadata;
		pod.metadata.annotations = { 'podrun.dev/max-restart-backoff': `${BACKOFF / 1000}s` };
		await podrun.create(pod);
		if (waits) await killed(bench, podrun, name);
		const ms = await killed(bench, podrun, name);
		await podrun.delete(name);
		return waits ? ms - BACKOFF : ms;
	};
	const atOnce = await interleave(
		rounds,
		new Map([
			['kill, create + start', () => bare(true)],
			['podrun', () => ours(false)],
		]),
	);
	const waiting = await interleave(
		rounds,
		new Map([
			['create + start', () => bare(false)],
			['podrun, beyond the wait', () => ours(true)],
		]),
	);
	return [
		...compared('restart after SIGKILL', atOnce, 'podrun', 'kill, create + start', 1.1),
		...compared('restart after a back-off', waiting, 'podrun, beyond the wait', 'create + start', 1),
	];
}

/** ms from the kill of the only container to the status that says that the next attempt runs. */
async function killed({ floor }: Bench, podrun: Podrun, name: string): Promise<number> {
	const before = await podrun.until(name, (now) => now !== undefined);
	const status = before?.status?.containerStatuses?.[0];
	const id = status?.containerID?.replace('docker://', '') ?? '';
	return timed(async () => {
		const again = podrun.until(name, (now) => {
			const next = now?.status?.containerStatuses?.[0];
			return next?.restartCount === (status?.restartCount ?? 0) + 1 && next.state?.running !== undefined;
		});
		await floor.kill(id);
		await again;
	});
}
