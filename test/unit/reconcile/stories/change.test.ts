/** Stories of pods that are changed while they run. */
import { describe, expect, it } from 'vitest';
import { container, pod } from '../builders.ts';
import { deedsOf, polite, World } from '../world.ts';

describe('changes of a living pod', () => {
	it('replaces the changed container alone', () => {
		const world = new World(pod({ containers: [container('main'), container('other')] }), () => polite).run();
		const other = world.find('other')?.id;
		const containers = [container('main', { image: 'busybox:latest' }), container('other')];
		world.pod = { ...world.pod, spec: { ...world.pod.spec, containers } };
		world.run({ forMs: 5_000 });
		expect(world.status.containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true });
		expect(world.find('other')?.id).toBe(other);
		expect(world.events).toContain('Killing: Container main definition changed, will be restarted');
	});

	it('even one that never restarts', () => {
		const world = new World(pod({ restartPolicy: 'Never' }), () => polite).run();
		world.pod = {
			...world.pod,
			spec: { ...world.pod.spec, containers: [container('main', { args: ['x'] })] },
		};
		world.run({ forMs: 5_000 });
		expect(world.status).toMatchObject({
			phase: 'Running',
			containerStatuses: [{ restartCount: 1, ready: true }],
		});
	});

	it('updates resources live', () => {
		const world = new World(pod(), () => polite).run();
		const id = world.find('main')?.id;
		const resources = { limits: { cpu: '1' } };
		world.pod = { ...world.pod, spec: { ...world.pod.spec, containers: [container('main', { resources })] } };
		world.run({ forMs: 1_000 });
		expect(deedsOf(world).at(-1)).toBe('UpdateResources main');
		expect(world.find('main')?.id).toBe(id);
		expect(world.status.containerStatuses?.[0]?.resources).toEqual(resources);
	});

	it('removes what the spec no longer has, and adds what is new', () => {
		const world = new World(pod({ containers: [container('main'), container('old')] }), () => polite).run();
		const main = world.find('main')?.id;
		world.pod = {
			...world.pod,
			spec: { ...world.pod.spec, containers: [container('main'), container('new')] },
		};
		world.run({ forMs: 2_000 });
		expect([...world.containers.keys()].sort()).toEqual(['main', 'new']);
		expect(world.find('main')?.id).toBe(main);
		expect(world.status.containerStatuses?.map(({ name }) => name)).toEqual(['main', 'new']);
	});

	it('rebuilds the sandbox when a field of the pod changes', () => {
		const world = new World(pod(), () => polite).run();
		world.pod = { ...world.pod, spec: { ...world.pod.spec, hostname: 'other' } };
		world.run({ forMs: 10_000 });
		expect(world.status).toMatchObject({ phase: 'Running', podIP: '10.201.0.2' });
		expect(world.status.containerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true });
		expect(world.sandboxes).toHaveLength(1);
	});

	it('restarts at once what a user asks to restart', () => {
		const world = new World(pod({ restartPolicy: 'Never' }), () => polite).run();
		world.restartRequested.add(world.find('main')?.id ?? '');
		world.run({ forMs: 2_000 });
		expect(world.status).toMatchObject({
			phase: 'Running',
			containerStatuses: [{ restartCount: 1, ready: true }],
		});
	});
});
