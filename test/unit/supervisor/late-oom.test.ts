/** An engine may tell that a container was killed for its memory after it has told that it is dead. */
import { expect, it, onTestFinished, vi } from 'vitest';
import type { KubeObject, Pod } from '../../../src/api/types.ts';
import { FakeEngine } from '../../support/fake-engine.ts';
import { superviseFake } from '../../support/fake-supervisor.ts';

const WITHIN = { timeout: 10_000, interval: 10 };

it('a status that says Error says OOMKilled then, also of a pod that has failed', async () => {
	const engine = new FakeEngine();
	const { supervisor, end } = await superviseFake(engine, 'oom');
	onTestFinished(end);
	const spec = {
		restartPolicy: 'Never',
		containers: [{ name: 'main', image: 'busybox:1.36', imagePullPolicy: 'IfNotPresent' }],
	};
	const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'hungry' }, spec };
	await supervisor.backend.create('Pod', object as unknown as KubeObject);
	const stateOf = async () => {
		const pod = (await supervisor.backend.get('Pod', 'default', 'hungry')) as unknown as Pod;
		return { phase: pod.status?.phase, ...pod.status?.containerStatuses?.[0]?.state };
	};
	const name = 'podrun-oom_hungry_default_main_0';
	await vi.waitFor(async () => expect(await stateOf()).toHaveProperty('running'), WITHIN);
	engine.exit(name, 137);
	const error = { phase: 'Failed', terminated: { reason: 'Error', exitCode: 137 } };
	await vi.waitFor(async () => expect(await stateOf()).toMatchObject(error), WITHIN);
	engine.lateOom(name);
	await vi.waitFor(
		async () => expect(await stateOf()).toMatchObject({ terminated: { reason: 'OOMKilled' } }),
		WITHIN,
	);
});
