/** What the inventory makes of an engine's containers, in the moments between two of their states. */
import { expect, it } from 'vitest';
import type { Engine, EngineContainer } from '../../../src/engine/engine.ts';
import { Inventory } from '../../../src/engine/observe.ts';
import { makeLabels } from '../../../src/translate/names.ts';
import { FakeEngine } from '../../support/fake-engine.ts';

/** An engine that is caught in the middle of something. */
function caught(seen: Partial<EngineContainer>): Engine {
	const engine = new FakeEngine();
	const inspectContainer: Engine['inspectContainer'] = async (id) => ({
		...(await engine.inspectContainer(id)),
		...seen,
	});
	return Object.create(engine, { inspectContainer: { value: inspectContainer } }) as Engine;
}

async function observed(seen: Partial<EngineContainer>) {
	const engine = caught(seen);
	const pod = { name: 'p', namespace: 'default', uid: 'u1' };
	const labels = makeLabels({
		instance: 'caught',
		pod,
		container: 'main',
		role: 'app',
		attempt: 0,
		hash: 'h',
		resourcesHash: '',
		backoffMs: 0,
	});
	const { id } = await engine.createContainer({
		name: 'main',
		image: 'busybox:1.36',
		labels,
		networkMode: 'none',
	});
	const inventory = new Inventory(engine, 'caught');
	inventory.touch(id, pod.uid);
	const [found] = await inventory.observe(pod.uid);
	return found?.observed;
}

it.each(['removing', 'dead'] as const)(
	'one that is %s and was never started has not ended',
	async (status) => {
		expect(await observed({ status })).toMatchObject({ state: 'created' });
		expect(await observed({ status })).not.toHaveProperty('exitCode');
	},
);

it.each(['removing', 'dead'] as const)('one that is %s and did run has ended', async (status) => {
	const state = status === 'removing' ? 'exited' : 'dead';
	expect(await observed({ status, startedAt: 1000, exitCode: 0 })).toMatchObject({ state, exitCode: 0 });
});
