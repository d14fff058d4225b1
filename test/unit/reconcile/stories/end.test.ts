/** Stories of pods that end, by themselves or because they are deleted. */
import { describe, expect, it } from 'vitest';
import { container, deleted, pod, sidecar, T0 } from '../builders.ts';
import { deedsOf, forever, polite, World } from '../world.ts';

describe('the end of a pod', () => {
	it('has Succeeded when all containers have, and lets go of its pause', () => {
		const world = new World(pod({ restartPolicy: 'Never' }), () => ({ runsMs: 1_000 })).run();
		expect(world.phases).toEqual(['Pending', 'Running', 'Succeeded']);
		expect(world.sandboxes).toEqual([]);
		expect(world.status.podIP).toBe('10.201.0.2');
		expect(world.turn()).toEqual([]);
	});

	it('ends sidecars in reverse order once the containers are done', () => {
		const initContainers = [sidecar('one'), sidecar('two')];
		const world = new World(pod({ restartPolicy: 'Never', initContainers }), (name) =>
			name === 'main' ? { runsMs: 1_000, exitCode: 6 } : { endsInMs: 2_000 },
		).run();
		expect(world.status.phase).toBe('Failed');
		const end = (name: string) => world.find(name)?.finishedAt ?? 0;
		expect(end('two')).toBeGreaterThan(end('main'));
		expect(end('one')).toBeGreaterThanOrEqual(end('two') + 2_000);
	});

	it('fails when an init container fails under Never, and starts nothing more', () => {
		const initContainers = [sidecar('side'), container('bad'), container('unreached')];
		const world = new World(pod({ restartPolicy: 'Never', initContainers }), (name) =>
			name === 'bad' ? { runsMs: 500, exitCode: 4 } : polite,
		).run();
		expect(world.status.phase).toBe('Failed');
		expect(world.find('main')).toBeUndefined();
		expect(world.status.initContainerStatuses?.[2]?.state?.waiting?.reason).toBe('PodInitializing');
		expect(world.status.conditions?.find(({ type }) => type === 'Initialized')).toMatchObject({
			status: 'False',
			reason: 'ContainersNotInitialized',
		});
	});

	it('fails at its deadline, and says so once its containers have ended', () => {
		const world = new World(
			pod({ activeDeadlineSeconds: 6, terminationGracePeriodSeconds: 1 }),
			() => forever,
		).run();
		expect(world.status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
		expect(world.running).toEqual([]);
		expect(world.now - T0).toBeGreaterThanOrEqual(6_000);
		expect(world.run({ forMs: 60_000 }).status.phase).toBe('Failed');
	});

	it('restarts one container by its own policy in a pod that never restarts', () => {
		const main = container('main', { restartPolicy: 'OnFailure' });
		const world = new World(pod({ restartPolicy: 'Never', containers: [main] }), (_name, attempt) => ({
			runsMs: 100,
			exitCode: attempt === 0 ? 1 : 0,
		})).run();
		expect(world.status).toMatchObject({ phase: 'Succeeded', containerStatuses: [{ restartCount: 1 }] });
	});

	it('restarts by the exit codes of its rules', () => {
		const restartPolicyRules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }];
		const main = container('main', { restartPolicy: 'Never', restartPolicyRules });
		const world = new World(pod({ restartPolicy: 'Never', containers: [main] }), (_name, attempt) => ({
			runsMs: 100,
			exitCode: attempt === 0 ? 42 : 7,
		})).run();
		expect(world.status).toMatchObject({
			phase: 'Failed',
			containerStatuses: [{ restartCount: 1, lastState: { terminated: { exitCode: 42 } } }],
		});
	});
});

