/** Observed → status, piece by piece. */
import { describe, expect, it } from 'vitest';
import type { ContainerStatus, Pod, PodStatus } from '../../../src/api/types.ts';
import { decide } from '../../../src/reconcile/decide.ts';
import type { ObservedPod } from '../../../src/reconcile/observed.ts';
import {
	attempt,
	container,
	created,
	exited,
	fresh,
	observe,
	pod,
	SETTINGS,
	sidecar,
	T0,
} from './builders.ts';

const base = pod();

function statusOf(of: Pod, observed: ObservedPod, before?: PodStatus): PodStatus {
	return decide(before === undefined ? of : { ...of, status: before }, observed, SETTINGS).status;
}

function main(status: PodStatus): ContainerStatus | undefined {
	return status.containerStatuses?.find(({ name }) => name === 'main');
}

function condition(status: PodStatus, type: string) {
	return status.conditions?.find((one) => one.type === type);
}

describe('a pod that runs', () => {
	const status = statusOf(base, observe(base, [attempt(base, 'main')]));

	it('tells addresses, times, class and generation', () => {
		expect(status).toMatchObject({
			phase: 'Running',
			hostIP: '192.168.1.5',
			hostIPs: [{ ip: '192.168.1.5' }],
			podIP: '10.201.0.2',
			podIPs: [{ ip: '10.201.0.2' }],
			startTime: '2026-11-21T12:00:05Z',
			qosClass: 'BestEffort',
			observedGeneration: 1,
		});
	});

	it.each([
		['SIGUSR1', 'SIGUSR1'],
		['QUIT', 'SIGQUIT'],
		['RTMIN+3', 'SIGRTMIN+3'],
		['9', undefined],
	])('tells the signal that stops it: %s', (stopSignal, told) => {
		expect(main(statusOf(base, observe(base, [attempt(base, 'main', { stopSignal })])))?.stopSignal).toBe(
			told,
		);
	});

	it('tells who runs in it, where the image has no say in that', () => {
		const securityContext = { runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000, supplementalGroups: [4000] };
		const of = (supplementalGroupsPolicy: 'Merge' | 'Strict') => {
			const owned = pod({ securityContext: { ...securityContext, supplementalGroupsPolicy } });
			return main(statusOf(owned, observe(owned, [attempt(owned, 'main')])))?.user;
		};
		expect(of('Strict')).toEqual({ linux: { uid: 1000, gid: 2000, supplementalGroups: [2000, 3000, 4000] } });
		expect(of('Merge')).toBeUndefined();
	});

	it('shares 12 KiB of termination messages among its containers', () => {
		const four = pod({
			restartPolicy: 'Never',
			containers: ['main', 'b', 'c', 'd'].map((name) => container(name)),
		});
		const message = `${'a'.repeat(3071)}é…`;
		const dead = exited(four, 'main', 1, { message });
		const told = main(statusOf(four, observe(four, [dead])))?.state?.terminated?.message;
		expect(told).toBe('a'.repeat(3071));
	});

	it('tells the container', () => {
		expect(main(status)).toEqual({
			name: 'main',
			state: { running: { startedAt: '2026-11-21T12:00:00Z' } },
			lastState: {},
			ready: true,
			started: true,
			restartCount: 0,
			image: 'busybox:1.36',
			imageID: 'sha256:b',
			containerID: 'docker://main0',
			resources: {},
		});
	});

	it('has its conditions in the order of a kubelet', () => {
		expect(status.conditions?.map(({ type, status: is }) => `${type}=${is}`)).toEqual([
			'PodReadyToStartContainers=True',
			'Initialized=True',
			'Ready=True',
			'ContainersReady=True',
			'PodScheduled=True',
		]);
	});

	it('keeps lastTransitionTime while a condition stays', () => {
		const later = statusOf(base, observe(base, [attempt(base, 'main')], { at: T0 + 60_000 }), status);
		expect(later).toEqual(status);
		const down = statusOf(base, observe(base, [exited(base, 'main', 1)], { at: T0 + 60_000 }), status);
		expect(condition(down, 'Ready')).toMatchObject({
			status: 'False',
			lastTransitionTime: '2026-11-21T12:01:00Z',
		});
		expect(condition(down, 'PodScheduled')?.lastTransitionTime).toBe('2026-11-21T12:00:05Z');
	});

	it('keeps conditions of others, and waits for its readiness gates', () => {
		const gated = pod({ readinessGates: [{ conditionType: 'example.com/ok' }] });
		const first = statusOf(gated, observe(gated, [attempt(gated, 'main')]));
		expect(condition(first, 'Ready')).toMatchObject({
			status: 'False',
			reason: 'ReadinessGatesNotReady',
			message: 'corresponding condition of pod readiness gate "example.com/ok" does not exist.',
		});
		expect(condition(first, 'ContainersReady')?.status).toBe('True');
		const set = (value: string) => ({
			...first,
			conditions: [...(first.conditions ?? []), { type: 'example.com/ok', status: value }],
		});
		const no = statusOf(gated, observe(gated, [attempt(gated, 'main')]), set('False'));
		expect(condition(no, 'Ready')?.message).toBe(
			'the status of pod readiness gate "example.com/ok" is not "True", but False',
		);
		const yes = statusOf(gated, observe(gated, [attempt(gated, 'main')]), set('True'));
		expect(condition(yes, 'Ready')?.status).toBe('True');
		expect(condition(yes, 'example.com/ok')?.status).toBe('True');
	});
});

