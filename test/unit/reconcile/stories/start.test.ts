/** Stories of pods that come up, or do not: order, crashes, hooks, images, programs that can not be started. */
import { describe, expect, it } from 'vitest';
import { container, pod, sidecar } from '../builders.ts';
import { deedsOf, forever, polite, World } from '../world.ts';

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
