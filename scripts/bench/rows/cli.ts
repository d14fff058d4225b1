/** What the command itself costs: start-up over bare Node's, and applying to a pod that runs. CPU beside wall. */
import type { Bench } from '../bench.ts';
import { run } from '../podrun.ts';
import { interleave, type Measured } from '../stats.ts';

const WANTED: Readonly<Record<string, number>> = { 'podrun version': 1.5, 'podrun ps': 3, 'podrun logs': 3 };

export async function cli({ podrun, rounds }: Bench): Promise<Measured[]> {
	await podrun.create(podrun.pod('bench-cli', 1));
	const commands: Readonly<Record<string, readonly string[]>> = {
		'node -e 0': [process.execPath, '-e', '0'],
		'podrun version': [...podrun.command, 'version'],
		'podrun ps': [...podrun.command, 'ps'],
		'podrun logs': [...podrun.command, 'logs', 'bench-cli'],
	};
	const cpu = new Map<string, number[]>();
	const contenders = Object.entries(commands).map(([name, command]): [string, () => Promise<number>] => [
		name,
		async () => {
			const cost = await run(command, podrun.env);
			cpu.set(name, [...(cpu.get(name) ?? []), cost.cpu]);
			return cost.wall;
		},
	]);
	const wall = await interleave(rounds * 2, new Map(contenders));
	await podrun.delete('bench-cli');
	const told = (row: string, values: ReadonlyMap<string, number[]>, limit: boolean): Measured[] =>
		[...values].map(([contender, all]) => ({
			row,
			contender,
			unit: 'ms',
			values: all.slice(-rounds * 2),
			...(contender === 'node -e 0' ? {} : { over: 'node -e 0' }),
			...(limit && WANTED[contender] !== undefined ? { wanted: WANTED[contender] } : {}),
		}));
	return [...told('start-up', wall, true), ...told('start-up, CPU', cpu, false)];
}

/** `up -d` of a pod that is there as it is wanted, and of one of whose containers one has changed. */
export async function updates({ podrun, floor, rounds, prefix }: Bench): Promise<Measured[]> {
	const pod = podrun.pod('bench-update', 3, { terminationGracePeriodSeconds: 1 });
	const local = { ...podrun.env, PODRUN_PROFILE: 'local' };
	let turn = 0;
	const up = async (): Promise<number> => {
		const file = podrun.write(pod);
		return (await run([...podrun.command, 'up', '-d', '--progress', 'quiet', '-f', file], local)).wall;
	};
	await up();
	const values = await interleave(
		rounds,
		new Map([
			[
				'bare create + start',
				async () => {
					const begun = performance.now();
					const id = await floor.create(`${prefix}-update`, 'none');
					await floor.start(id);
					const ms = performance.now() - begun;
					await floor.remove(id);
					return ms;
				},
			],
			['up -d, nothing changed', up],
			[
				'up -d, one container changed',
				async () => {
					turn += 1;
					const [first] = pod.spec.containers;
					if (first !== undefined) first.env = [{ name: 'TURN', value: String(turn) }];
					return up();
				},
			],
		]),
	);
	await podrun.delete('bench-update');
	return [...values].map(([contender, all]) => ({ row: 'update', contender, unit: 'ms', values: all }));
}

/** `logs` of what one container has written, over `docker logs` of the same. */
export async function logs({ podrun, rounds }: Bench, megabytes: number): Promise<Measured[]> {
	const pod = podrun.pod('bench-logs', 1, { restartPolicy: 'Never' });
	const line = 'x'.repeat(99);
	const [container] = pod.spec.containers;
	if (container !== undefined) {
		container.command = ['sh', '-c', `yes ${line} | head -n ${megabytes * 10_000}`];
	}
	await podrun.client.request('POST', '/api/v1/namespaces/default/pods', { body: pod as unknown as object });
	const done = await podrun.until('bench-logs', (now) => now?.status?.phase === 'Succeeded');
	const id = done?.status?.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
	const values = await interleave(
		Math.min(rounds, 3),
		new Map([
			['docker logs', async () => (await run(['docker', 'logs', id], process.env, false)).wall],
			[
				'podrun logs',
				async () => (await run([...podrun.command, 'logs', 'bench-logs'], podrun.env, false)).wall,
			],
		]),
	);
	await podrun.delete('bench-logs');
	return [...values].map(([contender, all]) => ({
		row: `logs of ${megabytes} MB`,
		contender,
		unit: 'ms',
		values: all,
		...(contender === 'podrun logs' ? { over: 'docker logs' } : {}),
	}));
}
