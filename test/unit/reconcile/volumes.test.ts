/** What volumes ask of a decision: images to pull, contents that must be there, and why a pod waits. */
import { describe, expect, it } from 'vitest';
import type { Volume } from '../../../src/api/types.ts';
import { decide } from '../../../src/reconcile/decide.ts';
import type { ObservedPod } from '../../../src/reconcile/observed.ts';
import { actions, attempt, container, fresh, observe, pause, pod, SETTINGS, T0 } from './builders.ts';

const decided = (of: ReturnType<typeof pod>, observed: ObservedPod) => {
	const decision = decide(of, observed, SETTINGS);
	return {
		actions: actions(decision),
		waiting: decision.status.containerStatuses?.map(({ state }) => state?.waiting),
	};
};

const CREATE = 'CreateContainer container=main attempt=0 backoffMs=0 sandboxID=pause0';

describe('image volumes', () => {
	const volume = (pullPolicy: string) =>
		({ name: 'img', image: { reference: 'files:1', pullPolicy } }) as Volume;
	const withImage = (pullPolicy: string) =>
		pod({
			volumes: [volume(pullPolicy)],
			containers: [
				container('main', { volumeMounts: [{ name: 'img', mountPath: '/img' }] }),
				container('other'),
			],
		});
	const images = (of: ReturnType<typeof pod>, has: boolean) =>
		new Map([...observe(of).images, ['files:1', { ref: 'files:1', ...(has ? { id: 'sha256:f' } : {}) }]]);
	const PULL = 'PullImage image=files:1 container=volume:img attempt=0 fallback=false';
	const OTHER = CREATE.replace('main', 'other');

	it('are pulled before the containers that mount them are made, and hold back no other', () => {
		const of = withImage('IfNotPresent');
		expect(decided(of, observe(of, [], { images: images(of, false) })).actions).toEqual([PULL, OTHER]);
		expect(decided(of, observe(of, [], { images: images(of, true) })).actions).toEqual([CREATE, OTHER]);
	});

	it('with the policy Always are pulled though they are there, once', () => {
		const of = withImage('Always');
		expect(decided(of, observe(of, [], { images: images(of, true) })).actions).toEqual([PULL, OTHER]);
		const pulled = new Map([['volume:img', { attempt: 0, at: T0 }]]);
		expect(decided(of, observe(of, [], { images: images(of, true), pulled })).actions).toEqual([
			CREATE,
			OTHER,
		]);
	});

	it('that can not be pulled are told as the container that waits', () => {
		const of = withImage('IfNotPresent');
		const failure = { reason: 'ErrImagePull', message: 'no such host', count: 1, at: T0 };
		const failures = new Map([['image:files:1', failure]]);
		const { waiting } = decided(of, observe(of, [], { images: images(of, false), failures }));
		expect(waiting?.[0]).toEqual({
			reason: 'ImagePullBackOff',
			message: 'Back-off pulling image "files:1": ErrImagePull: no such host',
		});
	});

	it('with the policy Never must be there', () => {
		const of = withImage('Never');
		const { waiting, actions } = decided(of, observe(of, [], { images: images(of, false) }));
		expect(actions).toEqual([OTHER]);
		expect(waiting?.[0]?.reason).toBe('ErrImageNeverPull');
	});
});

describe('subPath', () => {
	const of = pod({
		volumes: [{ name: 'v', emptyDir: {} }],
		containers: [container('main', { volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'a' }] })],
	});

	it('waits for the contents of the volumes before the container is made', () => {
		const volumes = { created: true, current: false, written: false };
		expect(decided(of, observe(of, [], { volumes })).actions).toEqual(['WriteVolumes']);
		expect(decided(of, observe(of)).actions).toEqual([CREATE]);
	});

	it('waits for the pause to run', () => {
		const sandboxes = [pause(of, { state: 'created' })];
		expect(decided(of, observe(of, [], { sandboxes })).actions).toEqual(['StartSandbox id=pause0']);
	});
});

it('a volume that can not be mounted is told by every container that waits', () => {
	const of = pod({ containers: [container('main'), container('other')] });
	const failure = { reason: 'FailedMount', message: 'MountVolume.SetUp failed', count: 1, at: T0 };
	const { waiting } = decided(of, fresh(of, { failures: new Map([['volumes', failure]]) }));
	const told = { reason: 'ContainerCreating', message: 'MountVolume.SetUp failed' };
	expect(waiting).toEqual([told, told]);
});

it('an evicted pod gets no more than the least grace, whatever its grace period, and stays evicted', () => {
	const status = { phase: 'Failed', reason: 'Evicted', message: 'too much' } as const;
	const of = pod({ terminationGracePeriodSeconds: 600 }, { status });
	const { actions, status: next } = decide(of, observe(of, [attempt(of, 'main')]), SETTINGS);
	expect(actions).toMatchObject([{ type: 'SignalContainer', signal: 'SIGTERM', deadline: T0 + 7_000 }]);
	expect(next).toMatchObject(status);
});
