/** From the death of a container by SIGKILL from outside to its next attempt's running status, over the bare way. */
import type { Bench } from '../bench.ts';
import { interleave, type Measured, timed } from '../stats.ts';

export async function restart(bench: Bench): Promise<Measured[]> {
	const { floor, podrun, rounds } = bench;
	const values = await interleave(
		rounds,
		new Map([
			[
				'kill, create + start',
				async () => {
					const ids = await floor.bringUp(1, false);
					const [pause = '', app = ''] = ids;
					let next = '';
					const ms = await timed(async () => {
						await floor.kill(app);
						await floor.wait(app);
						next = await floor.create(`${bench.prefix}-again`, `container:${pause}`);
						await floor.start(next);
					});
					await floor.tearDown([...ids, next]);
					return ms;
				},
			],
			[
				'podrun',
				async () => {
					const pod = podrun.pod('bench-restart', 1);
					await podrun.create(pod);
					const { name } = pod.metadata;
					const before = await podrun.until(name, (now) => now !== undefined);
					const id = before?.status?.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
					const ms = await timed(async () => {
						const again = podrun.until(name, (now) => {
							const status = now?.status?.containerStatuses?.[0];
							return status?.restartCount === 1 && status.state?.running !== undefined;
						});
						await floor.kill(id);
						await again;
					});
					await podrun.delete(name);
					return ms;
				},
			],
		]),
	);
	return [...values].map(([contender, all]) => ({
		row: 'restart after SIGKILL',
		contender,
		unit: 'ms',
		values: all,
		...(contender === 'podrun' ? { over: 'kill, create + start', wanted: 1.1 } : {}),
	}));
}
