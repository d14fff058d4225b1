/**
 * Bring-up and teardown of one pod of n containers: the floor in both orders, the supervisor alone (from the
 * request to the status that says that all run), the whole command with a supervisor that runs and with one
 * that has to be started, and the peers. Each bring-up is followed by its teardown, which is a row of its own.
 */
import type { Bench } from '../bench.ts';
import { interleave, type Measured, timed } from '../stats.ts';

/** The whole command over the floor: containers → at most. */
const COMMAND: Readonly<Record<number, number>> = { 1: 1.4, 3: 1.25, 10: 1.12 };

export async function bringUp(bench: Bench, n: number, volumes: boolean): Promise<Measured[]> {
	const { floor, podrun, peers, rounds } = bench;
	const row = `bring-up ${n}${volumes ? ' + init + volume' : ''}`;
	const down = row.replace('bring-up', 'teardown');
	const downs = new Map<string, number[]>();
	const note = (name: string, ms: number): void => {
		downs.set(name, [...(downs.get(name) ?? []), ms]);
	};
	const more = volumes ? withInit(podrun.image) : {};
	const pod = podrun.pod(`bench-${n}`, n, more);
	if (volumes) {
		for (const container of pod.spec.containers)
			container.volumeMounts = [{ name: 'data', mountPath: '/data' }];
	}
	const { name } = pod.metadata;
	const file = podrun.write(pod);
	const contenders = new Map<string, () => Promise<number>>();
	for (const ahead of [false, true]) {
		contenders.set(ahead ? 'floor-overlap' : 'floor', async () => {
			let ids: string[] = [];
			const ms = await timed(async () => {
				ids = await floor.bringUp(n, ahead);
			});
			note(ahead ? 'floor-overlap' : 'floor', await timed(() => floor.tearDown(ids)));
			return ms;
		});
	}
	contenders.set('supervisor', async () => {
		const ms = await podrun.create(pod);
		note('supervisor', await podrun.delete(name));
		return ms;
	});
	const command = async (contender: string): Promise<number> => {
		const { wall } = await podrun.cli('up', '-d', '--progress', 'quiet', '-f', file);
		const gone = await podrun.cli('delete', 'pod', name, '--grace-period=0', '--force');
		note(contender, gone.wall);
		return wall;
	};
	contenders.set('podrun up -d', () => command('podrun up -d'));
	contenders.set('podrun up -d, cold', async () => {
		await podrun.stop();
		return command('podrun up -d, cold');
	});
	for (const peer of volumes ? [] : peers) {
		contenders.set(peer.name, async () => {
			const ms = await peer.up(n);
			note(peer.name, await peer.down());
			return ms;
		});
	}
	const ups = await interleave(rounds, contenders);
	const limits: Readonly<Record<string, number>> = volumes
		? {}
		: { supervisor: 1.05, 'podrun up -d': COMMAND[n] ?? 1.12 };
	// A cold start may take so much longer than a warm one, ms.
	const cold = { contender: 'podrun up -d', atMost: 250 };
	const told = (title: string, values: ReadonlyMap<string, number[]>, wanted: typeof limits): Measured[] =>
		[...values].map(([contender, all]) => ({
			row: title,
			contender,
			unit: 'ms',
			// The first one warmed up.
			values: all.slice(-rounds),
			...(contender === 'floor' ? {} : { over: 'floor' }),
			...(wanted[contender] === undefined ? {} : { wanted: wanted[contender] }),
			...(title === row && contender === 'podrun up -d, cold' ? { beyond: cold } : {}),
		}));
	const ahead = (title: string, values: ReadonlyMap<string, number[]>): Measured[] =>
		(volumes ? [] : peers).map((peer) => ({
			row: title,
			contender: 'podrun up -d',
			unit: 'ms',
			values: (values.get('podrun up -d') ?? []).slice(-rounds),
			over: peer.name,
			// Another OCI runtime, or no pod, is another race, but for the teardown.
			...(title === row && !peer.isSame ? {} : { wanted: 1 }),
		}));
	return [
		...told(row, ups, limits),
		...ahead(row, ups),
		...told(down, downs, volumes ? {} : { supervisor: 1.2 }),
		...ahead(down, downs),
	];
}

function withInit(image: string): object {
	return {
		volumes: [{ name: 'data', emptyDir: {} }],
		initContainers: [
			{ name: 'init', image, command: ['true'], volumeMounts: [{ name: 'data', mountPath: '/data' }] },
		],
	};
}
