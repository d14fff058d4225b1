/**
 * `podrun explain`: the fields of a resource, their types, what they mean, and what podrun makes of each. It needs
 * no engine. `--recursive` tells the names and types of all levels, `--support` lists a whole tree in one table.
 */
import { type ExplainedField, explain, fieldsOf } from '../../manifest/explain.ts';
import { KINDS } from '../../manifest/schema.generated.ts';
import type { Support } from '../../manifest/support-table.ts';
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
/** Columns of a text. */
const WIDTH = 78;

interface Place {
	readonly kind: string;
	/** As it was asked for: `pod.spec.containers`. */
	readonly path: string;
	readonly field: ExplainedField;
}

export async function run(io: Io, options: ExplainOptions, args: readonly string[]): Promise<number> {
	const place = find(args[0] ?? '');
	if (options.support) {
		for (const line of supportTable(place)) print(io, line);
		return 0;
	}
	const { kind, field } = place;
	const [bold, plain] = colourful(io, io.stdout) ? ['\x1b[1m', '\x1b[22m'] : ['', ''];
	print(io, `${bold}KIND:${plain}       ${kind}`);
	print(io, `${bold}VERSION:${plain}    v1`);
	print(io, '');
	if (field.name !== '') {
		print(io, `${bold}FIELD:${plain} ${field.name} <${field.type}>`);
		print(io, '');
	}
	if (field.description !== '') {
		print(io, `${bold}DESCRIPTION:${plain}`);
		printText(io, field.description, '  ');
		print(io, '');
	}
	print(io, `${bold}SUPPORT:${plain} ${told(field.support)}`);
	if (field.model !== undefined) {
		print(io, '');
		print(io, `${bold}FIELDS:${plain}`);
		if (options.recursive) printTree(io, field.model, '  ', [field.model]);
		else printFields(io, field.model);
	}
	return 0;
}

/** `pod.spec.containers.name`, down the tree. Throws UserError USAGE for a field that is not there. */
function find(text: string): Place {
	const [first = '', ...path] = text.split('.').filter((part) => part !== '');
	const kind = findResource(first)?.kind ?? Object.keys(KINDS['v1'] ?? {}).find((one) => one === first);
	if (kind === undefined || KINDS['v1']?.[kind] === undefined) {
		throw usage(`couldn't find resource for "${first}"`, `podrun explains: ${explained().join(', ')}`);
	}
	try {
		return { kind, path: [first, ...path].join('.'), field: explain(kind, path) };
	} catch (error) {
		if (error instanceof RangeError) throw usage(error.message);
		throw error;
	}
}

function explained(): string[] {
	return Object.keys(KINDS['v1'] ?? {}).flatMap((kind) => {
		const resource = findResource(kind);
		return resource ? [resource.plural] : [];
	});
}

function told(support: Support | undefined): string {
	if (support === undefined) return 'written by podrun, or not looked at';
	return support.note ? `${support.level}: ${support.note}` : support.level;
}

function line({ name, type, support }: ExplainedField): string {
	const mark = support === undefined || support.level === 'honoured' ? '' : `  (${support.level})`;
	return `${name} <${type}>${mark}`;
}

function printText(io: Io, text: string, indent: string): void {
	for (const part of wrapped(text, WIDTH - indent.length)) print(io, indent + part);
}

function printFields(io: Io, model: string): void {
	for (const field of fieldsOf(model)) {
		print(io, `  ${line(field)}`);
		if (field.description !== '') printText(io, field.description, '    ');
	}
}

/** `above`: the models on the way here; none is entered twice. */
function printTree(io: Io, model: string, indent: string, above: readonly string[]): void {
	for (const field of fieldsOf(model)) {
		print(io, indent + line(field));
		const { model: inner, support } = field;
		const isUsed = support?.level !== 'ignored' && support?.level !== 'refused';
		if (inner !== undefined && !above.includes(inner) && isUsed)
			printTree(io, inner, `${indent}  `, [...above, inner]);
	}
}

/** A line a field, its note below it: paths are long, and a terminal may have 80 columns. */
function supportTable({ path: asked, field: whole }: Place): readonly string[] {
	const lines: string[] = [];
	const tell = (path: string, support: Support): void => {
		lines.push(`${support.level.padEnd(INDENT)}${path}`);
		if (support.note)
			lines.push(...wrapped(support.note, WIDTH - INDENT).map((part) => ' '.repeat(INDENT) + part));
	};
	const visit = (model: string | undefined, path: string, above: readonly string[]): void => {
		if (model === undefined || above.includes(model)) return;
		for (const { name, model: inner, support } of fieldsOf(model)) {
			if (support === undefined) continue;
			const at = path === '' ? name : `${path}.${name}`;
			tell(at, support);
			// They are as containers; who asks for them by name gets them.
			const twin = name === 'initContainers' || name === 'ephemeralContainers';
			const goesOn = support.level === 'honoured' || support.level === 'approximated';
			if (goesOn && !twin) visit(inner, at, [...above, model]);
		}
	};
	visit(whole.model, asked.split('.').slice(1).join('.'), []);
	if (lines.length === 0 && whole.support) tell(asked, whole.support);
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
