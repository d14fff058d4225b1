/**
 * The generated table and the types come from two packages: they must agree on the fields, or one of them is
 * of another release of Kubernetes. The comparison is made by the compiler; at run time little is left of it.
 */
import { expect, test } from 'vitest';
import type * as api from '../../../src/api/types.ts';
import { KINDS, MODELS, type TABLE } from '../../../src/manifest/schema.generated.ts';

/** true if two unions of names are the same, else the names that only one of them has. */
type Same<A, B> = [Exclude<A, B>, Exclude<B, A>] extends [never, never]
	? true
	: Exclude<A, B> | Exclude<B, A>;
type Fields<M extends keyof typeof TABLE> = keyof (typeof TABLE)[M];

interface Agreement {
	Pod: Same<Fields<'Pod'>, keyof api.Pod>;
	PodSpec: Same<Fields<'PodSpec'>, keyof api.PodSpec>;
	PodStatus: Same<Fields<'PodStatus'>, keyof api.PodStatus>;
	PodSecurityContext: Same<Fields<'PodSecurityContext'>, keyof api.PodSecurityContext>;
	Container: Same<Fields<'Container'>, keyof api.Container>;
	EphemeralContainer: Same<Fields<'EphemeralContainer'>, keyof api.EphemeralContainer>;
	ContainerStatus: Same<Fields<'ContainerStatus'>, keyof api.ContainerStatus>;
	SecurityContext: Same<Fields<'SecurityContext'>, keyof api.SecurityContext>;
	Probe: Same<Fields<'Probe'>, keyof api.Probe>;
	LifecycleHandler: Same<Fields<'LifecycleHandler'>, keyof api.LifecycleHandler>;
	EnvVar: Same<Fields<'EnvVar'>, keyof api.EnvVar>;
	Volume: Same<Fields<'Volume'>, keyof api.Volume>;
	VolumeMount: Same<Fields<'VolumeMount'>, keyof api.VolumeMount>;
	VolumeProjection: Same<Fields<'VolumeProjection'>, keyof api.VolumeProjection>;
	ConfigMap: Same<Fields<'ConfigMap'>, keyof api.ConfigMap>;
	Secret: Same<Fields<'Secret'>, keyof api.Secret>;
	PersistentVolumeClaim: Same<Fields<'PersistentVolumeClaim'>, keyof api.PersistentVolumeClaim>;
}

test('the table and the types know the same fields', () => {
	const agreement: Agreement = {
		Pod: true,
		PodSpec: true,
		PodStatus: true,
		PodSecurityContext: true,
		Container: true,
		EphemeralContainer: true,
		ContainerStatus: true,
		SecurityContext: true,
		Probe: true,
		LifecycleHandler: true,
		EnvVar: true,
		Volume: true,
		VolumeMount: true,
		VolumeProjection: true,
		ConfigMap: true,
		Secret: true,
		PersistentVolumeClaim: true,
	};
	for (const model of Object.keys(agreement)) expect(Object.keys(MODELS)).toContain(model);
});

test('every type in the table is a leaf or a model of the table', () => {
	const leaves = [
		'string',
		'boolean',
		'int32',
		'int64',
		'number',
		'quantity',
		'intOrString',
		'time',
		'microTime',
		'bytes',
		'any',
	];
	const strange = Object.entries(MODELS).flatMap(([model, fields]) =>
		Object.entries(fields).flatMap(([field, type]) => {
			const plain = type.replace(/^(\[\]|\{\})+/, '');
			return leaves.includes(plain) || Object.hasOwn(MODELS, plain) ? [] : [`${model}.${field}: ${type}`];
		}),
	);
	expect(strange).toEqual([]);
	for (const kinds of Object.values(KINDS))
		for (const model of Object.values(kinds)) expect(Object.keys(MODELS)).toContain(model);
});
