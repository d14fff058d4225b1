import { describe, expect, test } from 'vitest';
import { changedRows, jsonLine, plainLine, rowsOf } from '../../../../src/cli/output/progress.ts';
import { event, pod, running, terminated, waiting } from '../pods.ts';

const pulling = event('Pulling', 'Pulling image "busybox:1.36"', {
	involvedObject: { kind: 'Pod', name: 'web', uid: 'uid-web', fieldPath: 'spec.containers{main}' },
});

describe('progress', () => {
	test('init containers come first, and the pod counts them', () => {
		const rows = rowsOf(
			pod({
				phase: 'Pending',
				ready: false,
				init: ['one', 'two'],
				initStatuses: [terminated('one', 0), running('two', { ready: false })],
				statuses: [waiting('main', 'PodInitializing')],
			}),
			[],
		);
		expect(rows.map(plainLine)).toEqual([
			'pod/web: Init 1/2',
			'pod/web one (init): Completed',
			'pod/web two (init): Running',
			'pod/web main: Waiting',
		]);
	});

	test('the last event tells how far a container is that does not run yet', () => {
		const starting = pod({
			phase: 'Pending',
			ready: false,
			statuses: [waiting('main', 'ContainerCreating')],
		});
		expect(plainLine(rowsOf(starting, [pulling])[1] as never)).toBe('pod/web main: Pulling (busybox:1.36)');
	});

	test('while the engine is away the pod waits for it, whatever was seen last', () => {
		const away = event(
			'NodeNotReady',
			'Node is not ready: no Docker engine at unix:///x: nothing listens there',
		);
		const back = event('NodeReady', 'The Docker engine answers again');
		const seen = pod({ statuses: [running('main')] });
		expect(plainLine(rowsOf(seen, [away])[0] as never)).toBe(
			'pod/web: Waiting for the engine (no Docker engine at unix:///x: nothing listens there)',
		);
		expect(plainLine(rowsOf(seen, [away, back])[0] as never)).toBe('pod/web: Ready (10.201.0.7)');
	});

	test('bytes of a pull are told to programs', () => {
		const status = waiting('main', 'ContainerCreating', {
			state: { waiting: { reason: 'ContainerCreating', message: 'pulling 5/20 bytes' } },
		});
		const row = rowsOf(pod({ phase: 'Pending', ready: false, statuses: [status] }), [pulling])[1];
		expect(JSON.parse(jsonLine(row as never))).toMatchObject({
			id: 'pod/web/main',
			parent_id: 'pod/web',
			status: 'Working',
			text: 'Pulling',
			current: 5,
			total: 20,
			percent: 25,
		});
	});

	test('a pod that is Ready shows its address, one that failed its cause', () => {
		expect(plainLine(rowsOf(pod({ statuses: [running('main')] }), [])[0] as never)).toBe(
			'pod/web: Ready (10.201.0.7)',
		);
		const failed = rowsOf(pod({ phase: 'Failed', ready: false, statuses: [terminated('main', 2)] }), []);
		expect(failed.map(({ status }) => status)).toEqual(['failed', 'failed']);
		expect(plainLine(failed[0] as never)).toBe('pod/web: Failed (container "main" failed with exit code 2)');
	});

	test('only rows that changed are told again', () => {
		const before = rowsOf(pod({ ready: false, statuses: [running('main', { ready: false })] }), []);
		const after = rowsOf(pod({ statuses: [running('main')] }), []);
		expect(changedRows(before, before)).toEqual([]);
		expect(changedRows(before, after).map(({ text }) => text)).toEqual(['Ready', 'Ready']);
	});
});
