/** A rule RestartAllContainers must make the whole pod begin anew in its sandbox, killed without hooks or grace. */
import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/api/types.ts';
import { container, pod, sidecar } from './builders.ts';
import { World } from './world.ts';

const ON_42: Partial<Container> = {
	restartPolicy: 'Never',
	restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }],
};

/** Type and container of what was done, from the first death on. */
function since(world: World, first: string): string[] {
	const deeds = world.log.map((line) => {
		const [, type = '', ...rest] = line.split(' ');
		const who = rest.find((part) => part.startsWith('container='))?.slice('container='.length) ?? '';
		return `${type} ${who}`;
	});
	const steps = deeds.filter((deed) => /^(SignalContainer|RunHook|StartContainer)/.test(deed));
	return steps.slice(steps.indexOf(first));
}

const spec = {
	restartPolicy: 'Never' as const,
	initContainers: [container('setup'), sidecar('side')],
	containers: [
		container('main', { lifecycle: { preStop: { exec: { command: ['x'] } } } }),
		container('done'),
		container('trigger', ON_42),
	],
};

function live(triggers: number): World {
	return new World(pod(spec), (name, attempt) => {
		if (name === 'setup') return { runsMs: 100 };
		if (name === 'done') return { runsMs: 200 };
		if (name === 'trigger' && attempt < triggers) return { runsMs: 5_000, exitCode: 42 };
		return { endsInMs: 10_000 };
	});
}

describe('RestartAllContainers', () => {
	it('kills what runs, starts the initialization again, and restarts those that had ended well', () => {
		const world = live(1).run({ forMs: 60_000 });
		expect(since(world, 'SignalContainer side')).toEqual([
			'SignalContainer side',
			'SignalContainer main',
			'StartContainer setup',
			'StartContainer side',
			'StartContainer main',
			'StartContainer done',
			'StartContainer trigger',
		]);
		expect(world.log.filter((line) => line.includes('SignalContainer')).join()).not.toContain('SIGTERM');
		const counts = [
			...(world.status.initContainerStatuses ?? []),
			...(world.status.containerStatuses ?? []),
		].map(({ name, restartCount }) => `${name} ${restartCount}`);
		expect(counts).toEqual(['setup 1', 'side 1', 'main 1', 'done 1', 'trigger 1']);
		expect(world.phases).toEqual(['Pending', 'Running']);
		expect(world.sandboxes).toHaveLength(1);
	});

	it('begins nothing before all are down, and says so in a condition', () => {
		const seen = new Set<string | undefined>();
		const world = live(1);
		world.check = (observed, { actions, status }) => {
			const condition = status.conditions?.find(({ type }) => type === 'AllContainersRestarting');
			seen.add(condition?.status);
			if (condition?.status !== 'True') return;
			expect(actions.filter(({ type }) => type === 'StartContainer')).toEqual([]);
			expect([...observed.containers.values()].flat().some(({ state }) => state === 'running')).toBe(true);
		};
		world.run({ forMs: 60_000 });
		expect(seen).toEqual(new Set(['False', 'True']));
	});

	it('backs the one off that asks for it again and again, and goes on where another supervisor left', () => {
		const world = live(3).run({ forMs: 6_000 });
		world.forget();
		world.run({ forMs: 120_000 });
		const starts = world.log
			.filter((line) => line.includes('StartContainer') && line.includes('container=trigger'))
			.map((line) => Math.round(Number(line.split(' ')[0]) / 1_000));
		expect(starts).toEqual([0, 5, 20, 45]);
		expect(world.running.sort()).toEqual(['main', 'side', 'trigger']);
		expect(world.status.initContainerStatuses?.[0]?.restartCount).toBe(3);
	});

	it('a sidecar may ask for it, and an init container', () => {
		const asking = (name: string) =>
			new World(
				pod({
					initContainers: [
						name === 'side'
							? sidecar('side', { restartPolicyRules: ON_42.restartPolicyRules ?? [] })
							: container('setup', ON_42),
					],
				}),
				(one, attempt) =>
					one === name && attempt === 0
						? { runsMs: 1_000, exitCode: 42 }
						: one === 'setup'
							? { runsMs: 100 }
							: {},
			).run({ forMs: 60_000 });
		const side = asking('side');
		expect(side.status.containerStatuses?.[0]?.restartCount).toBe(1);
		const setup = asking('setup');
		expect(setup.status.phase).toBe('Running');
		expect(setup.status.initContainerStatuses?.[0]?.restartCount).toBe(1);
	});
});
