/** Whole lives of pods, told by what was done and when: the clock is the test's own. */
import { describe, expect, it } from 'vitest';
import { container, deleted, pod, sidecar, T0 } from './builders.ts';
import { type Program, World } from './world.ts';

const forever: Program = {};
const polite: Program = { endsInMs: 100 };

/** The log without times, causes and ids. */
function deedsOf(world: World): string[] {
	return world.log.map((line) => {
		const [, type = '', ...rest] = line.split(' ');
		const field = (name: string) => rest.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
		const who = field('container') ?? field('image') ?? '';
		return [type, who, field('signal') ?? field('hook') ?? ''].filter(Boolean).join(' ');
	});
}

describe('a pod comes up', () => {
	it('makes volumes, pause and container, starts them, and is Ready', () => {
		const world = new World(pod(), () => forever).run();
		expect(deedsOf(world)).toEqual([
			'CreateVolumes',
			'CreateSandbox',
			'StartSandbox',
			'CreateContainer main',
			'WriteVolumes',
			'StartContainer main',
		]);
		expect(world.phases).toEqual(['Pending', 'Running']);
		expect(world.status.conditions?.every(({ status }) => status === 'True')).toBe(true);
		expect(world.status.podIP).toBe('10.201.0.2');
	});

	it('runs init containers one after the other, then the containers at once', () => {
		const initContainers = [container('one'), container('two')];
		const world = new World(pod({ initContainers, containers: [container('a'), container('b')] }), (name) =>
			name === 'one' || name === 'two' ? { runsMs: 500 } : forever,
		).run();
		const starts = deedsOf(world).filter((deed) => deed.startsWith('StartContainer'));
		expect(starts).toEqual([
			'StartContainer one',
			'StartContainer two',
			'StartContainer a',
			'StartContainer b',
		]);
		const time = (name: string) => world.find(name)?.startedAt;
		expect(time('a')).toBe(time('b'));
		expect(world.find('two')?.startedAt).toBeGreaterThanOrEqual(world.find('one')?.finishedAt ?? 0);
		expect(world.status.phase).toBe('Running');
	});

	it('holds the next one back until a sidecar has started', () => {
		const startupProbe = { tcpSocket: { port: 80 } };
		const initContainers = [sidecar('side', { startupProbe }), container('setup')];
		const world = new World(pod({ initContainers }), (name) =>
			name === 'side' ? { startsInMs: 3_000 } : name === 'setup' ? { runsMs: 100 } : forever,
		).run();
		const side = world.find('side')?.startedAt ?? 0;
		expect(world.find('setup')?.startedAt).toBeGreaterThanOrEqual(side + 3_000);
		expect(world.status.phase).toBe('Running');
	});
});

describe('crashes', () => {
	it('restarts at once, then after 10 s, 20 s, 40 s', () => {
		const world = new World(pod(), () => ({ runsMs: 1_000, exitCode: 1 })).run({ forMs: 80_000 });
		const starts = world.log
			.filter((line) => line.includes('StartContainer'))
			.map((line) => Math.floor(Number(line.split(' ')[0]) / 1000));
		expect(starts).toEqual([0, 1, 12, 33, 74]);
		expect(world.phases).toEqual(['Pending', 'Running']);
	});

	it('tells the back-off, and backs off after exit code 0 too', () => {
		const world = new World(pod(), () => ({ runsMs: 1_000 })).run({ forMs: 5_000 });
		expect(world.status.containerStatuses?.[0]).toMatchObject({
			state: {
				waiting: {
					reason: 'CrashLoopBackOff',
					message: 'back-off 10s restarting failed container=main pod=web_default(u1)',
				},
			},
			lastState: { terminated: { reason: 'Completed', exitCode: 0 } },
			restartCount: 1,
		});
		expect(world.events).toContain(
			'BackOff: Back-off restarting failed container main in pod web_default(u1)',
		);
	});

	it('forgets the back-off after ten minutes of health', () => {
		const world = new World(pod(), (_name, attempt) =>
			attempt === 2 ? { runsMs: 601_000, exitCode: 1 } : { runsMs: 1_000, exitCode: 1 },
		);
		world.run({ until: () => (world.find('main')?.attempt ?? 0) >= 3 && world.running.length > 0 });
		const [newest, before] = world.containers.get('main') ?? [];
		expect((newest?.startedAt ?? 0) - (before?.finishedAt ?? 0)).toBeLessThan(1_000);
		expect(newest?.backoffMs).toBe(10_000);
	});

	it('goes on with count and back-off after the supervisor was replaced', () => {
		const world = new World(pod(), () => ({ runsMs: 1_000, exitCode: 1 })).run({ forMs: 14_000 });
		world.forget();
		world.run({ forMs: 5_000 });
		expect(world.status.containerStatuses?.[0]).toMatchObject({
			restartCount: 2,
			state: { waiting: { message: expect.stringContaining('back-off 20s') } },
		});
	});

	it('keeps one dead predecessor and no more', () => {
		const world = new World(pod(), () => ({ runsMs: 1_000, exitCode: 1 })).run({ forMs: 200_000 });
		expect(world.containers.get('main')?.length).toBeLessThanOrEqual(2);
	});

	it('mends what somebody kills or removes, and leaves the others alone', () => {
		const world = new World(
			pod({ containers: [container('main'), container('other')] }),
			() => forever,
		).run();
		const other = world.find('other')?.id;
		world.kill('main');
		world.run({ forMs: 1_000 });
		expect(world.status.containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true });
		world.remove('main');
		world.run({ forMs: 1_000 });
		expect(world.status.containerStatuses?.[0]).toMatchObject({ restartCount: 2, ready: true });
		expect(world.find('other')?.id).toBe(other);
	});

	it('makes a new sandbox when the pause dies, and runs the init containers again', () => {
		const initContainers = [container('setup')];
		const world = new World(pod({ initContainers }), (name) =>
			name === 'setup' ? { runsMs: 100 } : polite,
		).run();
		world.kill('POD');
		world.run({ forMs: 60_000 });
		expect(world.status).toMatchObject({ phase: 'Running', podIP: '10.201.0.2' });
		expect(world.status.initContainerStatuses?.[0]?.restartCount).toBe(1);
		expect(world.status.containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true });
		expect(world.sandboxes).toHaveLength(1);
		expect(world.sandboxes[0]?.attempt).toBe(1);
	});
});

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

