/**
 * `explain`: what a field is, which fields it has, and what podrun makes of each. Path and look are kubectl's:
 * `pod.spec.containers.lifecycle`.
 */
import { modelOf } from './decode.ts';
import { DESCRIPTIONS } from './descriptions.ts';
import { MODELS } from './schema.generated.ts';
import { nearest } from './suggest.ts';
import { SUPPORT, type Support } from './support-table.ts';

export interface ExplainedField {
	readonly name: string;
	/** As kubectl writes it: string, []Container, map[string]string. */
	readonly type: string;
	readonly description: string;
	/** How podrun treats it, for the fields of Pods. */
	readonly support: Support | undefined;
}

export interface Explanation extends ExplainedField {
	readonly kind: string;
	readonly version: string;
	/** Empty for a value without fields. */
	readonly fields: readonly ExplainedField[];
}

const ALIASES: Readonly<Record<string, string>> = {
	pod: 'Pod',
	pods: 'Pod',
	po: 'Pod',
	configmap: 'ConfigMap',
	configmaps: 'ConfigMap',
	cm: 'ConfigMap',
	secret: 'Secret',
	secrets: 'Secret',
	persistentvolumeclaim: 'PersistentVolumeClaim',
	persistentvolumeclaims: 'PersistentVolumeClaim',
	pvc: 'PersistentVolumeClaim',
	namespace: 'Namespace',
	namespaces: 'Namespace',
	ns: 'Namespace',
};

/**
 * Explains a path such as `pod.spec.containers`; indices (`containers[0]`) are passed over.
 * @throws RangeError that says which part is not known, and what may have been meant.
 */
export function explain(path: string): Explanation {
	const [resource = '', ...fields] = path
		.split('.')
		.map((part) => part.replace(/\[\d*\*?\]$/, ''))
		.filter((part) => part !== '');
	const word = resource.toLowerCase();
	const kind = Object.hasOwn(ALIASES, word) ? (ALIASES[word] ?? '') : '';
	const root = modelOf('v1', kind);
	if (!root) {
		const guess = nearest(word, Object.keys(ALIASES));
		throw new RangeError(
			`couldn't find resource for "${resource}"${guess ? ` (did you mean "${guess}"?)` : ''}`,
		);
	}
	let model = root;
	let field: ExplainedField = { name: '', type: kind, description: textOf(root, ''), support: undefined };
	for (const [index, name] of fields.entries()) {
		const known = MODELS[model] ?? {};
		const type = Object.hasOwn(known, name) ? known[name] : undefined;
		if (type === undefined) {
			const guess = nearest(name, Object.keys(known));
			const whole = [resource, ...fields.slice(0, index + 1)].join('.');
			throw new RangeError(
				`field "${name}" does not exist: ${whole}${guess ? ` (did you mean "${guess}"?)` : ''}`,
			);
		}
		field = explained(model, name, type);
		model = type.replace(/^(\[\]|\{\})+/, '');
	}
	const inner = Object.entries(MODELS[model] ?? {}).map(([name, type]) => explained(model, name, type));
	return { ...field, kind, version: 'v1', fields: inner };
}

/** The explanation as kubectl would print it, with a line for what podrun does differently. */
export function formatExplanation({
	kind,
	version,
	name,
	type,
	description,
	support,
	fields,
}: Explanation): string {
	const lines = [`KIND:       ${kind}`, `VERSION:    ${version}`, ''];
	if (name) lines.push(`FIELD: ${name} <${type}>`, '');
	lines.push('DESCRIPTION:', `    ${description || '<empty>'}`);
	const note = supportLine(support);
	if (note) lines.push(`    ${note}`);
	if (fields.length > 0) lines.push('', 'FIELDS:');
	for (const field of fields) {
		lines.push(`  ${field.name}\t<${field.type}>`);
		for (const text of [field.description, supportLine(field.support)]) if (text) lines.push(`    ${text}`);
		lines.push('');
	}
	return `${lines.join('\n').trimEnd()}\n`;
}

function supportLine(support: Support | undefined): string {
	if (!support || support.level === 'honoured') return '';
	return `podrun: ${support.level}${support.note ? `: ${support.note}` : ''}`;
}

function explained(model: string, name: string, type: string): ExplainedField {
	const child = type.replace(/^(\[\]|\{\})+/, '');
	const description = textOf(model, name) || textOf(child, '');
	return { name, type: shown(type), description, support: SUPPORT[model]?.[name] };
}

/** Ephemeral containers are containers. */
function textOf(model: string, field: string): string {
	const texts = DESCRIPTIONS[model === 'EphemeralContainer' ? 'Container' : model];
	return texts && Object.hasOwn(texts, field) ? (texts[field] ?? '') : '';
}

function shown(type: string): string {
	if (type.startsWith('[]')) return `[]${shown(type.slice(2))}`;
	if (type.startsWith('{}')) return `map[string]${shown(type.slice(2))}`;
	const plain: Readonly<Record<string, string>> = {
		int32: 'integer',
		int64: 'integer',
		quantity: 'Quantity',
		intOrString: 'IntOrString',
		time: 'Time',
		microTime: 'MicroTime',
		bytes: 'string (base64)',
		any: 'Object',
	};
	return Object.hasOwn(plain, type) ? (plain[type] ?? type) : type;
}
