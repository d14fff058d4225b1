/** Who gets room on the node. */
import { expect, test } from 'vitest';
import type { KubeObject, Pod } from '../../../src/api/types.ts';
import { Admissions } from '../../../src/supervisor/admissions.ts';
import { type Persistence, Store } from '../../../src/supervisor/store.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { NODE, podOf } from '../../support/translate.ts';

const nowhere: Persistence = {
	save() {},
	remove() {},
	flush: async () => {},
	failureOf: () => undefined,
	retry() {},
};

test('a pod with scheduling gates takes no room and has no node, until the last is gone', () => {
	const ofAll = { resources: { requests: { memory: '8Gi' } } };
	const named = (name: string, gates: string[]): Pod =>
		podOf({ schedulingGates: gates.map((gate) => ({ name: gate })) }, ofAll, { name, uid: name });
	const gated = named('gated', ['example.com/x']);
	const other = named('other', []);
	const store = new Store(nowhere, [gated, other] as unknown as KubeObject[]);
	const admissions = new Admissions(store, NODE, new HandClock());
	expect(admissions.admit(gated)).toMatchObject({ admitted: false, reason: 'SchedulingGated' });
	expect(admissions.admit(other)).toMatchObject({ admitted: true });
	expect(admissions.admit(named('gated', []))).toMatchObject({ admitted: false, reason: 'Unschedulable' });
});
