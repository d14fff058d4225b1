/** Whatever somebody else does to a pod's containers on the engine is mended, and the pod keeps its IP. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from '../../src/api/types.ts';
import { docker, engineContainer, inspectContainer } from '../support/checks.ts';
import { eventually } from '../support/eventually.ts';
import { holds, pod, server, statusOf } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';

const deeds: Record<string, (id: string) => Promise<unknown>> = {
	'docker kill': (id) => docker.getContainer(id).kill(),
	'docker stop': (id) => docker.getContainer(id).stop({ t: 1 }),
	'docker rm -f': (id) => docker.getContainer(id).remove({ force: true }),
	'docker restart': (id) => docker.getContainer(id).restart({ t: 1 }),
};

describe.concurrent('somebody else', () => {
	const s = scenario('others', { PODRUN_MAX_RESTART_BACKOFF: '1s' });
	const named = (deed: string) => deed.replaceAll(/[^a-z]+/g, '-');

	beforeAll(async () => {
		const pods = [...Object.keys(deeds), 'docker pause'].map((deed) =>
			pod(named(deed), { containers: [server('a'), server('b')] }),
		);
		await s.ok('up', '-d', '-f', s.manifest('pods', ...pods));
	});

	/** Ready with a running pause, and with the IP of before. */
	async function mended(before: Pod, asked: (pod: Pod) => boolean): Promise<Pod> {
		const name = before.metadata.name;
		const seen = await s.until(name, (pod) => holds(pod, 'Ready') && asked(pod));
		const pause = await engineContainer(s.instance, name, 'POD');
		for (const container of ['a', 'b']) {
			const one = await engineContainer(s.instance, name, container);
			expect((await inspectContainer(one.id)).HostConfig.NetworkMode).toBe(`container:${pause.id}`);
		}
		expect(seen.status?.podIP).toBe(before.status?.podIP);
		expect(seen.metadata.uid).toBe(before.metadata.uid);
		expect(await s.ok('exec', name, '-c', 'b', '--', 'hostname', '-i')).toContain(seen.status?.podIP);
		return seen;
	}

	test.for(Object.keys(deeds))('%s of a container, then of the pause', async (deed) => {
		const before = await s.until(named(deed), (pod) => holds(pod, 'Ready'));
		const name = before.metadata.name;
		const victim = await engineContainer(s.instance, name, 'a');
		const other = await engineContainer(s.instance, name, 'b');
		const { StartedAt } = (await inspectContainer(victim.id)).State;
		await deeds[deed]?.(victim.id);
		// Somebody's restart is no attempt of podrun's: the same container runs anew.
		const anew = async () =>
			(await inspectContainer((await engineContainer(s.instance, name, 'a')).id)).State;
		await eventually(async () => (await anew()).StartedAt !== StartedAt);
		const after = await mended(before, (pod) => statusOf(pod, 'a').ready);
		expect(await engineContainer(s.instance, name, 'b')).toEqual(other);
		expect(statusOf(after, 'b').restartCount).toBe(0);

		const pause = await engineContainer(s.instance, name, 'POD');
		await deeds[deed]?.(pause.id);
		await mended(before, (pod) => !statusOf(pod, 'b').containerID?.endsWith(other.id));
	});

	test('docker pause of a container, then of the pause', async () => {
		const before = await s.until(named('docker pause'), (pod) => holds(pod, 'Ready'));
		const name = before.metadata.name;
		for (const container of ['a', 'POD']) {
			const { id } = await engineContainer(s.instance, name, container);
			await docker.getContainer(id).pause();
			await eventually(async () => !(await inspectContainer(id)).State.Paused);
		}
		await mended(before, () => true);
	});
});
