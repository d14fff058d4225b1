/** Who starts and ends when: told by the containers themselves, in a log that was followed to its end. */
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { holds, pod, seconds, server, sh, statusOf } from '../support/manifests.ts';
import { type Scenario, scenario } from '../support/scenario.ts';

/** Says `up`, then waits; says `term` on SIGTERM, and ends as told. */
const talker = (name: string, onTerm = 'exit 0') =>
	sh(name, `trap 'echo term; ${onTerm}' TERM; echo up; while true; do sleep 0.1; done`);

/** Lines of all containers with the engine's times, followed until the pod is gone. */
async function follow(s: Scenario, name: string) {
	const following = s.start('logs', '-f', name, '--all-containers', '--prefix', '--timestamps');
	await eventually(() => following.out().includes(' up\n'), { what: 'the log comes' });
	return {
		/** When a container said it, in ms since the epoch; once the log has ended. */
		async times(): Promise<(container: string, said: string) => number> {
			const { out } = await following.ended;
			return (container, said) => {
				const line = out
					.split('\n')
					.find((text) => text.startsWith(`[pod/${name}/${container}] `) && text.endsWith(` ${said}`));
				if (!line) throw new Error(`${container} did not say "${said}":\n${out}`);
				return Date.parse(line.split(' ')[1] ?? '');
			};
		},
	};
}

describe.concurrent('order', () => {
	const s = scenario('order');

	test('init containers and sidecars in their order; the end is the reverse, after the app containers', async () => {
		await s.apply(
			pod('order', {
				terminationGracePeriodSeconds: 20,
				initContainers: [
					sh('first', 'sleep 1'),
					{
						...talker('side-1'),
						restartPolicy: 'Always',
						startupProbe: { exec: { command: ['true'] }, initialDelaySeconds: 1, periodSeconds: 1 },
					},
					sh('second', 'true'),
					{ ...talker('side-2'), restartPolicy: 'Always' },
				],
				containers: [talker('main', 'sleep 1; echo end; exit 0')],
			}),
		);
		const up = await s.until('order', (pod) => holds(pod, 'Ready'));
		const started = (name: string) => {
			const { state } = statusOf(up, name);
			return Date.parse(state?.running?.startedAt ?? state?.terminated?.startedAt ?? '');
		};
		const names = ['first', 'side-1', 'second', 'side-2', 'main'];
		const times = names.map(started);
		expect(times).toEqual(times.toSorted((a, b) => a - b));
		expect(started('side-1')).toBeGreaterThanOrEqual(
			Date.parse(statusOf(up, 'first').state?.terminated?.finishedAt ?? ''),
		);
		// side-1's startup probe holds back all that comes after it.
		expect(started('second') - started('side-1')).toBeGreaterThanOrEqual(1000);

		const log = await follow(s, 'order');
		await s.ok('delete', 'pod', 'order');
		const when = await log.times();
		expect(when('side-2', 'term')).toBeGreaterThanOrEqual(when('main', 'end'));
		expect(when('side-1', 'term')).toBeGreaterThanOrEqual(when('side-2', 'term'));
	});

	test('SIGTERM comes to all app containers at the same time', async () => {
		const slow = 'sleep 2; exit 0';
		await s.apply(
			pod('together', {
				terminationGracePeriodSeconds: 20,
				containers: ['a', 'b', 'c', 'd'].map((name) => talker(name, slow)),
			}),
		);
		await s.until('together', (pod) => holds(pod, 'Ready'));
		const log = await follow(s, 'together');
		await s.ok('down', 'together');
		const when = await log.times();
		const terms = ['a', 'b', 'c', 'd'].map((name) => when(name, 'term'));
		// One after the other would be at least 2 s apart, and 6 s from first to last.
		expect(Math.max(...terms) - Math.min(...terms)).toBeLessThan(1500);
	});

	test('preStop runs before SIGTERM, and SIGKILL comes when the grace is over', async () => {
		await s.apply(
			pod('grace', {
				terminationGracePeriodSeconds: 4,
				containers: [
					{
						...talker('main', 'true'),
						lifecycle: {
							preStop: { exec: { command: ['sh', '-c', 'echo stopping > /proc/1/fd/1; sleep 1'] } },
						},
					},
				],
				shareProcessNamespace: false,
			}),
		);
		await s.until('grace', (pod) => holds(pod, 'Ready'));
		const log = await follow(s, 'grace');
		const began = Date.now();
		await s.ok('delete', 'pod', 'grace');
		const took = Date.now() - began;
		const when = await log.times();
		expect(when('main', 'term') - when('main', 'stopping')).toBeGreaterThanOrEqual(900);
		expect(took).toBeGreaterThanOrEqual(3_900);
		expect(took).toBeLessThan(25_000);
	});

	test('a second delete shortens the grace', async () => {
		await s.apply(pod('twice', { terminationGracePeriodSeconds: 600, containers: [talker('main', 'true')] }));
		await s.until('twice', (pod) => holds(pod, 'Ready'));
		await s.ok('delete', 'pod', 'twice', '--wait=false');
		const ending = await s.until('twice', ({ metadata }) => metadata.deletionTimestamp !== undefined);
		expect(ending.metadata.deletionGracePeriodSeconds).toBe(600);
		expect(await s.ok('get', 'pod', 'twice', '--no-headers')).toContain('Terminating');
		await s.ok('delete', 'pod', 'twice', '--grace-period=1');
		expect(await s.pod('twice')).toBeUndefined();
	});

	test('a postStart hook that fails ends its container, and is told', async () => {
		await s.apply(
			pod('hook', {
				containers: [
					server('good', {
						lifecycle: { postStart: { exec: { command: ['sh', '-c', 'echo hi > /tmp/hooked'] } } },
					}),
					server('bad', {
						lifecycle: { postStart: { exec: { command: ['sh', '-c', 'echo no way; exit 4'] } } },
					}),
				],
			}),
		);
		const seen = await s.until('hook', (pod) => statusOf(pod, 'bad').restartCount >= 1);
		expect(statusOf(seen, 'good').restartCount).toBe(0);
		expect(await s.ok('exec', 'hook', '-c', 'good', '--', 'cat', '/tmp/hooked')).toBe('hi\n');
		const told = (await s.events('hook')).find(({ reason }) => reason === 'FailedPostStartHook');
		expect(told).toMatchObject({ type: 'Warning', involvedObject: { fieldPath: 'spec.containers{bad}' } });
	});

	test('activeDeadlineSeconds ends the pod as Failed, DeadlineExceeded', async () => {
		await s.apply(pod('deadline', { activeDeadlineSeconds: 8, containers: [server('main')] }));
		const seen = await s.until('deadline', ({ status }) => status?.phase === 'Failed');
		expect(seen.status).toMatchObject({
			reason: 'DeadlineExceeded',
			message: 'Pod was active on the node longer than the specified deadline',
		});
		const ended = await s.until('deadline', (pod) => statusOf(pod, 'main').state?.terminated !== undefined);
		const { terminated } = statusOf(ended, 'main').state ?? {};
		expect(seconds(ended.status?.startTime, terminated?.finishedAt)).toBeGreaterThanOrEqual(8);
	});
});
