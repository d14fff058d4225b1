/**
 * Writes src/manifest/schema.generated.ts: which fields each kind that podrun reads has, and of what type.
 *
 * The source is the attribute table of the Kubernetes client's model classes (a development dependency),
 * walked from the kinds that podrun knows. A table of names and types is all that strict decoding needs;
 * required fields, enumerations and rules between fields are in validate/, where the wording matters.
 *
 * Leaf types: string, boolean, int32, int64, number, quantity, intOrString, time, microTime, bytes, any.
 * Compound ones: '[]X' a list, '{}X' a map from strings; every other word names another model.
 */
import { writeFile } from 'node:fs/promises';
import * as client from '@kubernetes/client-node';

interface Attribute {
	name: string;
	baseName: string;
	type: string;
	format: string;
}

/** The kinds that podrun can decode, by the group's version. The list's own shape is in decode.ts. */
const KINDS: Record<string, Record<string, string>> = {
	v1: {
		Pod: 'V1Pod',
		ConfigMap: 'V1ConfigMap',
		Secret: 'V1Secret',
		PersistentVolumeClaim: 'V1PersistentVolumeClaim',
		Namespace: 'V1Namespace',
		Service: 'V1Service',
		Event: 'CoreV1Event',
	},
	'apps/v1': {
		Deployment: 'V1Deployment',
		ReplicaSet: 'V1ReplicaSet',
		StatefulSet: 'V1StatefulSet',
		DaemonSet: 'V1DaemonSet',
	},
	'batch/v1': { Job: 'V1Job', CronJob: 'V1CronJob' },
};

const LEAVES: Record<string, string> = {
	boolean: 'boolean',
	any: 'any',
	object: 'any',
	IntOrString: 'intOrString',
	Date: 'time',
	V1MicroTime: 'microTime',
};

function isAttribute(value: unknown): value is Attribute {
	return (
		typeof value === 'object' && value !== null && 'baseName' in value && 'type' in value && 'name' in value
	);
}

function attributesOf(model: string): Attribute[] {
	const found: unknown = Reflect.get(client, model);
	if (typeof found !== 'function') throw new Error(`the Kubernetes client has no model ${model}`);
	const map: unknown = Reflect.get(found, 'attributeTypeMap');
	if (!Array.isArray(map) || !map.every(isAttribute)) throw new Error(`${model} has no attribute table`);
	return map;
}

/** Quantities are told apart by where they stand: the client describes them as plain strings. */
function isQuantity(model: string, field: string): boolean {
	return (
		(model === 'ResourceRequirements' && (field === 'limits' || field === 'requests')) ||
		(model === 'VolumeResourceRequirements' && (field === 'limits' || field === 'requests')) ||
		(model === 'PodSpec' && field === 'overhead') ||
		(model === 'EmptyDirVolumeSource' && field === 'sizeLimit') ||
		(model === 'ResourceFieldSelector' && field === 'divisor') ||
		(model === 'PersistentVolumeClaimStatus' && (field === 'allocatedResources' || field === 'capacity')) ||
		((model === 'ContainerStatus' || model === 'PodStatus') && field === 'allocatedResources')
	);
}

const plainName = (model: string): string => model.replace(/^(V1|CoreV1|V2)(?=[A-Z])/, '');

const models: Record<string, Record<string, string>> = {};

function typeOf(model: string, attribute: Attribute): string {
	const { type, format } = attribute;
	const list = /^Array<(.+)>$/.exec(type);
	if (list?.[1]) return `[]${typeOf(model, { ...attribute, type: list[1] })}`;
	const map = /^\{ \[key: string\]: (.+); \}$/.exec(type);
	if (map?.[1]) return `{}${typeOf(model, { ...attribute, type: map[1] })}`;
	if (type === 'string') {
		if (format === 'byte') return 'bytes';
		return isQuantity(plainName(model), attribute.baseName) ? 'quantity' : 'string';
	}
	if (type === 'number') return format === 'int32' || format === 'int64' ? format : 'number';
	const leaf = LEAVES[type];
	if (leaf) return leaf;
	walk(type);
	return plainName(type);
}

function walk(model: string): void {
	const name = plainName(model);
	if (models[name]) return;
	const fields: Record<string, string> = {};
	models[name] = fields;
	for (const attribute of attributesOf(model)) fields[attribute.baseName] = typeOf(model, attribute);
}

for (const kinds of Object.values(KINDS)) for (const model of Object.values(kinds)) walk(model);

const sorted = Object.fromEntries(Object.entries(models).sort(([a], [b]) => (a < b ? -1 : 1)));
const lines = Object.entries(sorted).map(([name, fields]) => {
	const told = Object.entries(fields).map(
		([field, type]) => `${JSON.stringify(field)}:${JSON.stringify(type)}`,
	);
	return `\t${name}: {${told.join(',')}},`;
});
const kinds = Object.entries(KINDS).map(([version, byKind]) => {
	const told = Object.entries(byKind).map(([kind, model]) => `${kind}:${JSON.stringify(plainName(model))}`);
	return `\t${JSON.stringify(version)}: {${told.join(',')}},`;
});

const text = `/**
 * Made by scripts/generate-schema.ts from the Kubernetes client's models. Do not edit: run \`npm run generate\`.
 */

/** Model name of each kind, by apiVersion. */
export const KINDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
${kinds.join('\n')}
};

/** Fields of each model with their types; '[]X' is a list and '{}X' a map with string keys. */
export const TABLE = {
${lines.join('\n')}
} as const;

/** The same, for models whose names are known at run time only. */
export const MODELS: Readonly<Record<string, Readonly<Record<string, string>>>> = TABLE;
`;
const target = new URL('../src/manifest/schema.generated.ts', import.meta.url);
await writeFile(target, text);
process.stdout.write(`${Object.keys(models).length} models, ${text.length} bytes\n`);
