/** Every field must be explained by its path, with its type and with what podrun makes of it. */
import { expect, test } from 'vitest';
import { DESCRIPTIONS } from '../../../src/manifest/descriptions.ts';
import { explain, formatExplanation } from '../../../src/manifest/explain.ts';
import { MODELS } from '../../../src/manifest/schema.generated.ts';

test('a field is shown as kubectl shows it', () => {
	expect(formatExplanation(explain('pod.spec.containers.lifecycle'))).toBe(
		[
			'KIND:       Pod',
			'VERSION:    v1',
			'',
			'FIELD: lifecycle <Lifecycle>',
			'',
			'DESCRIPTION:',
			'    Hooks after its start and before its end, and the signal that ends it.',
			'',
			'FIELDS:',
			'  postStart\t<LifecycleHandler>',
			"    Run right after the container's start; when it fails, the container is stopped.",
			'',
			'  preStop\t<LifecycleHandler>',
			'    Run before SIGTERM is sent; its time counts as grace period.',
			'',
			'  stopSignal\t<string>',
			"    The signal instead of the image's STOPSIGNAL; needs spec.os.name.",
			'',
		].join('\n'),
	);
});

test('what is not honoured is said', () => {
	expect(formatExplanation(explain('pod.spec.nodeSelector'))).toContain(
		'podrun: ignored: there is one node here',
	);
	expect(formatExplanation(explain('po.spec'))).toContain('\tnodeSelector'.trim());
});

test.each(['pods', 'po.metadata.labels', 'cm.data', 'pvc.spec.resources', 'pod.spec.containers[0].ports'])(
	'%s is known',
	(path) => {
		expect(formatExplanation(explain(path))).toContain('DESCRIPTION:');
	},
);

test.each([
	['pood', 'couldn\'t find resource for "pood" (did you mean "pod"?)'],
	[
		'pod.spec.contianers',
		'field "contianers" does not exist: pod.spec.contianers (did you mean "containers"?)',
	],
	['pod.constructor', 'field "constructor" does not exist: pod.constructor'],
	['constructor', 'couldn\'t find resource for "constructor"'],
])('%s is not, and the nearest is suggested', (path, message) => {
	expect(() => explain(path)).toThrow(message);
});

test('only fields that there are have a description', () => {
	const strange = Object.entries(DESCRIPTIONS).flatMap(([model, fields]) =>
		Object.keys(fields)
			.filter((field) => field !== '' && !Object.hasOwn(MODELS[model] ?? {}, field))
			.map((field) => `${model}.${field}`),
	);
	expect(strange).toEqual([]);
});
