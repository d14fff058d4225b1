/** A changed manifest is applied in place in the profile local, and refused in the profile kubernetes. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { engineContainer, engineContainers, inspectContainer } from '../support/checks.ts';
import { engineId, holds, pod, server, sh, statusOf } from '../support/manifests.ts';
import { scenario } from '../support/scenario.ts';

describe.concurrent('profile local', () => {
	const s = scenario('update');

	test('up -d of a changed pod returns when the container that replaces the old one is Ready', async () => {
		const slow = (word: string) =>
			pod('waits', {
				containers: [sh('app', `trap "sleep 2; exit 0" TERM; echo ${word}; sleep 3600 & wait`)],
			});
		await s.ok('up', '-d', '-f', s.manifest('waits-one', slow('one')));
		const before = (await s.pod('waits'))?.status?.containerStatuses?.[0]?.containerID;
		await s.ok('up', '-d', '-f', s.manifest('waits-two', slow('two')));
		const after = (await s.pod('waits'))?.status?.containerStatuses?.[0];
		expect(after?.ready).toBe(true);
		expect(after?.containerID).not.toBe(before);
	});

	test("a pod dumped from a cluster comes up as it is, on this engine's node, and coming again changes nothing", async () => {
		const dump = fileURLToPath(new URL('../support/cluster-dump.yaml', import.meta.url));
		const name = 'hello-6d4b9c7f5d-x7k2p';
		const up = await s.podrun('up', '-d', '-f', dump);
		expect(up).toMatchObject({ code: 0, err: expect.stringContaining('kube-api-access-vq6rt is left out') });
		const live = await s.pod(name);
		expect(live && holds(live, 'Ready')).toBe(true);
		expect(live?.spec.nodeName).not.toBe('worker-2');
		expect(await s.ok('apply', '-f', dump)).toBe(`pod/${name} unchanged\n`);
	});

	test('only the changed container is replaced; uid, IP and the others stay', async () => {
		const before = [server('a'), server('b')];
		await s.ok('up', '-d', '-f', s.manifest('change', pod('change', { containers: before })));
		const old = await s.pod('change');
		const untouched = await engineContainer(s.instance, 'change', 'a');
		const pause = await engineContainer(s.instance, 'change', 'POD');

		expect(await s.ok('apply', '-f', 'change.yaml')).toBe('pod/change unchanged\n');
		const after = [server('a'), server('b', { env: [{ name: 'NEW', value: '1' }] }), server('c')];
		await s.ok('apply', '-f', s.manifest('change', pod('change', { containers: after })));
		const seen = await s.until(
			'change',
			(pod) =>
				holds(pod, 'Ready') &&
				pod.status?.containerStatuses?.length === 3 &&
				old !== undefined &&
				engineId(pod, 'b') !== engineId(old, 'b'),
		);
		expect(seen.metadata.uid).toBe(old?.metadata.uid);
		expect(seen.status?.podIP).toBe(old?.status?.podIP);
		expect(await engineContainer(s.instance, 'change', 'a')).toEqual(untouched);
		expect(await engineContainer(s.instance, 'change', 'POD')).toEqual(pause);
		expect(await s.ok('exec', 'change', '-c', 'b', '--', 'printenv', 'NEW')).toBe('1\n');

		await s.ok('apply', '-f', s.manifest('change', pod('change', { containers: before.slice(0, 1) })));
		await s.until('change', ({ status }) => status?.containerStatuses?.length === 1);
		expect(await engineContainer(s.instance, 'change', 'a')).toEqual(untouched);
	});

	test('what belongs to the pod makes a new pause, on the same IP', async () => {
		const make = (hostname: string) => pod('sandbox', { hostname, containers: [server('a')] });
		await s.ok('up', '-d', '-f', s.manifest('sandbox', make('one')));
		const old = await s.pod('sandbox');
		const pause = await engineContainer(s.instance, 'sandbox', 'POD');
		await s.ok('apply', '-f', s.manifest('sandbox', make('two')));
		const seen = await s.until(
			'sandbox',
			(pod) => holds(pod, 'Ready') && old !== undefined && engineId(pod, 'a') !== engineId(old, 'a'),
		);
		expect((await engineContainer(s.instance, 'sandbox', 'POD')).id).not.toBe(pause.id);
		expect(seen.metadata.uid).toBe(old?.metadata.uid);
		expect(seen.status?.podIP).toBe(old?.status?.podIP);
		expect(await s.ok('exec', 'sandbox', '--', 'hostname')).toBe('two\n');
	});

	test('resources alone are changed on the running container', async () => {
		const make = (memory: string) =>
			pod('resize', { containers: [server('a', { resources: { limits: { memory, cpu: '500m' } } })] });
		await s.ok('up', '-d', '-f', s.manifest('resize', make('64Mi')));
		const old = await engineContainer(s.instance, 'resize', 'a');
		await s.ok('apply', '-f', s.manifest('resize', make('96Mi')));
		const seen = await s.until('resize', (pod) => statusOf(pod, 'a').resources?.limits?.memory === '96Mi');
		expect(statusOf(seen, 'a').restartCount).toBe(0);
		expect(await engineContainer(s.instance, 'resize', 'a')).toEqual(old);
		const { HostConfig } = await inspectContainer(old.id);
		expect(HostConfig).toMatchObject({ Memory: 96 * 1024 ** 2 });
	});
});

describe('profile kubernetes', () => {
	const s = scenario('profile', { PODRUN_PROFILE: 'kubernetes' });

	test("updates that a cluster refuses are refused in a cluster's words; an image may change", async () => {
		await s.ok('up', '-d', '-f', s.manifest('strict', pod('strict', { containers: [server('a')] })));
		const old = await s.pod('strict');
		expect(old?.metadata.annotations).toMatchObject({ 'podrun.dev/profile': 'kubernetes' });
		const changed = pod('strict', { containers: [server('a', { env: [{ name: 'NEW', value: '1' }] })] });
		const refused = await s.podrun('apply', '-f', s.manifest('changed', changed));
		expect(refused.code).toBe(1);
		expect(refused.err).toContain('The Pod "strict" is invalid');
		expect(refused.err).toContain('spec: Forbidden: pod updates may not change fields other than');
		expect((await s.pod('strict'))?.metadata.generation).toBe(old?.metadata.generation);

		const image = pod('strict', { containers: [{ ...server('a'), image: 'podrun/sample-war:1' }] });
		await s.ok('apply', '-f', s.manifest('image', image));
		const seen = await s.until(
			'strict',
			(pod) => statusOf(pod, 'a').restartCount === 1 && statusOf(pod, 'a').ready,
		);
		expect(statusOf(seen, 'a').image).toBe('podrun/sample-war:1');
		expect(seen.status?.podIP).toBe(old?.status?.podIP);
	});

	test('containers have their own PID namespace, and a relative hostPath is refused', async () => {
		const [own] = (await engineContainers(s.instance, 'strict')).filter(
			({ container, running }) => container === 'a' && running,
		);
		expect((await inspectContainer(own?.id ?? '')).HostConfig.PidMode).not.toMatch(/^container:/);
		const relative = pod('relative', {
			containers: [server('a')],
			volumes: [{ name: 'here', hostPath: { path: './here' } }],
		});
		const refused = await s.podrun('apply', '-f', s.manifest('relative', relative));
		expect(refused.code).toBe(1);
		expect(refused.err).toMatch(/hostPath/);
	});
});
