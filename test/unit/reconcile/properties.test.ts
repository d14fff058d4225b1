/**
 * What holds for every pod, every history and every interference: random pods live in the tiny world while
 * somebody kills, removes, changes and forgets; rules are checked at every look.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Container, Pod } from '../../../src/api/types.ts';
import { type Decision, targetOf } from '../../../src/reconcile/action.ts';
import { decide } from '../../../src/reconcile/decide.ts';
import type { ObservedContainer, ObservedPod } from '../../../src/reconcile/observed.ts';
import {
	attempt,
	container,
	created,
	deleted,
	exited,
	LOCAL,
	pause,
	pod,
	SETTINGS,
	sidecar,
	T0,
} from './builders.ts';
import { type Program, World } from './world.ts';

/** Many more with PODRUN_RUNS=… */
const RUNS = Number(process.env.PODRUN_RUNS ?? 15);
const TIMEOUT = 600_000;

const hook = { exec: { command: ['true'] } };
const extras = fc.record({
	post: fc.boolean(),
	pre: fc.boolean(),
	startup: fc.boolean(),
	absent: fc.boolean(),
	/** Its exit code 1 restarts all containers of the pod. */
	all: fc.nat(4).map((n) => n === 0),
});

const ALL: Partial<Container> = {
	restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [1] } }],
};

function dressed(
	name: string,
	make: typeof container,
	e: { post: boolean; pre: boolean; startup: boolean; absent: boolean; all: boolean },
): Container {
	return make(name, {
		...(e.post || e.pre
			? { lifecycle: { ...(e.post ? { postStart: hook } : {}), ...(e.pre ? { preStop: hook } : {}) } }
			: {}),
		...(e.startup ? { startupProbe: { tcpSocket: { port: 80 } } } : {}),
		...(e.absent ? { image: 'late:1' } : {}),
		...(e.all ? { ...(make === container ? { restartPolicy: 'Never' } : {}), ...ALL } : {}),
	});
}

const pods: fc.Arbitrary<Pod> = fc
	.record({
		restartPolicy: fc.constantFrom('Always' as const, 'OnFailure' as const, 'Never' as const),
		grace: fc.constantFrom(0, 1, 5, 30),
		inits: fc.array(fc.tuple(fc.boolean(), extras), { maxLength: 3 }),
		apps: fc.array(extras, { minLength: 1, maxLength: 3 }),
		deadline: fc.option(fc.integer({ min: 1, max: 900 }), { nil: undefined, freq: 5 }),
	})
	.map(({ restartPolicy, grace, inits, apps, deadline }) =>
		pod({
			restartPolicy,
			terminationGracePeriodSeconds: grace,
			initContainers: inits.map(([side, e], i) =>
				side
					? dressed(`s${i}`, sidecar, e)
					: dressed(`i${i}`, container, { ...e, post: false, pre: false, startup: false }),
			),
			containers: apps.map((e, i) => dressed(`a${i}`, container, e)),
			...(deadline === undefined ? {} : { activeDeadlineSeconds: deadline }),
		}),
	);

const program: fc.Arbitrary<Program> = fc.record(
	{
		runsMs: fc.integer({ min: 0, max: 900_000 }),
		exitCode: fc.constantFrom(0, 0, 1, 137),
		endsInMs: fc.integer({ min: 0, max: 40_000 }),
		startsInMs: fc.integer({ min: 0, max: 60_000 }),
		postStartOk: fc.boolean(),
		preStopMs: fc.integer({ min: 0, max: 60_000 }),
		failsInMs: fc.integer({ min: 1, max: 600_000 }),
		startError: fc.constantFrom('no such file'),
	},
	{ requiredKeys: [] },
);
const programs = fc.array(program, { minLength: 1, maxLength: 12 });

const meddling = fc.array(
	fc.record({
		afterMs: fc.integer({ min: 0, max: 120_000 }),
		what: fc.constantFrom(
			'kill',
			'killPause',
			'remove',
			'forget',
			'change',
			'podChange',
			'image',
			'restart',
			'shrink',
		),
		which: fc.nat(5),
	}),
	{ maxLength: 6 },
);

