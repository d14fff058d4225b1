/**
 * Writes src/apiserver/protobuf.generated.ts: the numbers that the fields of each model have on the wire of
 * Kubernetes' protobuf. Names and types are those of schema.generated.ts.
 *
 *     node scripts/generate-protobuf.ts path/to/k8s.io/api/core/v1/generated.proto
 *
 * A field of a struct that Go embeds stands in a message of its own on the wire and not in JSON: `name:2.1` is
 * field 1 of the message in field 2.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { KINDS, MODELS } from '../src/manifest/schema.generated.ts';

/** Of k8s.io/apimachinery, as far as bodies need them: managed fields are the server's own. */
const META: Record<string, string> = {
	ObjectMeta:
		'name:1 generateName:2 namespace:3 selfLink:4 uid:5 resourceVersion:6 generation:7 creationTimestamp:8 ' +
		'deletionTimestamp:9 deletionGracePeriodSeconds:10 labels:11 annotations:12 ownerReferences:13 finalizers:14',
	OwnerReference: 'kind:1 name:3 uid:4 apiVersion:5 controller:6 blockOwnerDeletion:7',
	Condition: 'type:1 status:2 observedGeneration:3 lastTransitionTime:4 reason:5 message:6',
	LabelSelector: 'matchLabels:1 matchExpressions:2',
	LabelSelectorRequirement: 'key:1 operator:2 values:3',
};

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('usage: node scripts/generate-protobuf.ts …/core/v1/generated.proto');

/** message → field → its type and number. */
const messages = new Map<string, [string, string, number][]>();
let current: [string, string, number][] = [];
for (const line of (await readFile(path, 'utf8')).split('\n')) {
	const opened = /^message (\w+) \{/.exec(line)?.[1];
	if (opened !== undefined) {
		current = [];
		messages.set(opened, current);
	}
	const field = /^ {2}(optional |repeated )?(map<[^>]+>|[\w.]+) (\w+) = (\d+);/.exec(line);
	// A list is never embedded.
	if (field)
		current.push([field[3] ?? '', field[1] === 'repeated ' ? '' : (field[2] ?? ''), Number(field[4])]);
}

function numbersOf(model: string, message = model, prefix = ''): string[] {
	return (messages.get(message) ?? []).flatMap(([name, type, number]) => {
		if (Object.hasOwn(MODELS[model] ?? {}, name)) return [`${name}:${prefix}${number}`];
		const embedded = type.split('.').at(-1) ?? '';
		return messages.has(embedded) && prefix === '' ? numbersOf(model, embedded, `${number}.`) : [];
	});
}

const found = new Map<string, string>();
const visit = (model: string): void => {
	const fields = MODELS[model];
	if (fields === undefined || found.has(model)) return;
	const numbers = META[model] ?? numbersOf(model).join(' ');
	if (numbers === '') return;
	found.set(model, numbers);
	for (const type of Object.values(fields)) visit(type.replace(/^(\[\]|\{\})+/, ''));
};
for (const model of Object.values(KINDS.v1 ?? {})) visit(model);

const lines = [...found]
	.sort(([a], [b]) => (a < b ? -1 : 1))
	.map(([model, numbers]) => `\t${model}: ${JSON.stringify(numbers)},`);
await writeFile(
	new URL('../src/apiserver/protobuf.generated.ts', import.meta.url),
	`/** Made by scripts/generate-protobuf.ts from Kubernetes' generated.proto. Do not edit. */

/** \`field:number\` of each model; \`field:2.1\` stands in the message of field 2. */
export const NUMBERS: Readonly<Record<string, string>> = {
${lines.join('\n')}
};
`,
);
