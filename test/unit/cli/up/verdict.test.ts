import { describe, expect, test } from 'vitest';
import { attemptsOf } from '../../../../src/cli/up/log-follower.ts';
import { verdictOf } from '../../../../src/cli/up/verdict.ts';
import { ago, event, pod, running, terminated, waiting } from '../pods.ts';

describe('what up waits for', () => {
	test('Ready and Completed are success', () => {
		expect(verdictOf(pod({ statuses: [running('main')] }), [])).toEqual({ type: 'ready' });
		expect(
			verdictOf(pod({ phase: 'Succeeded', ready: false, statuses: [terminated('main', 0)] }), []),
		).toEqual({
			type: 'completed',
		});
	});

	test('a Ready of an older generation does not count', () => {
		const stale = pod({
			statuses: [running('main')],
			metadata: { generation: 2 },
			status: { observedGeneration: 1 },
		});
		expect(verdictOf(stale, [])).toEqual({ type: 'pending' });
	});

	test('an init container that keeps failing is named with its exit code', () => {
		const failing = pod({
			phase: 'Pending',
			ready: false,
			init: ['war'],
			initStatuses: [
				waiting('war', 'CrashLoopBackOff', {
					restartCount: 1,
					lastState: { terminated: { exitCode: 3, reason: 'Error' } },
				}),
			],
			statuses: [waiting('main', 'PodInitializing')],
		});
		expect(verdictOf(failing, [])).toEqual({
			type: 'failed',
			kind: 'crash',
			cause: 'init container "war" failed with exit code 3 and is in back-off after 1 restart',
			container: 'war',
		});
	});

	test('the first failure that is tried again at once is not the end', () => {
		const once = pod({ phase: 'Running', ready: false, statuses: [terminated('main', 1)] });
		expect(verdictOf(once, [])).toEqual({ type: 'pending' });
	});

	test('a failed pod tells the container, or its own reason', () => {
		const failed = pod({ phase: 'Failed', ready: false, statuses: [terminated('main', 137)] });
		expect(verdictOf(failed, [])).toMatchObject({
			kind: 'end',
			cause: 'container "main" failed with exit code 137',
			container: 'main',
		});
		const evicted = pod({
			phase: 'Failed',
			ready: false,
			status: { reason: 'OutOfmemory', message: 'not enough memory' },
		});
		expect(verdictOf(evicted, [])).toMatchObject({ kind: 'end', cause: 'OutOfmemory: not enough memory' });
	});

	test('an image that is not there, a taken port and a missing config can not be waited for', () => {
		const pulling = pod({
			phase: 'Pending',
			ready: false,
			statuses: [
				waiting('main', 'ErrImagePull', {
					state: { waiting: { reason: 'ErrImagePull', message: 'no such image' } },
				}),
			],
		});
		expect(verdictOf(pulling, [])).toMatchObject({
			kind: 'start',
			cause: 'container "main" can\'t start: ErrImagePull: no such image',
		});
		const creating = pod({
			phase: 'Pending',
			ready: false,
			statuses: [waiting('main', 'ContainerCreating')],
		});
		for (const told of [
			'Error starting userland proxy: listen tcp4 0.0.0.0:8080: bind: address already in use',
			'Bind for 0.0.0.0:8080 failed: port is already allocated',
			'failed to bind host port for 0.0.0.0:8080:10.201.0.2:80/tcp: address already in use',
			'failed to bind host port [::]:8080/tcp: address already in use',
		]) {
			const taken = event('FailedCreatePodSandBox', told, { type: 'Warning' });
			expect(verdictOf(creating, [taken])).toMatchObject({
				kind: 'start',
				cause: 'port 8080 of the host is in use: stop what uses it, or choose another hostPort',
				sandbox: true,
			});
		}
		const mount = (count: number) =>
			event('FailedMount', 'configmap "c" not found', { type: 'Warning', count });
		expect(verdictOf(creating, [mount(1)])).toEqual({ type: 'pending' });
		expect(verdictOf(creating, [mount(2)])).toMatchObject({
			kind: 'start',
			cause: 'configmap "c" not found',
		});
	});
});

describe('which attempts have a log', () => {
	const ended = { exitCode: 1, startedAt: ago(9), finishedAt: ago(8), containerID: 'docker://a' };

	test('a running one', () => {
		expect(attemptsOf(running('main', { containerID: 'docker://b' }))).toEqual([
			{ id: 'docker://b', previous: false },
		]);
	});

	test('a running one and the one before it', () => {
		const status = running('main', { containerID: 'docker://b', lastState: { terminated: ended } });
		expect(attemptsOf(status)).toEqual([
			{ id: 'docker://a', previous: true },
			{ id: 'docker://b', previous: false },
		]);
	});

	test('while it waits for the next attempt, the log is that of the one that ended', () => {
		const status = waiting('main', 'CrashLoopBackOff', { lastState: { terminated: ended } });
		expect(attemptsOf(status)).toEqual([{ id: 'docker://a', previous: false }]);
	});

	test('none before the first start', () => {
		expect(attemptsOf(waiting('main', 'ContainerCreating'))).toEqual([]);
	});
});
