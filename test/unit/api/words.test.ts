/** The words of `get pods`. */
import { describe, expect, it } from 'vitest';
import type { ContainerStatus, Pod, PodStatus } from '../../../src/api/types.ts';
import { humanDuration, statusWord } from '../../../src/api/words.ts';

const NOW = Date.parse('2026-11-21T12:10:00Z');

function pod(
	status: PodStatus,
	more: { inits?: object[]; containers?: number; deleted?: boolean } = {},
): Pod {
	const containers = Array.from({ length: more.containers ?? 1 }, (_, i) => ({ name: `c${i}`, image: 'x' }));
	return {
		metadata: { name: 'p', ...(more.deleted ? { deletionTimestamp: '2026-11-21T12:00:00Z' } : {}) },
		spec: { containers, ...(more.inits ? { initContainers: more.inits } : {}) },
		status,
	} as unknown as Pod;
}

function one(
	name: string,
	state: ContainerStatus['state'],
	more: Partial<ContainerStatus> = {},
): ContainerStatus {
	return {
		name,
		image: 'x',
		imageID: '',
		ready: false,
		restartCount: 0,
		...(state ? { state } : {}),
		...more,
	};
}

const running = (name: string, ready = true) =>
	one(name, { running: { startedAt: '2026-11-21T12:00:00Z' } }, { ready });
const waiting = (name: string, reason: string) => one(name, { waiting: { reason } });
const ended = (name: string, exitCode: number, reason?: string, signal?: number) =>
	one(name, { terminated: { exitCode, ...(reason ? { reason } : {}), ...(signal ? { signal } : {}) } });
const init = { name: 'i0', image: 'x' };
const side = { name: 'i0', image: 'x', restartPolicy: 'Always' };

describe('STATUS and READY', () => {
	const cases: [string, string, Pod][] = [
		['Pending', '0/1', pod({ phase: 'Pending' })],
		['Running', '1/1', pod({ phase: 'Running', containerStatuses: [running('c0')] })],
		[
			'ContainerCreating',
			'0/1',
			pod({ phase: 'Pending', containerStatuses: [waiting('c0', 'ContainerCreating')] }),
		],
		[
			'CrashLoopBackOff',
			'0/1',
			pod({ phase: 'Running', containerStatuses: [waiting('c0', 'CrashLoopBackOff')] }),
		],
		['Completed', '0/1', pod({ phase: 'Succeeded', containerStatuses: [ended('c0', 0, 'Completed')] })],
		['Error', '0/1', pod({ phase: 'Failed', containerStatuses: [ended('c0', 1, 'Error')] })],
		['ExitCode:3', '0/1', pod({ phase: 'Failed', containerStatuses: [ended('c0', 3)] })],
		['Signal:9', '0/1', pod({ phase: 'Failed', containerStatuses: [ended('c0', 137, undefined, 9)] })],
		['DeadlineExceeded', '0/1', pod({ phase: 'Failed', reason: 'DeadlineExceeded' })],
		['Terminating', '1/1', pod({ phase: 'Running', containerStatuses: [running('c0')] }, { deleted: true })],
		[
			'Completed',
			'0/1',
			pod({ phase: 'Succeeded', containerStatuses: [ended('c0', 0, 'Completed')] }, { deleted: true }),
		],
		[
			'NotReady',
			'1/2',
			pod(
				{ phase: 'Running', containerStatuses: [ended('c0', 0, 'Completed'), running('c1')] },
				{ containers: 2 },
			),
		],
		[
			'Running',
			'1/2',
			pod(
				{
					phase: 'Running',
					conditions: [{ type: 'Ready', status: 'True' }],
					containerStatuses: [ended('c0', 0, 'Completed'), running('c1')],
				},
				{ containers: 2 },
			),
		],
		[
			'SchedulingGated',
			'0/1',
			pod({
				phase: 'Pending',
				conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
			}),
		],
		[
			'Init:0/2',
			'0/1',
			pod(
				{ phase: 'Pending', initContainerStatuses: [running('i0', false), waiting('i1', 'PodInitializing')] },
				{ inits: [init, { name: 'i1', image: 'x' }] },
			),
		],
		[
			'Init:1/2',
			'0/1',
			pod(
				{ phase: 'Pending', initContainerStatuses: [ended('i0', 0, 'Completed'), running('i1', false)] },
				{ inits: [init, { name: 'i1', image: 'x' }] },
			),
		],
		[
			'Init:Error',
			'0/1',
			pod({ phase: 'Pending', initContainerStatuses: [ended('i0', 1, 'Error')] }, { inits: [init] }),
		],
		[
			'Init:CrashLoopBackOff',
			'0/1',
			pod(
				{ phase: 'Pending', initContainerStatuses: [waiting('i0', 'CrashLoopBackOff')] },
				{ inits: [init] },
			),
		],
		[
			'PodInitializing',
			'0/1',
			pod(
				{
					phase: 'Pending',
					initContainerStatuses: [ended('i0', 0, 'Completed')],
					containerStatuses: [waiting('c0', 'PodInitializing')],
				},
				{ inits: [init] },
			),
		],
		[
			'Running',
			'2/2',
			pod(
				{
					phase: 'Running',
					initContainerStatuses: [{ ...running('i0'), started: true }],
					containerStatuses: [running('c0')],
				},
				{ inits: [side] },
			),
		],
	];
	it.each(cases)('%s %s', (status, ready, of) => {
		expect(statusWord(of, NOW)).toMatchObject({ status, ready });
	});
});

describe('RESTARTS', () => {
	const restarted = one(
		'c0',
		{ waiting: { reason: 'CrashLoopBackOff' } },
		{
			restartCount: 3,
			lastState: { terminated: { exitCode: 1, finishedAt: '2026-11-21T12:07:30Z' } },
		},
	);

	it('tells how long ago the last one was', () => {
		expect(statusWord(pod({ phase: 'Running', containerStatuses: [restarted] }), NOW).restarts).toBe(
			'3 (2m30s ago)',
		);
		expect(statusWord(pod({ phase: 'Running', containerStatuses: [restarted] })).restarts).toBe('3');
	});

	it('leaves out those of init containers that are done', () => {
		const done = { ...ended('i0', 0, 'Completed'), restartCount: 2 };
		const of = pod(
			{ phase: 'Running', initContainerStatuses: [done], containerStatuses: [restarted] },
			{ inits: [init] },
		);
		expect(statusWord(of).restarts).toBe('3');
	});
});

describe('ages', () => {
	it.each([
		[5, '5s'],
		[119, '119s'],
		[150, '2m30s'],
		[120, '2m'],
		[600, '10m'],
		[3 * 3600 + 300, '3h5m'],
		[9 * 3600, '9h'],
		[52 * 3600, '2d4h'],
		[8 * 86400, '8d'],
		[800 * 86400, '2y70d'],
	])('%i s is %s', (seconds, text) => {
		expect(humanDuration(seconds * 1000)).toBe(text);
	});
});