describe('images that can not be had', () => {
	it('is ErrImagePull for a moment, then ImagePullBackOff, and again; the others run', () => {
		const containers = [container('bad', { image: 'none:1' }), container('main')];
		const world = new World(pod({ containers }), () => forever).run({ forMs: 1_000 });
		const waiting = () => world.status.containerStatuses?.[0]?.state?.waiting;
		expect(waiting()).toMatchObject({ reason: 'ErrImagePull', message: 'no none:1' });
		expect(world.status).toMatchObject({ phase: 'Pending', containerStatuses: [{}, { ready: true }] });
		world.run({ forMs: 5_000 });
		expect(waiting()).toMatchObject({
			reason: 'ImagePullBackOff',
			message: expect.stringContaining('none:1'),
		});
		world.run({ forMs: 6_000 });
		expect(waiting()?.reason).toBe('ErrImagePull');
		const pulls = world.run({ forMs: 60_000 }).log.filter((line) => line.includes('PullImage'));
		expect(pulls.map((line) => Math.round(Number(line.split(' ')[0]) / 1000))).toEqual([0, 10, 30, 70]);
	});

	it('starts as soon as the spec names one that can', () => {
		const world = new World(pod({ containers: [container('main', { image: 'none:1' })] }), () => forever);
		world.run({ forMs: 5_000 });
		world.pod = { ...world.pod, spec: { ...world.pod.spec, containers: [container('main')] } };
		world.run({ forMs: 2_000 });
		expect(world.status).toMatchObject({
			phase: 'Running',
			containerStatuses: [{ restartCount: 0, ready: true }],
		});
	});
});

describe('changes of a living pod', () => {
	it('replaces the changed container alone', () => {
		const world = new World(pod({ containers: [container('main'), container('other')] }), () => polite).run();
		const other = world.find('other')?.id;
		const containers = [container('main', { image: 'busybox:latest' }), container('other')];
		world.pod = { ...world.pod, spec: { ...world.pod.spec, containers } };
		world.run({ forMs: 5_000 });
		expect(world.status.containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true });
		expect(world.find('other')?.id).toBe(other);
		expect(world.events).toContain('Killing: Container main definition changed, will be restarted');
	});

	it('even one that never restarts', () => {
		const world = new World(pod({ restartPolicy: 'Never' }), () => polite).run();
		world.pod = {
			...world.pod,
			spec: { ...world.pod.spec, containers: [container('main', { args: ['x'] })] },
		};
		world.run({ forMs: 5_000 });
		expect(world.status).toMatchObject({
			phase: 'Running',
			containerStatuses: [{ restartCount: 1, ready: true }],
		});
	});

	it('updates resources live', () => {
		const world = new World(pod(), () => polite).run();
		const id = world.find('main')?.id;
		const resources = { limits: { cpu: '1' } };
		world.pod = { ...world.pod, spec: { ...world.pod.spec, containers: [container('main', { resources })] } };
		world.run({ forMs: 1_000 });
		expect(deedsOf(world).at(-1)).toBe('UpdateResources main');
		expect(world.find('main')?.id).toBe(id);
		expect(world.status.containerStatuses?.[0]?.resources).toEqual(resources);
	});

	it('removes what the spec no longer has, and adds what is new', () => {
		const world = new World(pod({ containers: [container('main'), container('old')] }), () => polite).run();
		const main = world.find('main')?.id;
		world.pod = {
			...world.pod,
			spec: { ...world.pod.spec, containers: [container('main'), container('new')] },
		};
		world.run({ forMs: 2_000 });
		expect([...world.containers.keys()].sort()).toEqual(['main', 'new']);
		expect(world.find('main')?.id).toBe(main);
		expect(world.status.containerStatuses?.map(({ name }) => name)).toEqual(['main', 'new']);
	});

	it('rebuilds the sandbox when a field of the pod changes', () => {
		const world = new World(pod(), () => polite).run();
		world.pod = { ...world.pod, spec: { ...world.pod.spec, hostname: 'other' } };
		world.run({ forMs: 10_000 });
		expect(world.status).toMatchObject({ phase: 'Running', podIP: '10.201.0.2' });
		expect(world.status.containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true });
		expect(world.sandboxes).toHaveLength(1);
	});

	it('restarts at once what a user asks to restart', () => {
		const world = new World(pod({ restartPolicy: 'Never' }), () => polite).run();
		world.restartRequested.add(world.find('main')?.id ?? '');
		world.run({ forMs: 2_000 });
		expect(world.status).toMatchObject({
			phase: 'Running',
			containerStatuses: [{ restartCount: 1, ready: true }],
		});
	});
});