/** What a new supervisor may find: attempts in any state, in this sandbox or another, of this spec or another. */
const leftovers = fc.array(
	fc.record({
		which: fc.nat(6),
		attempt: fc.nat(2),
		state: fc.constantFrom('created', 'running', 'paused', 'exited'),
		exitCode: fc.constantFrom(0, 1),
		stale: fc.boolean(),
		elsewhere: fc.boolean(),
	}),
	{ maxLength: 5 },
);
const pauses = fc.constantFrom('none', 'created', 'running', 'exited', 'stale');

function worldOf(of: Pod, list: readonly Program[], local: boolean): World {
	const program = (name: string, number: number): Program => {
		const seed = [...name].reduce((sum, letter) => sum * 7 + letter.charCodeAt(0), number * 13);
		const chosen = list[seed % list.length] ?? {};
		// Regular init containers that never end would only hide what comes after them.
		return name.startsWith('i') ? { runsMs: 500, ...chosen } : chosen;
	};
	const world = new World(of, program, { settings: local ? LOCAL : SETTINGS });
	world.check = (observed, decision) => checkRules(world, observed, decision);
	return world;
}

/** The rules. */
function checkRules(world: World, observed: ObservedPod, decision: Decision): void {
	const { pod: now, settings } = world;
	must(isDeepStrictEqual(decide(now, observed, settings), decision), 'the same input gives the same answer');
	const targets = decision.actions.map(targetOf);
	must(new Set(targets).size === targets.length, 'one action for a target');
	must(!targets.some((target) => observed.inFlight.has(target)), 'nothing is done to a target in flight');
	if (targets.length > 0) {
		const busy = { ...observed, inFlight: new Set([...observed.inFlight, ...targets]) };
		const again = decide(now, busy, settings).actions.map(targetOf);
		must(!again.some((target) => targets.includes(target)), 'nothing is done twice');
	}
	must(decision.wakeAt === undefined || decision.wakeAt > observed.at, 'the next look is later');

	const { status } = decision;
	const { initContainers = [], containers } = now.spec;
	if (status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True') {
		const lasting = [
			...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always'),
			...containers,
		];
		for (const { name } of lasting) {
			const up = observed.containers
				.get(name)
				?.some(({ state }) => state === 'running' || state === 'paused');
			must(up === true, `${name} must run for Ready`);
		}
	}
	const before = now.status?.phase;
	const over = before === 'Succeeded' || before === 'Failed';
	must(!over || status.phase === before, 'what is over stays over');
	for (const one of status.containerStatuses ?? []) {
		const old = now.status?.containerStatuses?.find(({ name }) => name === one.name);
		must(one.restartCount >= (old?.restartCount ?? 0), 'restart counts only grow');
		must(Object.keys(one.state ?? {}).length === 1, 'one state at a time');
	}
	if (over || now.metadata.deletionTimestamp !== undefined) {
		const begun = decision.actions.filter(({ type }) => /^(Create|Start|Pull|Write)/.test(type));
		must(begun.length === 0, 'nothing begins after the end');
	}
}

function must(holds: boolean, rule: string): void {
	if (!holds) throw new Error(rule);
}

function meddle(world: World, what: string, which: number): void {
	const { spec } = world.pod;
	const all = [...(spec.initContainers ?? []), ...spec.containers];
	const name = all[which % all.length]?.name ?? '';
	const changed = (list: Container[] | undefined) =>
		list?.map((one) => (one.name === name ? { ...one, args: [...(one.args ?? []), 'x'] } : one));
	switch (what) {
		case 'kill':
			world.kill(name);
			return;
		case 'killPause':
			world.kill('POD');
			return;
		case 'remove':
			world.remove(name);
			return;
		case 'forget':
			world.forget();
			return;
		case 'image':
			world.images.add('late:1');
			return;
		case 'restart':
			world.restartRequested.add(world.find(name)?.id ?? '');
			return;
		case 'change':
			world.pod = {
				...world.pod,
				spec: {
					...spec,
					initContainers: changed(spec.initContainers) ?? [],
					containers: changed(spec.containers) ?? [],
				},
			};
			return;
		case 'podChange':
			world.pod = { ...world.pod, spec: { ...spec, hostname: `h${which}` } };
			return;
		case 'shrink':
			if (spec.containers.length > 1) {
				world.pod = { ...world.pod, spec: { ...spec, containers: spec.containers.slice(0, -1) } };
			}
	}
}

