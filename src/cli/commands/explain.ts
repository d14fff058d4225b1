/**
 * `podrun explain`: the fields of a resource, their types, and what podrun makes of each. It needs no engine:
 * the tables are those that manifests are read by. `--support` lists a whole tree in one table.
 */
import { KINDS, MODELS } from '../../manifest/schema.generated.ts';
import { KIND_SUPPORT, SUPPORT, type Support } from '../../manifest/support-table.ts';
import { colourful, type Io, print } from '../io.ts';
import { usage } from '../output/errors.ts';
import type { GlobalOptions } from '../program.ts';
import { findResource } from '../resources.ts';

export interface ExplainOptions extends GlobalOptions {
	readonly recursive?: boolean;
	readonly support?: boolean;
}

/** Columns of the level in the table. */
const INDENT = 14;

interface Place {
	/** `pod.spec.containers` */
	readonly path: string;
	readonly kind: string;
	readonly field: string;
	readonly type: string;
	readonly support: Support | undefined;
}

export async function run(io: Io, options: ExplainOptions, args: readonly string[]): Promise<number> {
	const place = find(args[0] ?? '');
	if (options.support) {
		for (const line of supportTable(place)) print(io, line);
		return 0;
	}
	const [bold, plain] = colourful(io, io.stdout) ? ['\x1b[1m', '\x1b[22m'] : ['', ''];
	print(io, `${bold}KIND:${plain}       ${place.kind}`);
	print(io, `${bold}VERSION:${plain}    v1`);
	print(io, '');
	const model = modelOf(place.type);
	if (place.field !== '') {
		print(io, `${bold}FIELD:${plain} ${place.field} <${shown(place.type)}>`);
		print(io, '');
	}
	print(io, `${bold}SUPPORT:${plain} ${told(place.support)}`);
	if (model !== undefined) {
		print(io, '');
		print(io, `${bold}FIELDS:${plain}`);
		printFields(io, model, '  ', options.recursive ? [model] : undefined);
	}
	return 0;
}

/** `pod.spec.containers.name`, down the tree. Throws UserError USAGE for a field that is not there. */
function find(text: string): Place {
	const [first = '', ...fields] = text.split('.').filter((part) => part !== '');
	const kind = findResource(first)?.kind ?? Object.keys(KINDS.v1 ?? {}).find((one) => one === first);
	const root = KINDS.v1?.[kind ?? ''];
	if (kind === undefined || root === undefined) {
		throw usage(`couldn't find resource for "${first}"`, `podrun explains: ${explained().join(', ')}`);
	}
	let place: Place = { path: first, kind, field: '', type: root, support: KIND_SUPPORT[kind] };
	for (const field of fields) {
		const model = modelOf(place.type) ?? '';
		const type = MODELS[model]?.[field];
		if (type === undefined) {
			throw usage(
				`field "${field}" does not exist`,
				`fields of ${place.path}: ${Object.keys(MODELS[model] ?? {}).join(', ') || 'none'}`,
			);
		}
		place = { path: `${place.path}.${field}`, kind, field, type, support: SUPPORT[model]?.[field] };
	}
	return place;
}

function explained(): string[] {
	return Object.keys(KINDS.v1 ?? {}).flatMap((kind) => {
		const resource = findResource(kind);
		return resource ? [resource.plural] : [];
	});
}

function modelOf(type: string): string | undefined {
	const model = type.replace(/^(\[\]|\{\})+/, '');
	return Object.hasOwn(MODELS, model) ? model : undefined;
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
		bytes: 'bytes',
		quantity: 'Quantity',
		intOrString: 'IntOrString',
		any: 'Object',
	};
	return words[type] ?? type;
}

function told(support: Support | undefined): string {
	if (support === undefined) return 'written by podrun, or not looked at';
	return support.note ? `${support.level}: ${support.note}` : support.level;
}

/** `above`: the models on the way here, when all levels are wanted; none is entered twice. */
function printFields(io: Io, model: string, indent: string, above: readonly string[] | undefined): void {
	const fields = Object.entries(MODELS[model] ?? {});
	for (const [field, type] of fields) {
		const level = SUPPORT[model]?.[field]?.level;
		const mark = level === undefined || level === 'honoured' ? '' : `  (${level})`;
		print(io, `${indent}${field} <${shown(type)}>${mark}`);
		const child = modelOf(type);
		if (above && child !== undefined && !above.includes(child) && level !== 'ignored' && level !== 'refused')
			printFields(io, child, `${indent}  `, [...above, child]);
	}
}

/** A line a field, its note below it: paths are long, and a terminal may have 80 columns. */
function supportTable(place: Place): readonly string[] {
	const lines: string[] = [];
	const tell = (path: string, support: Support): void => {
		lines.push(`${support.level.padEnd(INDENT)}${path}`);
		if (support.note)
			lines.push(...wrapped(support.note, 78 - INDENT).map((line) => ' '.repeat(INDENT) + line));
	};
	const visit = (type: string, path: string, above: readonly string[]): void => {
		const model = modelOf(type);
		if (model === undefined || above.includes(model)) return;
		for (const [field, inner] of Object.entries(MODELS[model] ?? {})) {
			const support = SUPPORT[model]?.[field];
			if (support === undefined) continue;
			const at = path === '' ? field : `${path}.${field}`;
			tell(at, support);
			// They are as containers; who asks for them by name gets them.
			const twin = field === 'initContainers' || field === 'ephemeralContainers';
			const goesOn = support.level === 'honoured' || support.level === 'approximated';
			if (goesOn && !twin) visit(inner, at, [...above, model]);
		}
	};
	visit(place.type, place.path.split('.').slice(1).join('.'), []);
	if (lines.length === 0 && place.support) tell(place.path, place.support);
	return lines;
}

function wrapped(text: string, width: number): string[] {
	const lines: string[] = [];
	let line = '';
	for (const word of text.split(' ')) {
		if (line !== '' && line.length + 1 + word.length > width) {
			lines.push(line);
			line = '';
		}
		line = line === '' ? word : `${line} ${word}`;
	}
	return [...lines, line];
}
