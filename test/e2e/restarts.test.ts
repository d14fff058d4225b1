/** Restarts by the kubelet's rules, measured by what the containers themselves wrote. */
import { describe, expect, test } from 'vitest';
import { engineContainers } from '../support/checks.ts';
import { holds, pod, seconds, server, sh, statusOf } from '../support/manifests.ts';
import { eventually, scenario } from '../support/scenario.ts';

/** Tells when each attempt started, on a volume that outlives the attempts, then ends. */
const diary = (code: number) =>
	sh('main', `date +%s >> /d/starts; cat /d/starts; exit ${code}`, {
		volumeMounts: [{ name: 'd', mountPath: '/d' }],
	});
const volumes = [{ name: 'd', emptyDir: {} }];

describe.concurrent('back-off', () => {
	const s = scenario('backoff');

	test('a crash is mended at once, then after 10 s, then after 20 s', async () => {
		await s.apply(pod('steps', { containers: [diary(1), server('other')], volumes }));
		const waiting = await s.until(
			'steps',
			(pod) =>
				statusOf(pod, 'main').restartCount === 2 &&
				statusOf(pod, 'main').state?.waiting?.reason === 'CrashLoopBackOff',
		);
		expect(statusOf(waiting, 'main').state?.waiting?.message).toMatch(
			/^back-off 20s restarting failed container=main pod=steps_default\(/,
		);
		expect(statusOf(waiting, 'main').lastState?.terminated).toMatchObject({ exitCode: 1, reason: 'Error' });
		expect(waiting.status?.phase).toBe('Running');
		expect(holds(waiting, 'Ready')).toBe(false);
		const done = await s.until('steps', (pod) => statusOf(pod, 'main').restartCount === 3);
		// It runs before it has said anything.
		const starts = await eventually(
			async () => {
				const said = (await s.ok('logs', 'steps', '-c', 'main')).trim().split('\n').map(Number);
				return said.length === 4 ? said : undefined;
			},
			{ what: 'the fourth attempt tells all four starts' },
		);
		const [first = 0, second = 0, third = 0, fourth = 0] = starts;
		expect(second - first).toBeLessThan(9);
		expect(third - second).toBeGreaterThanOrEqual(9);
		expect(third - second).toBeLessThan(19);
		expect(fourth - third).toBeGreaterThanOrEqual(19);
		expect(fourth - third).toBeLessThan(35);
		expect(statusOf(done, 'other').restartCount).toBe(0);
		expect((await s.events('steps')).map(({ reason }) => reason)).toContain('BackOff');
	});

	test('exit code 0 under Always is a restart too', async () => {
		await s.apply(pod('zero', { containers: [diary(0)], volumes }));
		const seen = await s.until('zero', (pod) => statusOf(pod, 'main').restartCount === 2);
		const { state, lastState } = statusOf(seen, 'main');
		const ended = state?.terminated ?? lastState?.terminated;
		expect(ended).toMatchObject({ exitCode: 0, reason: 'Completed' });
	});

	test('Never and OnFailure: phases say how it ended', async () => {
		const never = pod('never', { restartPolicy: 'Never', containers: [sh('a', 'exit 3'), sh('b', 'true')] });
		const onFailure = pod('onfailure', {
			restartPolicy: 'OnFailure',
			containers: [
				sh('a', 'test -e /d/once || { touch /d/once; exit 5; }', {
					volumeMounts: [{ name: 'd', mountPath: '/d' }],
				}),
			],
			volumes,
		});
		await s.apply(never, onFailure);
		const failed = await s.until('never', ({ status }) => status?.phase === 'Failed');
		expect(statusOf(failed, 'a')).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 3 } } });
		expect(statusOf(failed, 'b').state?.terminated?.reason).toBe('Completed');
		const succeeded = await s.until('onfailure', ({ status }) => status?.phase === 'Succeeded');
		expect(statusOf(succeeded, 'a')).toMatchObject({
			restartCount: 1,
			state: { terminated: { exitCode: 0 } },
			lastState: { terminated: { exitCode: 5 } },
		});
		expect(await s.ok('get', 'pods', '--no-headers', 'never')).toMatch(/0\/2 +Error +0/);
		expect(await s.ok('get', 'pods', '--no-headers', 'onfailure')).toMatch(/0\/1 +Completed +1/);
	});
});

describe('the attempt after a back-off', () => {
	const s = scenario('ahead');
	const made = async () =>
		(await engineContainers(s.instance, 'loop')).find(
			({ container, attempt }) => container === 'main' && attempt === 2,
		);

	test('is made while the back-off runs, is told nowhere, and goes when the pod changes', async () => {
		// What an engine on another machine can't do is learned from its first pod, which is made once more.
		await s.apply(pod('first', { containers: [server('main')] }));
		await s.until('first', (pod) => statusOf(pod, 'main').state?.running !== undefined);
		await s.apply(pod('loop', { containers: [sh('main', 'exit 1')] }));
		await s.until(
			'loop',
			(pod) =>
				statusOf(pod, 'main').restartCount === 1 &&
				statusOf(pod, 'main').state?.waiting?.reason === 'CrashLoopBackOff',
		);
		const next = await eventually(made, { what: 'the next attempt is made' });
		expect(next.running).toBe(false);
		const waiting = await s.until('loop', () => true);
		expect(statusOf(waiting, 'main').restartCount).toBe(1);
		expect(statusOf(waiting, 'main').containerID).not.toContain(next.id);
		const created = (await s.events('loop')).filter(({ reason }) => reason === 'Created');
		expect(created.reduce((sum, { count }) => sum + (count ?? 1), 0)).toBe(2);
		await s.apply(pod('loop', { containers: [server('main')] }));
		const changed = await s.until('loop', (pod) => statusOf(pod, 'main').state?.running !== undefined);
		expect(statusOf(changed, 'main').containerID).not.toContain(next.id);
		const left = await engineContainers(s.instance, 'loop');
		expect(left.map(({ id }) => id)).not.toContain(next.id);
	});
});

describe('--max-restart-backoff', () => {
	const s = scenario('maxbackoff');

	test('is a ceiling, and every attempt has a fresh root filesystem', async () => {
		const crash = pod('fresh', { containers: [sh('main', 'ls /mark; touch /mark; exit 1')] });
		// The supervisor runs already: the flag is the pod's.
		await s.ok('ps');
		await s.ok('--max-restart-backoff', '1s', 'apply', '-f', s.manifest('fresh', crash));
		const seen = await s.until('fresh', (pod) => statusOf(pod, 'main').restartCount >= 4);
		expect(seconds(seen.status?.startTime, new Date().toISOString())).toBeLessThan(60);
		expect(await s.ok('logs', 'fresh')).toContain('/mark: No such file or directory');
	});
});
