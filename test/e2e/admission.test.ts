/** One engine is one node: the whole pod is admitted, or none of it. */
import { describe, expect, test } from 'vitest';
import { engineContainers } from '../support/checks.ts';
import { holds, pod, server } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';

describe('a node of 2.5 Gi', () => {
	const s = scenario('gang', { PODRUN_NODE_MEMORY: '2560Mi' });
	const of = (memory: string) => ({ resources: { requests: { memory } } });

	test('three containers of 1 Gi: none starts, and the reason is told', async () => {
		await s.ok('up', '-d', '-f', s.manifest('first', pod('first', { containers: [server('a', of('2Gi'))] })));
		const gang = ['a', 'b', 'c'].map((name) => server(name, of('1Gi')));
		await s.apply(pod('gang', { containers: gang }));
		const seen = await s.until('gang', ({ status }) => status?.conditions?.[0]?.reason === 'Unschedulable');
		expect(seen.status?.phase).toBe('Pending');
		expect(seen.status?.conditions?.find(({ type }) => type === 'PodScheduled')).toMatchObject({
			status: 'False',
			message: expect.stringContaining('Insufficient memory'),
		});
		expect(await engineContainers(s.instance, 'gang')).toEqual([]);
		const told = (await s.events('gang')).find(({ reason }) => reason === 'FailedScheduling');
		expect(told?.type).toBe('Warning');
		await s.ok('delete', 'pod', 'gang');
	});

	test('a pod that waits for room starts when another one goes', async () => {
		await s.apply(pod('second', { containers: [server('a', of('768Mi')), server('b', of('768Mi'))] }));
		await s.until('second', ({ status }) => status?.conditions?.[0]?.reason === 'Unschedulable');
		expect(await engineContainers(s.instance, 'second')).toEqual([]);
		await s.ok('delete', 'pod', 'first');
		await s.until('second', (pod) => holds(pod, 'Ready'));
		expect(
			(await engineContainers(s.instance, 'second')).map(({ container }) => container).toSorted(),
		).toEqual(['POD', 'a', 'b']);
	});
});