describe('hooks', () => {
	const lifecycle = { postStart: { exec: { command: ['true'] } } };

	it('is not running until its postStart hook is through', () => {
		const world = new World(pod({ containers: [container('main', { lifecycle })] }), () => forever);
		world.run({ until: () => world.inFlight.has('container:main') && world.running.length > 0 });
		world.turn();
		expect(world.status).toMatchObject({
			phase: 'Pending',
			containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } }, ready: false }],
		});
		world.run({ forMs: 1_000 });
		expect(world.status).toMatchObject({ phase: 'Running', containerStatuses: [{ ready: true }] });
		expect(deedsOf(world).filter((deed) => deed.startsWith('RunHook'))).toEqual(['RunHook main postStart']);
	});

	it('is not run again by the next supervisor', () => {
		const world = new World(pod({ containers: [container('main', { lifecycle })] }), () => forever).run();
		world.forget();
		world.run({ forMs: 5_000 });
		expect(deedsOf(world).filter((deed) => deed.startsWith('RunHook'))).toHaveLength(1);
	});

	it('gives a failing probe its own grace period', () => {
		const startupProbe = { tcpSocket: { port: 80 }, terminationGracePeriodSeconds: 3 };
		const spec = { terminationGracePeriodSeconds: 200, containers: [container('main', { startupProbe })] };
		const world = new World(pod(spec), () => ({ startsInMs: 1e9, failsInMs: 2_000, fails: 'startup' }));
		world.run({ until: () => world.find('main')?.attempt === 1 });
		const [, before] = world.containers.get('main') ?? [];
		expect((before?.finishedAt ?? 0) - (before?.startedAt ?? 0)).toBeLessThan(6_000);
		expect(world.events).toContain('Killing: Container main failed startup probe, will be restarted');
	});

	it('restarts after a failed liveness probe under OnFailure even what ends well', () => {
		const livenessProbe = { tcpSocket: { port: 80 } };
		const spec = { restartPolicy: 'OnFailure' as const, containers: [container('main', { livenessProbe })] };
		const world = new World(pod(spec), (_name, attempt) => ({
			endsInMs: 10,
			...(attempt === 0 ? { failsInMs: 2_000 } : {}),
		})).run({ forMs: 10_000 });
		expect(world.status).toMatchObject({
			phase: 'Running',
			containerStatuses: [{ restartCount: 1, ready: true }],
		});
	});

	it('kills a container whose postStart fails, and restarts it', () => {
		const spec = { terminationGracePeriodSeconds: 2, containers: [container('main', { lifecycle })] };
		const world = new World(pod(spec), (_name, attempt) => ({ postStartOk: attempt > 0 })).run({
			forMs: 20_000,
		});
		expect(world.status.containerStatuses?.[0]).toMatchObject({
			restartCount: 1,
			ready: true,
			lastState: { terminated: { exitCode: 137 } },
		});
	});
});

describe('a program that can not be started', () => {
	it('fails the pod under Never', () => {
		const world = new World(pod({ restartPolicy: 'Never' }), () => ({
			startError: 'no such file or directory',
		})).run();
		expect(world.status).toMatchObject({
			phase: 'Failed',
			containerStatuses: [
				{
					restartCount: 0,
					state: {
						terminated: { reason: 'StartError', exitCode: 128, message: 'no such file or directory' },
					},
				},
			],
		});
	});

	it('is RunContainerError, then backs off under Always', () => {
		const world = new World(pod(), () => ({ startError: 'no such file' })).run({ forMs: 1_000 });
		expect(world.status.containerStatuses?.[0]?.state?.waiting).toEqual({
			reason: 'RunContainerError',
			message: 'no such file',
		});
		world.run({ forMs: 3_000 });
		expect(world.status.containerStatuses?.[0]?.state?.waiting?.reason).toBe('CrashLoopBackOff');
		const starts = world.run({ forMs: 40_000 }).log.filter((line) => line.includes('StartContainer'));
		expect(starts).toHaveLength(4);
	});
});
