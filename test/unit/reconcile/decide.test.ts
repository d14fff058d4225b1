/** One look each: a base pod, what is different, and what is to be done now. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/reconcile/decide.ts';
import {
	actions,
	attempt,
	container,
	created,
	decided,
	deleted,
	exited,
	fresh,
	observe,
	pause,
	pod,
	SETTINGS,
	T0,
} from './builders.ts';

const base = pod();

describe('sandbox and volumes', () => {
	it('begins with the volumes, and pulls at the same time', () => {
		const missing = pod({ containers: [container('main', { image: 'none:1' })] });
		const images = new Map([['none:1', { ref: 'none:1' }]]);
		expect(decided(missing, fresh(missing, { images }))).toEqual([
			'CreateVolumes',
			'PullImage image=none:1 container=main attempt=0 fallback=false',
		]);
	});

	it('makes the pause once the volumes are there', () => {
		const volumes = { created: true, current: false, written: false };
		expect(decided(base, fresh(base, { volumes }))).toEqual(['CreateSandbox attempt=0']);
	});

	it('starts the pause and makes the container at the same time', () => {
		const sandboxes = [pause(base, { state: 'created' })];
		expect(decided(base, observe(base, [], { sandboxes }))).toEqual([
			'StartSandbox id=pause0',
			'CreateContainer container=main attempt=0 backoffMs=0 sandboxID=pause0',
		]);
	});

	it('does not start a container before its volumes have contents', () => {
		const volumes = { created: true, current: false, written: false };
		expect(decided(base, observe(base, [created(base, 'main')], { volumes }))).toEqual(['WriteVolumes']);
	});

	it('writes changed contents while all goes on', () => {
		const volumes = { created: true, current: false, written: true };
		expect(decided(base, observe(base, [attempt(base, 'main')], { volumes }))).toEqual(['WriteVolumes']);
	});

	it('replaces a dead pause by the next attempt', () => {
		const sandboxes = [pause(base, { state: 'exited', attempt: 3, finishedAt: T0 + 60_000 })];
		const at = T0 + 60_000;
		const decision = decide(base, observe(base, [exited(base, 'main', 137)], { sandboxes, at }), SETTINGS);
		expect(actions(decision)).toEqual(['CreateSandbox attempt=4']);
		expect(decision.notes.map(({ reason }) => reason)).toContain('SandboxChanged');
	});

	it('makes a pause that dies at once more and more slowly', () => {
		const sandboxes = [pause(base, { state: 'exited', attempt: 3, finishedAt: T0 + 100 })];
		const decision = decide(base, observe(base, [], { sandboxes, at: T0 + 200 }), SETTINGS);
		expect(decision.actions).toEqual([]);
		expect(decision.wakeAt).toBe(T0 + 100 + 4_000);
	});

	it('ends containers of a dead pause before it makes the next one', () => {
		const sandboxes = [pause(base, { state: 'exited', finishedAt: T0 + 60_000 })];
		expect(decided(base, observe(base, [attempt(base, 'main')], { sandboxes }))).toEqual([
			`SignalContainer container=main id=main0 signal=SIGTERM deadline=${T0 + 35_000} reason=SandboxChanged`,
		]);
	});

	it('makes no new sandbox for a pod that is done', () => {
		const never = pod({ restartPolicy: 'Never' });
		const sandboxes = [pause(never, { state: 'exited', finishedAt: T0 + 60_000 })];
		expect(decided(never, observe(never, [exited(never, 'main', 0)], { sandboxes }))).toEqual([
			'RemoveContainer container=POD id=pause0 force=true',
		]);
	});
});

describe('admission', () => {
	const admission = {
		admitted: false,
		reason: 'Unschedulable',
		message: '0/1 nodes are available: 1 Insufficient cpu.',
	} as const;

	it('does nothing for a pod that has no room, and says so once', () => {
		const first = decide(base, fresh(base, { admission }), SETTINGS);
		expect(first.actions).toEqual([]);
		expect(first.notes).toEqual([
			{ type: 'Warning', reason: 'FailedScheduling', message: admission.message },
		]);
		expect(first.status).toMatchObject({
			phase: 'Pending',
			conditions: [
				{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: admission.message },
			],
		});
		const second = decide({ ...base, status: first.status }, fresh(base, { admission }), SETTINGS);
		expect(second.notes).toEqual([]);
	});

	it('holds back a pod with scheduling gates', () => {
		const gated = pod({ schedulingGates: [{ name: 'example.com/x' }] });
		const decision = decide(gated, fresh(gated), SETTINGS);
		expect(decision.actions).toEqual([]);
		expect(decision.status.conditions?.[0]).toMatchObject({
			type: 'PodScheduled',
			reason: 'SchedulingGated',
		});
	});

	it('lets go on what has begun', () => {
		expect(decided(base, observe(base, [created(base, 'main')], { admission }))).toEqual([
			'StartContainer container=main id=main0',
		]);
	});
});

describe('what runs', () => {
	const livenessProbe = { tcpSocket: { port: 80 } };
	const probed = pod({ containers: [container('main', { livenessProbe })] });
	const signal = (reason: string, of = 'main', at = T0 + 35_000) =>
		`SignalContainer container=${of} id=${of}0 signal=SIGTERM deadline=${at} reason=${reason}`;

	it('is left alone when nothing is wrong', () => {
		const decision = decide(base, observe(base, [attempt(base, 'main')]), SETTINGS);
		expect(decision.actions).toEqual([]);
		expect(decision.wakeAt).toBeUndefined();
	});

	it('is woken when somebody has paused it', () => {
		expect(decided(base, observe(base, [attempt(base, 'main', { state: 'paused' })]))).toEqual([
			'UnpauseContainer container=main id=main0',
		]);
	});

	it('ends when somebody has started its pause anew', () => {
		const started = attempt(base, 'main').startedAt ?? 0;
		const sandboxes = [pause(base, { startedAt: started + 1, finishedAt: started })];
		expect(decided(base, observe(base, [attempt(base, 'main')], { sandboxes }))).toEqual([
			signal('SandboxChanged'),
		]);
	});

	it('stays when the clock was set back between the start of its pause and its own', () => {
		const started = attempt(base, 'main').startedAt ?? 0;
		const sandboxes = [pause(base, { startedAt: started + 3_600_000 })];
		expect(decided(base, observe(base, [attempt(base, 'main')], { sandboxes }))).toEqual([]);
	});

	it('ends when its liveness probe has failed', () => {
		const probes = new Map([['main0', { live: false, failed: 'liveness' as const }]]);
		expect(decided(probed, observe(probed, [attempt(probed, 'main')], { probes }))).toEqual([
			signal('LivenessFailed'),
		]);
	});

	it('ends when its spec has changed', () => {
		expect(decided(base, observe(base, [attempt(base, 'main', { hash: 'old' })]))).toEqual([
			signal('SpecChanged'),
		]);
	});

	it('ends when it lives in another sandbox', () => {
		const observed = observe(base, [attempt(base, 'main', { sandboxID: 'former' })]);
		expect(decided(base, observed)).toEqual([signal('SandboxChanged')]);
	});

	it('is restarted for a resource whose resizePolicy wants it, else updated', () => {
		const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
		const sized = (limits: object) =>
			pod({
				containers: [container('main', { resources: { limits: limits as { cpu: string } }, resizePolicy })],
			});
		const old = attempt(sized({ cpu: '1', memory: '1Gi' }), 'main');
		const cpu = sized({ cpu: '2', memory: '1Gi' });
		const memory = sized({ cpu: '1', memory: '2Gi' });
		expect(decided(cpu, observe(cpu, [old]))).toEqual(['UpdateResources container=main id=main0']);
		expect(decided(memory, observe(memory, [old]))).toEqual([signal('ResourcesChanged')]);
	});

	it('is unpaused before it can be told to end', () => {
		const observed = observe(base, [attempt(base, 'main', { state: 'paused', hash: 'old' })]);
		expect(decided(base, observed)).toEqual(['UnpauseContainer container=main id=main0']);
	});

	it('goes on ending once that was begun, whatever the verdict says now', () => {
		const stopping = { since: T0, deadline: T0 + 20_000, reason: 'LivenessFailed' };
		const deeds = new Map([['main0', { stopping, termSentAt: T0 }]]);
		const decision = decide(probed, observe(probed, [attempt(probed, 'main')], { deeds }), SETTINGS);
		expect(decision.actions).toEqual([]);
		expect(decision.wakeAt).toBe(T0 + 20_000);
	});

	it('is killed at its deadline', () => {
		const stopping = { since: T0, deadline: T0 + 4_000, reason: 'LivenessFailed' };
		const deeds = new Map([['main0', { stopping, termSentAt: T0 }]]);
		expect(decided(probed, observe(probed, [attempt(probed, 'main')], { deeds }))).toEqual([
			`SignalContainer container=main id=main0 signal=SIGKILL deadline=${T0 + 4_000} reason=LivenessFailed`,
		]);
	});

	it('gets the stop signal that is its own', () => {
		const observed = observe(base, [attempt(base, 'main', { hash: 'old', stopSignal: 'SIGUSR1' })]);
		expect(decided(base, observed)[0]).toContain('signal=SIGUSR1');
	});

	it('gets its postStart hook once', () => {
		const hooked = pod({
			containers: [container('main', { lifecycle: { postStart: { exec: { command: ['x'] } } } })],
		});
		const running = observe(hooked, [attempt(hooked, 'main')]);
		expect(decided(hooked, running)).toEqual(['RunHook container=main id=main0 hook=postStart']);
		const deeds = new Map([['main0', { postStart: { startedAt: T0 } }]]);
		expect(decided(hooked, { ...running, deeds })).toEqual([]);
	});
});

describe('ephemeral containers', () => {
	const debug = { name: 'debug', image: 'busybox:1.36', imagePullPolicy: 'IfNotPresent' as const };
	const debugged = pod({ ephemeralContainers: [debug] });

	it('are started without waiting for the initialization', () => {
		const waiting = pod({ initContainers: [container('setup')], ephemeralContainers: [debug] });
		expect(decided(waiting, observe(waiting, [attempt(waiting, 'setup')]))).toEqual([
			'CreateContainer container=debug attempt=0 backoffMs=0 sandboxID=pause0',
		]);
	});

	it('are never restarted', () => {
		const over = exited(debugged, 'debug', 1, { role: 'ephemeral' });
		expect(decided(debugged, observe(debugged, [attempt(debugged, 'main'), over]))).toEqual([]);
	});
});

describe('deletion', () => {
	const at = T0 + 5_000;

	it('removes at once a pod that never ran', () => {
		const of = deleted(base, at);
		expect(decided(of, fresh(of, { at }))).toEqual(['RemovePod']);
	});

	it('waits for what is being made', () => {
		const of = deleted(base, at);
		expect(decided(of, observe(of, [], { inFlight: new Set(['container:main']) }))).toEqual([]);
	});

	it('does not wait for a pull', () => {
		const of = deleted(base, at);
		expect(decided(of, observe(of, [], { inFlight: new Set(['image:x']) }))).toEqual(['RemovePod']);
	});

	it('goes by the deletionTimestamp after the supervisor was replaced', () => {
		const of = deleted(base, T0 - 60_000, 30);
		const decision = decide(of, observe(of, [attempt(of, 'main')]), SETTINGS);
		expect(actions(decision)[0]).toContain('signal=SIGTERM');
		expect(decision.wakeAt).toBe(at + 2_000);
	});
});
