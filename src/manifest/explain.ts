/**
 * `explain`: what a field is, which fields it has, and what podrun makes of each, from the tables that manifests
 * are read by.
 */
import { modelOf } from './decode.ts';
import { DESCRIPTIONS } from './descriptions.ts';
import { MODELS } from './schema.generated.ts';
import { nearest } from './suggest.ts';
import { KIND_SUPPORT, SUPPORT, type Support } from './support-table.ts';

export interface ExplainedField {
	/** Empty for a kind as a whole. */
	readonly name: string;
	/** As kubectl writes it: string, []Container, map[string]string. */
	readonly type: string;
	/** What `fieldsOf` takes; undefined for a value without fields. */
	readonly model: string | undefined;
	/** Empty where there is nothing to say. */
	readonly description: string;
	/** How podrun treats it; undefined for what podrun writes itself or does not look at. */
	readonly support: Support | undefined;
}

/**
 * Explains the field of a v1 kind that `path` leads to; indices (`containers[0]`) are passed over.
 * @throws RangeError that says which part is not known, and what may have been meant.
 */
export function explain(kind: string, path: readonly string[]): ExplainedField {
	const root = modelOf('v1', kind);
	if (!root) throw new RangeError(`kind "${kind}" is not known`);
	let field: ExplainedField = {
		name: '',
		type: kind,
		model: root,
		description: textOf(root, ''),
		support: KIND_SUPPORT[kind],
	};
	const names = path.map((part) => part.replace(/\[\d*\*?\]$/, ''));
	for (const [index, name] of names.entries()) {
		const known = fieldsOf(field.model);
		const found = known.find((one) => one.name === name);
		if (found === undefined) {
			const guess = nearest(
				name,
				known.map((one) => one.name),
			);
			const whole = [kind, ...names.slice(0, index + 1)].join('.');
			throw new RangeError(
				`field "${name}" does not exist: ${whole}${guess ? ` (did you mean "${guess}"?)` : ''}`,
			);
		}
		field = found;
	}
	return field;
}

/** The fields of a model, in the schema's order; none for undefined. */
export function fieldsOf(model: string | undefined): readonly ExplainedField[] {
	if (model === undefined) return [];
	return Object.entries(MODELS[model] ?? {}).map(([name, type]) => {
		const inner = type.replace(/^(\[\]|\{\})+/, '');
		return {
			name,
			type: shown(type),
			model: Object.hasOwn(MODELS, inner) ? inner : undefined,
			description: textOf(model, name) || textOf(inner, ''),
			support: SUPPORT[model]?.[name],
		};
	});
}

/** Ephemeral containers are containers. */
function textOf(model: string, field: string): string {
	const texts = DESCRIPTIONS[model === 'EphemeralContainer' ? 'Container' : model];
	return texts && Object.hasOwn(texts, field) ? (texts[field] ?? '') : '';
}

/** kubectl's words: `[]Container`, `map[string]string`. */
function shown(type: string): string {
	if (type.startsWith('[]')) return `[]${shown(type.slice(2))}`;
	if (type.startsWith('{}')) return `map[string]${shown(type.slice(2))}`;
	const words: Readonly<Record<string, string>> = {
		int32: 'integer',
		int64: 'integer',
		time: 'Time',
		microTime: 'MicroTime',
		quantity: 'Quantity',
		intOrString: 'IntOrString',
		any: 'Object',
	};
	return Object.hasOwn(words, type) ? (words[type] ?? type) : type;
}