describe('a pod on its way', () => {
	it('waits with ContainerCreating, without an IP', () => {
		const status = statusOf(base, fresh(base));
		expect(status.phase).toBe('Pending');
		expect(status.podIP).toBeUndefined();
		expect(main(status)).toMatchObject({
			state: { waiting: { reason: 'ContainerCreating' } },
			ready: false,
			imageID: '',
		});
		expect(condition(status, 'PodReadyToStartContainers')?.status).toBe('False');
		expect(condition(status, 'Ready')).toMatchObject({
			reason: 'ContainersNotReady',
			message: 'containers with unready status: [main]',
		});
	});

	it('is not ready to start containers while its volumes have no contents', () => {
		const volumes = { created: true, current: false, written: false };
		const status = statusOf(base, observe(base, [created(base, 'main')], { volumes }));
		expect(condition(status, 'PodReadyToStartContainers')?.status).toBe('False');
	});

	it('is initialized step by step', () => {
		const two = pod({ initContainers: [container('one'), container('two')] });
		const status = statusOf(two, observe(two, [attempt(two, 'one')]));
		expect(status.initContainerStatuses?.[0]).toMatchObject({ ready: false, state: { running: {} } });
		expect(status.initContainerStatuses?.[1]?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
		expect(main(status)?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
		expect(condition(status, 'Initialized')).toMatchObject({
			status: 'False',
			reason: 'ContainersNotInitialized',
			message: 'containers with incomplete status: [one two]',
		});
		const next = statusOf(two, observe(two, [exited(two, 'one', 0), attempt(two, 'two')]));
		expect(next.initContainerStatuses?.[0]).toMatchObject({ ready: true, started: false });
		expect(condition(next, 'Initialized')?.message).toBe('containers with incomplete status: [two]');
	});

	it('tells configuration errors until they are gone', () => {
		const message = 'configmap "x" not found';
		const failures = new Map([
			['container:main', { reason: 'CreateContainerConfigError', message, count: 1, at: T0 }],
		]);
		expect(main(statusOf(base, observe(base, [], { failures })))?.state).toEqual({
			waiting: { reason: 'CreateContainerConfigError', message },
		});
		expect(main(statusOf(base, observe(base, [])))?.state?.waiting?.reason).toBe('ContainerCreating');
	});

	it('tells an image that may not be pulled, and one whose name is none', () => {
		const of = pod({
			containers: [
				container('main', { image: 'none:1', imagePullPolicy: 'Never' }),
				container('bad', { image: 'BusyBox/NotLower:1' }),
			],
		});
		const status = statusOf(of, observe(of, [], { images: new Map() }));
		expect(main(status)?.state?.waiting).toEqual({
			reason: 'ErrImageNeverPull',
			message: 'Container image "none:1" is not present with pull policy of Never',
		});
		expect(status.containerStatuses?.[1]?.state?.waiting).toMatchObject({
			reason: 'InvalidImageName',
			message: expect.stringContaining('NotLower'),
		});
	});
});

describe('readiness', () => {
	const probe = { tcpSocket: { port: 80 } };
	const probed = pod({ containers: [container('main', { readinessProbe: probe, startupProbe: probe })] });
	const running = (verdicts?: object) =>
		observe(probed, [attempt(probed, 'main')], { probes: new Map(verdicts ? [['main0', verdicts]] : []) });

	it('comes with the verdicts', () => {
		expect(main(statusOf(probed, running()))).toMatchObject({ started: false, ready: false });
		expect(main(statusOf(probed, running({ started: true })))).toMatchObject({ started: true, ready: false });
		expect(main(statusOf(probed, running({ started: true, ready: true })))).toMatchObject({ ready: true });
		expect(main(statusOf(probed, running({ started: false, ready: true })))).toMatchObject({ ready: false });
	});

	it('of an adopted container is what it was until there is a verdict', () => {
		const before = statusOf(probed, running({ started: true, ready: true }));
		expect(main(statusOf(probed, running(), before))).toMatchObject({ started: true, ready: true });
	});

	it('of a sidecar is part of the pod', () => {
		const of = pod({ initContainers: [sidecar('side', { readinessProbe: probe })] });
		const observed = observe(of, [attempt(of, 'side'), attempt(of, 'main')]);
		const status = statusOf(of, observed);
		expect(condition(status, 'Initialized')?.status).toBe('True');
		expect(condition(status, 'Ready')?.message).toBe('containers with unready status: [side]');
	});
});

describe('ends', () => {
	const never = pod({ restartPolicy: 'Never' });
	const end = (more: Partial<Parameters<typeof exited>[3]> & object, code = 1) =>
		main(statusOf(never, observe(never, [exited(never, 'main', code, more)])))?.state?.terminated;

	it('are told with their times and id', () => {
		expect(end({ message: 'why' })).toEqual({
			exitCode: 1,
			reason: 'Error',
			message: 'why',
			startedAt: '2026-11-21T12:00:00Z',
			finishedAt: '2026-11-21T12:00:01Z',
			containerID: 'docker://main0',
		});
		expect(end({}, 0)).toMatchObject({ reason: 'Completed' });
	});

	it('are OOMKilled when memory was the end of the process, or of a child of it', () => {
		expect(end({ oomKilled: true }, 137)).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
		expect(end({ oomKilled: true }, 0)).toMatchObject({ reason: 'OOMKilled', exitCode: 0 });
	});

	it('complete the pod', () => {
		const status = statusOf(never, observe(never, [exited(never, 'main', 0)]));
		expect(status.phase).toBe('Succeeded');
		expect(condition(status, 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
		expect(condition(status, 'Initialized')).toMatchObject({ status: 'True', reason: 'PodCompleted' });
	});

	it('are told only with their message', () => {
		const { message: _unread, ...dead } = exited(never, 'main', 0);
		expect(statusOf(never, observe(never, [dead])).phase).toBe('Running');
		const failures = new Map([
			['message:main0', { reason: 'FailedReadMessage', message: '', count: 3, at: T0 }],
		]);
		expect(statusOf(never, observe(never, [dead], { failures })).phase).toBe('Succeeded');
	});

	it('keep their message when the supervisor that has read it is gone', () => {
		const before = statusOf(never, observe(never, [exited(never, 'main', 1, { message: 'why' })]));
		const { message: _lost, ...dead } = exited(never, 'main', 1);
		expect(main(statusOf(never, observe(never, [dead]), before))).toEqual(main(before));
		expect(
			decide({ ...never, status: before }, observe(never, [dead], { sandboxes: [] }), SETTINGS).actions,
		).toEqual([]);
	});

	it('stay when somebody has removed the container', () => {
		const before = statusOf(never, observe(never, [exited(never, 'main', 7)]));
		const after = statusOf(never, observe(never, [], { sandboxes: [] }), before);
		expect(after.phase).toBe('Failed');
		expect(main(after)).toEqual(main(before));
	});

	it('of a container that was removed while it ran are unknown', () => {
		const before = statusOf(base, observe(base, [attempt(base, 'main')]));
		const after = statusOf(base, observe(base, []), before);
		expect(main(after)).toMatchObject({
			state: { waiting: { reason: 'ContainerCreating' } },
			lastState: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } },
			restartCount: 1,
		});
		expect(after.phase).toBe('Running');
		const again = statusOf(base, observe(base, []), after);
		expect(main(again)?.restartCount).toBe(1);
	});

	it('before the last restart are the last state', () => {
		const attempts = [attempt(base, 'main', { attempt: 1 }), exited(base, 'main', 9)];
		expect(main(statusOf(base, observe(base, attempts)))).toMatchObject({
			restartCount: 1,
			lastState: { terminated: { exitCode: 9, containerID: 'docker://main0' } },
		});
	});

	it('before the last restart are remembered when they are gone from the engine', () => {
		const attempts = [attempt(base, 'main', { attempt: 1 }), exited(base, 'main', 9)];
		const before = statusOf(base, observe(base, attempts));
		const after = statusOf(base, observe(base, attempts.slice(0, 1)), before);
		expect(main(after)?.lastState?.terminated?.exitCode).toBe(9);
	});
});

describe('resources', () => {
	const sized = (cpu: string) =>
		pod({ containers: [container('main', { resources: { requests: { cpu }, limits: { cpu } } })] });

	it('are the former ones until the new ones are in force', () => {
		const [old, wanted] = [sized('1'), sized('2')];
		const before = statusOf(old, observe(old, [attempt(old, 'main')]));
		const during = statusOf(wanted, observe(wanted, [attempt(old, 'main')]), before);
		expect(main(during)).toMatchObject({
			allocatedResources: { cpu: '2' },
			resources: { limits: { cpu: '1' } },
		});
		expect(condition(during, 'PodResizeInProgress')?.status).toBe('True');
		const after = statusOf(wanted, observe(wanted, [attempt(wanted, 'main')]), during);
		expect(main(after)?.resources).toEqual({ limits: { cpu: '2' }, requests: { cpu: '2' } });
		expect(condition(after, 'PodResizeInProgress')).toBeUndefined();
	});
});
