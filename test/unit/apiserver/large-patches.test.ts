/** Patches that are within the limit of a body and made to take for ever, or all memory. */
import { expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/types.ts';
import { applyConfiguration } from '../../../src/apiserver/apply.ts';
import { applyPatch, parsePatch } from '../../../src/apiserver/patches.ts';

const MANY = 30_000;
const names = Array.from({ length: MANY }, (_, i) => `name-${i}`);
const list = names.map((name) => ({ name, value: 'x' }));

const pod = (env: readonly object[]): KubeObject =>
	({
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'web', finalizers: names },
		spec: { containers: [{ name: 'main', env }] },
	}) as unknown as KubeObject;

/** ms that the work takes: seconds, where the square of its length would be minutes. */
function quick(work: () => void): void {
	const began = performance.now();
	work();
	expect(performance.now() - began).toBeLessThan(10_000);
}

it('merges and orders lists of thirty thousand elements', () => {
	const backwards = [...names].reverse();
	const patch = {
		metadata: { '$setElementOrder/finalizers': backwards, finalizers: [] },
		spec: {
			containers: [
				{
					name: 'main',
					'$setElementOrder/env': backwards.map((name) => ({ name })),
					env: [...list].reverse().map((one) => ({ ...one, value: 'y' })),
				},
			],
		},
	};
	quick(() => {
		const made = applyPatch('application/strategic-merge-patch+json', pod(list), patch) as ReturnType<
			typeof pod
		>;
		expect(made.metadata.finalizers).toEqual(backwards);
		const [main] = (made['spec'] as { containers: { env: unknown[] }[] }).containers;
		expect(main?.env).toHaveLength(MANY);
		expect(main?.env[0]).toEqual({ name: backwards[0], value: 'y' });
	});
	const gone = { metadata: { '$deleteFromPrimitiveList/finalizers': backwards } };
	quick(() => {
		const made = applyPatch('application/strategic-merge-patch+json', pod([]), gone);
		expect((made as ReturnType<typeof pod>).metadata.finalizers).toEqual([]);
	});
});

it('applies lists of thousands of elements that others own', () => {
	const configuration = {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'web' },
		spec: { containers: [{ name: 'main', env: list.slice(0, 4_000) }] },
	};
	const request = { manager: 'a', force: false, now: new Date(0), kind: 'Pod' };
	quick(() => {
		const first = applyConfiguration(undefined, configuration, request) as unknown as KubeObject;
		const second = applyConfiguration(first, configuration, { ...request, manager: 'b' });
		const less = { ...configuration, spec: { containers: [{ name: 'main', env: list.slice(0, 1) }] } };
		const third = applyConfiguration(second as unknown as KubeObject, less, { ...request, manager: 'b' });
		expect((third.metadata as { managedFields: unknown[] }).managedFields).toHaveLength(2);
	});
});

it('refuses copies of copies of copies', () => {
	const bomb = [
		{ op: 'add', path: '/metadata/annotations', value: { a: 'x'.repeat(1_000) } },
		...Array.from({ length: 40 }, (_, i) => ({
			op: 'copy',
			from: '/metadata/annotations',
			path: `/metadata/annotations/b${i}`,
		})),
	];
	const patch = parsePatch('application/json-patch+json', Buffer.from(JSON.stringify(bomb)));
	expect(() => applyPatch('application/json-patch+json', pod([]), patch)).toThrow('copies of the JSON patch');
	const fine = parsePatch('application/json-patch+json', Buffer.from(JSON.stringify(bomb.slice(0, 5))));
	const made = applyPatch('application/json-patch+json', pod([]), fine) as ReturnType<typeof pod>;
	expect(Object.keys(made.metadata.annotations ?? {})).toHaveLength(5);
});

it('takes `__proto__` in made up managedFields for a name', () => {
	const managedFields = [
		{
			manager: 'x',
			operation: 'Apply',
			apiVersion: 'v1',
			fieldsV1: JSON.parse('{"__proto__":{"polluted":{}},"f:data":{}}'),
		},
	];
	const live = {
		apiVersion: 'v1',
		kind: 'ConfigMap',
		metadata: { name: 'a', managedFields },
		data: { a: 'b' },
	};
	for (const manager of ['x', 'y']) {
		const wanted = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { c: 'd' } };
		applyConfiguration(live as unknown as KubeObject, wanted, {
			manager,
			force: true,
			now: new Date(0),
			kind: 'ConfigMap',
		});
	}
	expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
