/**
 * What is swept: six things that podrun is asked for, each with the way there, the calls that are put to harm,
 * and what must be true afterwards whatever befell one of them.
 */
import type { KubeObject, Pod } from '../../src/api/types.ts';
import {
	CLAIM,
	CONFIG,
	INITS,
	idOf,
	isReady,
	NAME,
	onEngine,
	RUNNING,
	restartsOf,
	SECRET,
	torturePod,
} from './pod.ts';
import type { World } from './world.ts';

export interface Scenario {
	readonly name: string;
	/** The way to where the harm begins; nothing fails yet. */
	readonly prepare: (world: World) => Promise<Memory>;
	/** A request of a user's: when the supervisor dies before it has answered, it is made again. */
	readonly asked: boolean;
	/** What is asked for; the calls from here on are swept. */
	readonly act: (world: World) => Promise<void>;
	readonly reached: (world: World, memory: Memory) => Promise<boolean>;
	/** What is wrong in the end; nothing when all is well. `excused` may have been restarted once more. */
	readonly wrong: (world: World, memory: Memory, excused: readonly string[]) => Promise<string[]>;
}

/** What the pod was before the harm. */
export interface Memory {
	readonly pod: Pod | undefined;
}

export const SCENARIOS: readonly Scenario[] = [
	{
		name: 'bring-up',
		asked: true,
		prepare: async () => ({ pod: undefined }),
		act: create,
		reached: async (world) => isReady(await world.pod(NAME)) && (await isTidy(world)),
		wrong: async (world, _memory, excused) => running(world, {}, excused),
	},
	{
		name: 'update',
		asked: true,
		prepare: up,
		act: async (world) => {
			const pod = structuredClone(await stored(world, 'Pod', NAME)) as unknown as Pod;
			const worker = pod.spec.containers.find(({ name }) => name === 'worker');
			if (worker !== undefined) worker.env = [{ name: 'EDITION', value: 'second' }];
			await world.backend.update('Pod', pod as unknown as KubeObject, { profile: 'local' });
			const config = structuredClone(await stored(world, 'ConfigMap', 'settings'));
			await world.backend.update('ConfigMap', { ...config, data: { colour: 'green' } });
		},
		reached: async (world, { pod: before }) => {
			const pod = await world.pod(NAME);
			return isReady(pod) && idOf(pod, 'worker') !== idOf(before, 'worker') && (await isTidy(world));
		},
		wrong: async (world, { pod: before }, excused) => {
			const wrong = await running(world, { worker: 1 }, excused);
			const pod = await world.pod(NAME);
			for (const name of RUNNING) {
				if (name !== 'worker' && idOf(pod, name) !== idOf(before, name)) wrong.push(`${name} was replaced`);
			}
			const { env } = world.engine.optionsOf(idOf(pod, 'worker'));
			if (!env?.includes('EDITION=second')) wrong.push('worker does not have its new environment');
			return wrong;
		},
	},
	{
		name: 'restart',
		asked: false,
		prepare: up,
		act: async (world) => world.engine.exit(idOf(await world.pod(NAME), 'web'), 1),
		reached: async (world) => {
			const pod = await world.pod(NAME);
			return isReady(pod) && restartsOf(pod, 'web') !== 0 && (await isTidy(world));
		},
		wrong: async (world, _memory, excused) => running(world, { web: 1 }, excused),
	},
	{
		name: 'back-off',
		asked: false,
		prepare: async (world) => {
			await up(world);
			world.engine.exit(idOf(await world.pod(NAME), 'web'), 1);
			// The first restart is at once, the next one waits.
			await world.until(async () => restartsOf(await world.pod(NAME), 'web') === 1 && isTidy(world));
			return { pod: await world.pod(NAME) };
		},
		act: async (world) => world.engine.exit(idOf(await world.pod(NAME), 'web'), 1),
		reached: async (world) => {
			const pod = await world.pod(NAME);
			return isReady(pod) && (restartsOf(pod, 'web') ?? 0) > 1 && (await isTidy(world));
		},
		wrong: async (world, _memory, excused) => running(world, { web: 2 }, excused),
	},
	{
		name: 'new sandbox',
		asked: false,
		prepare: up,
		act: async (world) => {
			for (const { id, labels } of await world.engine.listContainers([])) {
				if (labels['podrun.dev/role'] === 'infra') world.engine.exit(id, 137);
			}
		},
		reached: async (world, { pod: before }) => {
			const pod = await world.pod(NAME);
			const anew = RUNNING.every((name) => idOf(pod, name) !== idOf(before, name));
			return isReady(pod) && anew && (await isTidy(world));
		},
		wrong: async (world) => running(world, undefined, []),
	},
	{
		name: 'teardown',
		asked: true,
		prepare: up,
		act: async (world) => {
			if ((await world.pod(NAME)) !== undefined) await world.backend.delete('Pod', 'default', NAME);
		},
		reached: async (world) => (await world.pod(NAME)) === undefined,
		wrong: async () => [],
	},
];

