/** Init containers of a pod that lives already. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/reconcile/decide.ts';
import {
	actions,
	attempt,
	container,
	decided,
	exited,
	LOCAL,
	observe,
	pod,
	SETTINGS,
	sidecar,
} from './builders.ts';

describe('init containers in a living pod', () => {
	const two = pod({ initContainers: [container('setup'), sidecar('side')] });
	const done = [exited(two, 'setup', 0), attempt(two, 'side'), attempt(two, 'main')];

	it('are over once a container has started', () => {
		expect(decided(two, observe(two, done))).toEqual([]);
		expect(decided(two, observe(two, done.slice(1)))).toEqual([]);
	});

	it('come again locally when their spec has changed, beside the containers', () => {
		const changed = pod({ initContainers: [container('setup', { args: ['new'] }), sidecar('side')] });
		const create = 'CreateContainer container=setup attempt=1 backoffMs=0 sandboxID=pause0';
		expect(decided(changed, observe(changed, done), LOCAL)).toEqual([create]);
		expect(decided(changed, observe(changed, done), SETTINGS)).toEqual([]);
	});

	it('come again when their image was rebuilt', () => {
		expect(decided(two, observe(two, done, { rerunInit: new Set(['setup']) }), LOCAL)).toEqual([
			'CreateContainer container=setup attempt=1 backoffMs=0 sandboxID=pause0',
		]);
	});

	it('a sidecar that has crashed is restarted and blocks nothing', () => {
		const observed = observe(two, [exited(two, 'setup', 0), exited(two, 'side', 1), attempt(two, 'main')]);
		const decision = decide(two, observed, SETTINGS);
		expect(actions(decision)).toEqual([
			'CreateContainer container=side attempt=1 backoffMs=10000 sandboxID=pause0',
		]);
		expect(decision.status.conditions?.find(({ type }) => type === 'Initialized')?.status).toBe('True');
	});

	it('a sidecar is kept alive while an init container after it is at work', () => {
		const order = pod({ initContainers: [sidecar('side'), container('setup')] });
		const observed = observe(order, [exited(order, 'side', 1), attempt(order, 'setup')]);
		expect(decided(order, observed)).toEqual([
			'CreateContainer container=side attempt=1 backoffMs=10000 sandboxID=pause0',
		]);
	});

	it('what was done and removed is remembered', () => {
		const initDone = new Map([['pause0', new Set(['setup'])]]);
		const plain = pod({ initContainers: [container('setup')] });
		expect(decided(plain, observe(plain, [], { initDone }))).toEqual([
			'CreateContainer container=main attempt=0 backoffMs=0 sandboxID=pause0',
		]);
	});
});
