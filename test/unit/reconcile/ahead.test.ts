/** The attempt that is made while a crash back-off runs: when it is made, started, thrown away, and what is told meanwhile. */
import { describe, expect, it } from 'vitest';
import type { Container, Pod, PodSpec } from '../../../src/api/types.ts';
import { decide } from '../../../src/reconcile/decide.ts';
import type { ObservedContainer, ObservedPod, Settings } from '../../../src/reconcile/observed.ts';
import { container, created, exited, LOCAL, observe, pod, SETTINGS, T0 } from './builders.ts';

/** Died at T0 + 1 s, waits 10 s. */
const DUE = T0 + 11_000;
const running = { containers: [container('main')] };

function looked(
	of: Pod,
	attempts: readonly ObservedContainer[],
	more: Partial<ObservedPod> = {},
	settings: Settings = SETTINGS,
) {
	const { actions, status, wakeAt } = decide(of, observe(of, attempts, more), settings);
	return {
		told: actions.map(({ type, ...rest }) => `${type}${'ahead' in rest ? ' ahead' : ''}`),
		actions,
		status: status.containerStatuses?.[0],
		wakeAt,
	};
}

const crashed = (of: Pod) => exited(of, 'main', 1, { attempt: 1, backoffMs: 10_000 });
const made = (of: Pod, more: Partial<ObservedContainer> = {}) =>
	created(of, 'main', { attempt: 2, backoffMs: 20_000, createdAt: T0 + 1_100, ...more });

function podWith(more: Partial<Container>, spec: Partial<PodSpec> = {}): Pod {
	return pod({ containers: [container('main', more)], ...spec });
}

describe('during a crash back-off', () => {
	it('the next attempt is made, and nothing of it is told', () => {
		const of = pod(running);
		const alone = looked(of, [crashed(of)]);
		expect(alone.told).toEqual(['CreateContainer ahead']);
		expect(alone.actions).toMatchObject([{ attempt: 2, backoffMs: 20_000, sandboxID: 'pause0' }]);
		const two = looked(of, [made(of), crashed(of)]);
		expect(two.told).toEqual([]);
		expect(two.status).toEqual(alone.status);
		expect(two.status).toMatchObject({
			restartCount: 1,
			containerID: 'docker://main1',
			state: { waiting: { reason: 'CrashLoopBackOff' } },
			lastState: { terminated: { exitCode: 1 } },
		});
		expect(two.wakeAt).toBe(DUE);
	});

	it('it is started when its time has come, not before', () => {
		const of = pod(running);
		expect(looked(of, [made(of), crashed(of)], { at: DUE - 1 }).told).toEqual([]);
		expect(looked(of, [made(of), crashed(of)], { at: DUE }).told).toEqual(['StartContainer']);
	});

	it('an init container that is tried again is made ahead as well', () => {
		const of = pod({ initContainers: [container('setup')], restartPolicy: 'OnFailure' });
		const dead = exited(of, 'setup', 1, { attempt: 1, backoffMs: 10_000 });
		const next = created(of, 'setup', { attempt: 2, backoffMs: 20_000, createdAt: T0 + 1_100 });
		expect(looked(of, [dead]).told).toEqual(['CreateContainer ahead']);
		const { status } = decide(of, observe(of, [next, dead]), SETTINGS);
		expect(status.initContainerStatuses?.[0]?.state?.waiting?.reason).toBe('CrashLoopBackOff');
	});

	it.each<[string, Pod, Partial<ObservedPod>]>([
		['its environment reads other objects', podWith({ envFrom: [{ configMapRef: { name: 'c' } }] }), {}],
		[
			'its environment reads the pod',
			podWith({ env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] }),
			{},
		],
		[
			'it mounts a part of a volume',
			podWith(
				{ volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'a' }] },
				{ volumes: [{ name: 'v', emptyDir: {} }] },
			),
			{},
		],
		['its image is to be pulled', podWith({ imagePullPolicy: 'Always' }), {}],
		['its image is gone', pod(running), { images: new Map() }],
		[
			'its sandbox does not run',
			pod(running),
			{ volumes: { created: true, current: false, written: false }, sandboxes: [] },
		],
	])('nothing is made ahead when %s', (_when, of, more) => {
		const { told } = looked(of, [crashed(of)], more);
		expect(told.filter((one) => one.startsWith('CreateContainer'))).toEqual([]);
	});
});

describe('what was made ahead is thrown away', () => {
	it.each<[string, Partial<PodSpec>, Partial<ObservedContainer>, Partial<ObservedPod>]>([
		['the spec has changed', { containers: [container('main', { args: ['x'] })] }, {}, {}],
		['the pod is not to restart it any more', { restartPolicy: 'Never' }, {}, {}],
		['a user wants the restart at once', {}, {}, { restartRequested: new Set(['main1']) }],
		['its image has another id by then', {}, { imageID: 'sha256:old' }, { at: DUE }],
		['its sandbox is another', {}, { sandboxID: 'pause9' }, {}],
	])('when %s', (_when, change, attempt, more) => {
		const before = pod(running);
		const other = { name: 'other', image: 'busybox:1.36' };
		const now = pod({ ...running, ...change });
		const withOther = { ...now, spec: { ...now.spec, containers: [...now.spec.containers, other] } } as Pod;
		const attempts = [made(before, attempt), crashed(before)];
		const { actions } = looked(withOther, attempts, more, LOCAL);
		expect(actions).toContainEqual(expect.objectContaining({ type: 'RemoveContainer', id: 'main2' }));
		expect(actions).not.toContainEqual(expect.objectContaining({ type: 'StartContainer', id: 'main2' }));
	});

	it('when the back-off it tells in its label is not the one in force', () => {
		const of = pod(running);
		const lowered = { ...SETTINGS, maxRestartBackoffMs: 5_000 };
		expect(looked(of, [made(of), crashed(of)], {}, lowered).told).toEqual(['RemoveContainer']);
	});

	it('but not what was made when there was nothing to wait for', () => {
		const of = pod(running);
		// A supervisor that has forgotten why: the attempt stands for the decision.
		const atOnce = made(of, { backoffMs: 0 });
		expect(looked(of, [atOnce, crashed(of)]).told).toEqual(['StartContainer']);
		const late = made(of, { imageID: 'sha256:new', createdAt: DUE + 10 });
		expect(looked(of, [late, crashed(of)], { at: DUE + 20 }).told).toEqual(['StartContainer']);
	});
});
