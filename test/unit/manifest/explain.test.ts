/** Every field must be explained by its path, with its type and with what podrun makes of it. */
import { expect, test } from 'vitest';
import { DESCRIPTIONS } from '../../../src/manifest/descriptions.ts';
import { explain, fieldsOf } from '../../../src/manifest/explain.ts';
import { MODELS } from '../../../src/manifest/schema.generated.ts';

const at = (path: string) => explain('Pod', path.split('.'));

test('a field has a type, a meaning and fields of its own', () => {
	const lifecycle = at('spec.containers.lifecycle');
	expect(lifecycle).toMatchObject({
		name: 'lifecycle',
		type: 'Lifecycle',
		description: 'Hooks after its start and before its end, and the signal that ends it.',
	});
	expect(fieldsOf(lifecycle.model).map(({ name, type }) => `${name} ${type}`)).toEqual([
		'postStart LifecycleHandler',
		'preStop LifecycleHandler',
		'stopSignal string',
	]);
});

test('what is not honoured is said', () => {
	expect(at('spec.nodeSelector').support).toMatchObject({
		level: 'ignored',
		note: expect.stringContaining('one node'),
	});
});

test('a kind as a whole, lists and maps in kubectl’s words, indices passed over', () => {
	expect(explain('ConfigMap', [])).toMatchObject({
		name: '',
		type: 'ConfigMap',
		support: { level: 'honoured' },
	});
	expect(at('spec.containers[0].ports').type).toBe('[]ContainerPort');
	expect(at('metadata.labels').type).toBe('map[string]string');
});

test.each([
	['spec.contianers', 'field "contianers" does not exist: Pod.spec.contianers (did you mean "containers"?)'],
	['constructor', 'field "constructor" does not exist: Pod.constructor'],
	['spec.hostname.more', 'field "more" does not exist: Pod.spec.hostname.more'],
])('%s is not known, and the nearest is suggested', (path, message) => {
	expect(() => at(path)).toThrow(message);
});

test('only fields that there are have a description', () => {
	const strange = Object.entries(DESCRIPTIONS).flatMap(([model, fields]) =>
		Object.keys(fields)
			.filter((field) => field !== '' && !Object.hasOwn(MODELS[model] ?? {}, field))
			.map((field) => `${model}.${field}`),
	);
	expect(strange).toEqual([]);
});