describe('deletion', () => {
	it('signals all at once, kills at the deadline, and removes everything', () => {
		const world = new World(pod({ containers: [container('a'), container('b')] }), (name) =>
			name === 'a' ? polite : forever,
		).run();
		const at = world.now;
		world.pod = deleted(world.pod, at, 4);
		world.run();
		expect(
			deedsOf(world)
				.slice(6)
				.filter((deed) => deed.startsWith('Signal')),
		).toEqual(['SignalContainer a SIGTERM', 'SignalContainer b SIGTERM', 'SignalContainer b SIGKILL']);
		expect(world.removed).toBe(true);
		expect(world.now - at).toBeGreaterThanOrEqual(4_000);
		expect(world.now - at).toBeLessThan(5_500);
		expect(world.events.filter((event) => event.startsWith('Killing'))).toEqual([
			'Killing: Stopping container a',
			'Killing: Stopping container b',
		]);
	});

	it('runs preStop within the grace period and leaves two seconds for the signal', () => {
		const lifecycle = { preStop: { exec: { command: ['sleep', '120'] } } };
		const main = container('main', { lifecycle });
		const world = new World(pod({ containers: [main] }), () => ({ preStopMs: 120_000 })).run();
		const at = world.now;
		world.pod = deleted(world.pod, at, 4);
		world.run();
		expect(deedsOf(world).slice(6)).toEqual([
			'RunHook main preStop',
			'SignalContainer main SIGTERM',
			'SignalContainer main SIGKILL',
			'RemovePod',
		]);
		expect(world.now - at).toBeGreaterThanOrEqual(6_000);
		expect(world.now - at).toBeLessThan(9_000);
	});

	it("runs a sidecar's preStop at once, its signal after the containers", () => {
		const lifecycle = { preStop: { exec: { command: ['true'] } } };
		const world = new World(pod({ initContainers: [sidecar('side', { lifecycle })] }), () => ({
			endsInMs: 2_000,
		})).run();
		const before = world.log.length;
		world.pod = deleted(world.pod, world.now, 30);
		world.run();
		expect(deedsOf(world).slice(before)).toEqual([
			'RunHook side preStop',
			'SignalContainer main SIGTERM',
			'SignalContainer side SIGTERM',
			'RemovePod',
		]);
	});

	it('gives sidecars what is left of the one grace period', () => {
		const world = new World(pod({ initContainers: [sidecar('side')] }), () => forever).run();
		const at = world.now;
		world.pod = deleted(world.pod, at, 4);
		world.run();
		expect(world.removed).toBe(true);
		expect(world.now - at).toBeLessThan(8_000);
	});

	it('is over sooner when a second delete shortens it', () => {
		const world = new World(pod(), () => forever).run();
		const at = world.now;
		world.pod = deleted(world.pod, at, 100);
		world.run({ forMs: 5_000 });
		world.pod = deleted(world.pod, at, 6);
		world.run();
		expect(world.removed).toBe(true);
		expect(world.now - at).toBeLessThan(8_000);
	});

	it('with grace period 0 removes at once', () => {
		const world = new World(pod(), () => forever).run();
		const before = world.log.length;
		world.pod = deleted(world.pod, world.now, 0);
		world.run();
		expect(deedsOf(world).slice(before)).toEqual(['RemovePod']);
	});

	it('ends a running init container and starts nothing more', () => {
		const world = new World(pod({ initContainers: [container('setup')] }), () => polite).run({
			forMs: 2_000,
		});
		world.pod = deleted(world.pod, world.now, 30);
		world.run();
		expect(world.removed).toBe(true);
		expect(deedsOf(world)).not.toContain('CreateContainer main');
	});

	it('of a pod whose image can not be had is done at once', () => {
		const world = new World(pod({ containers: [container('main', { image: 'none:1' })] }), () => forever);
		world.run({ forMs: 5_000 });
		const at = world.now;
		world.pod = deleted(world.pod, at, 30);
		world.run();
		expect(world.removed).toBe(true);
		expect(world.now - at).toBeLessThan(1_000);
	});

	it('of a finished pod is done at once', () => {
		const world = new World(pod({ restartPolicy: 'Never' }), () => ({ runsMs: 100 })).run();
		const at = world.now;
		world.pod = deleted(world.pod, at, 30);
		world.run();
		expect(world.removed).toBe(true);
		expect(world.now - at).toBeLessThan(1_000);
	});
});