describe('every pod', () => {
	it(
		'keeps the rules through any life, and is gone without a trace once it is deleted',
		() => {
			fc.assert(
				fc.property(
					pods,
					programs,
					meddling,
					fc.boolean(),
					fc.constantFrom(0, 1, 5, 30),
					(of, list, acts, local, grace) => {
						const world = worldOf(of, list, local);
						for (const { afterMs, what, which } of acts) {
							world.run({ forMs: afterMs });
							meddle(world, what, which);
						}
						world.images.add('late:1');
						world.run({ forMs: 600_000 });
						const at = world.now;
						world.pod = deleted(world.pod, at, grace);
						world.run({ forMs: 600_000 });
						expect(world.removed).toBe(true);
						expect(world.now - at).toBeLessThanOrEqual(600_000);
					},
				),
				{ numRuns: RUNS },
			);
		},
		TIMEOUT,
	);

	it(
		'converges from any state that a new supervisor may find',
		() => {
			fc.assert(
				fc.property(pods, leftovers, pauses, fc.boolean(), (of, found, found0, local) => {
					const sound: Program = { endsInMs: 100 };
					const world = new World(of, (name) => (name.startsWith('i') ? { runsMs: 500 } : sound), {
						settings: local ? LOCAL : SETTINGS,
					});
					world.check = (observed, decision) => checkRules(world, observed, decision);
					world.images.add('late:1');
					world.volumes.created = found0 !== 'none';
					if (found0 !== 'none') world.sandboxes = [pauseOf(of, found0)];
					for (const one of leftoversOf(of, found)) world.adopt(one);
					world.run({ forMs: 7_200_000 });
					expect(world.inFlight.size).toBe(0);
					expect(unsettled(world), world.log.join('\n')).toEqual([]);
					expect(world.turn().map(({ type }) => type)).toEqual([]);
				}),
				{ numRuns: RUNS * 4 },
			);
		},
		TIMEOUT,
	);
});

/** Containers that neither run and are ready nor are over for good. */
function unsettled(world: World): string[] {
	const { phase, containerStatuses = [] } = world.status;
	if (phase === 'Succeeded' || phase === 'Failed') return [];
	return containerStatuses
		.filter(({ state, ready }) => !(state?.running !== undefined && ready) && state?.terminated === undefined)
		.map(({ name }) => name);
}

function pauseOf(of: Pod, kind: string): ObservedContainer {
	if (kind === 'stale') return pause(of, { hash: 'stale' });
	if (kind === 'exited') return pause(of, { state: 'exited', exitCode: 137, finishedAt: T0 });
	if (kind === 'created') {
		const { startedAt: _never, ...made } = pause(of, { state: 'created' });
		return made;
	}
	return pause(of);
}

function leftoversOf(
	of: Pod,
	found: readonly (typeof leftovers extends fc.Arbitrary<readonly (infer T)[]> ? T : never)[],
) {
	const names = [...(of.spec.initContainers ?? []), ...of.spec.containers].map(({ name }) => name);
	const list = found.map(({ which, attempt: number, state, exitCode, stale, elsewhere }) => {
		const name = which === 6 ? 'gone' : (names[which % names.length] ?? 'gone');
		const more = {
			attempt: number,
			...(stale ? { hash: 'stale' } : {}),
			...(elsewhere ? { sandboxID: 'another' } : {}),
		};
		if (state === 'created') return created(of, name, more);
		if (state === 'exited') return exited(of, name, exitCode, more);
		return attempt(of, name, { ...more, state: state as 'running' });
	});
	// One attempt of a number each.
	const seen = new Set<string>();
	return list
		.sort((a, b) => b.attempt - a.attempt)
		.filter(({ name, attempt: number }) => !seen.has(`${name}${number}`) && seen.add(`${name}${number}`));
}