export async function create(world: World): Promise<void> {
	const objects = { ConfigMap: CONFIG, Secret: SECRET, PersistentVolumeClaim: CLAIM, Pod: torturePod() };
	for (const kind of ['ConfigMap', 'Secret', 'PersistentVolumeClaim', 'Pod'] as const) {
		const there = await world.backend
			.get(kind, 'default', objects[kind].metadata.name)
			.catch(() => undefined);
		if (there === undefined) await world.backend.create(kind, objects[kind]);
	}
}

async function up(world: World): Promise<Memory> {
	await create(world);
	if (!(await world.until(async () => isReady(await world.pod(NAME)) && isTidy(world)))) {
		throw new Error(`the pod did not come up without any harm\n${world.log.join('\n')}`);
	}
	// Longer than the back-off of a first restart, so that all is at rest.
	await world.pass(20_000);
	return { pod: await world.pod(NAME) };
}

function stored(world: World, kind: 'Pod' | 'ConfigMap', name: string): Promise<KubeObject> {
	return world.backend.get(kind, 'default', name);
}

/** One of everything that shall run runs, and it is the one that the status names. */
async function isTidy(world: World): Promise<boolean> {
	const pod = await world.pod(NAME);
	const found = await onEngine(world);
	return (
		found.get('POD')?.run.length === 1 &&
		RUNNING.every((name) => {
			const run = found.get(name)?.run ?? [];
			return run.length === 1 && run[0] === idOf(pod, name);
		})
	);
}

/** Nothing is double or left over, the counts are true. `restarts` undefined: any count. */
async function running(
	world: World,
	restarts: Readonly<Record<string, number>> | undefined,
	excused: readonly string[],
): Promise<string[]> {
	const wrong: string[] = [];
	const pod = await world.pod(NAME);
	const found = await onEngine(world);
	for (const name of [...RUNNING, 'POD']) {
		const run = found.get(name)?.run ?? [];
		if (run.length !== 1) wrong.push(`${run.length} of ${name} run`);
	}
	for (const [name, { all }] of found) {
		// One that runs, and its dead predecessor for `logs --previous`.
		if (all.length > (name === 'POD' ? 1 : 2)) wrong.push(`${all.length} of ${name} are left`);
	}
	if (restarts !== undefined) {
		for (const name of [...INITS, ...RUNNING]) {
			const count = restartsOf(pod, name);
			const wanted = restarts[name] ?? 0;
			if (count !== wanted && !(excused.includes(name) && count === wanted + 1))
				wrong.push(`${name} has restartCount ${count}`);
		}
	}
	if (pod?.status?.phase !== 'Running') wrong.push(`phase is ${pod?.status?.phase}`);
	return wrong;
}

/** What there is still after everything was deleted. */
export async function leftovers(world: World): Promise<string[]> {
	const { engine } = world;
	const containers = (await engine.listContainers([])).map(({ names }) => `container ${names[0]}`);
	const volumes = (await engine.listVolumes([])).map(({ name }) => `volume ${name}`);
	const networks = (await engine.listNetworks(['podrun.dev/instance'])).map(({ name }) => `network ${name}`);
	const files = world.files().filter((name) => /torture|keys|settings|^data/.test(name));
	return [...containers, ...volumes, ...networks, ...files.map((name) => `file ${name}`)];
}
