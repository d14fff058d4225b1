/**
 * An annotation whose text is a YAML list of maps, read field by field: every fault is told with its line in
 * the manifest, and one fault does not hide the next.
 */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Diagnostic, Position } from '../../manifest/diagnostic.ts';

/** Where a pod came from: its file, that file's folder, and where its fields stand. */
export interface Origin {
	readonly source: string;
	readonly folder: string;
	readonly position: (path: string) => Position | undefined;
}

/** One annotation's text: a list of maps. */
export class AnnotationReader {
	readonly #key: string;
	readonly #text: string;
	readonly #origin: Origin;
	readonly #diagnostics: Diagnostic[];
	readonly #lines = new LineCounter();

	constructor(key: string, text: string, origin: Origin, diagnostics: Diagnostic[]) {
		this.#key = key;
		this.#text = text;
		this.#origin = origin;
		this.#diagnostics = diagnostics;
	}

	items(): Item[] {
		const document = parseDocument(this.#text, { lineCounter: this.#lines, uniqueKeys: true });
		for (const error of document.errors) {
			this.tell(error.pos[0], '', error.message.split('\n')[0]?.replace(/ at line \d+.*$/, '') ?? 'not YAML');
		}
		const list = document.contents;
		if (document.errors.length > 0 || list === null) return [];
		if (!isSeq(list)) {
			this.tell(0, '', 'must be a list of rules, each beginning with "- "');
			return [];
		}
		const items = list.items.map((node, index) => new Item(node as Node, `[${index}]`, this));
		return items.filter(({ faulty }) => !faulty);
	}

	tell(offset: number, path: string, message: string): void {
		const { line, col } = this.#lines.linePos(offset);
		const key = this.#origin.position(`metadata.annotations[${this.#key}]`) ?? { line: 1, column: 1 };
		// The text of a block begins on the line after its key, indented by two in all that is usual.
		const block = this.#text.includes('\n');
		this.#diagnostics.push({
			severity: 'error',
			source: this.#origin.source,
			line: block ? key.line + line : key.line,
			column: block ? key.column + 1 + col : key.column,
			path: `metadata.annotations[${this.#key}]`,
			code: 'BadAnnotation',
			message: `metadata.annotations[${this.#key}]${path}: ${message}`,
		});
	}
}

/** One entry of the list, read field by field; faults are told as they are found. */
export class Item {
	readonly #node: Node;
	readonly #path: string;
	readonly #reader: AnnotationReader;
	faulty = false;

	constructor(node: Node, path: string, reader: AnnotationReader) {
		this.#node = node;
		this.#path = path;
		this.#reader = reader;
		if (!isMap(node)) this.fault('', 'must be a map such as {path: ./src, target: /app, action: sync}');
	}

	/** Unknown fields are refused. */
	only(fields: readonly string[]): void {
		if (!isMap(this.#node)) return;
		for (const { key } of this.#node.items) {
			const name = isScalar(key) ? String(key.value) : '';
			if (fields.includes(name)) continue;
			this.faulty = true;
			const at = (key as Node).range?.[0] ?? 0;
			this.#reader.tell(at, this.#path, `unknown field "${name}"; there are ${fields.join(', ')}`);
		}
	}

	text(field: string, required = false): string | undefined {
		const node = this.#get(field);
		if (node === undefined) {
			if (required) this.fault(field, 'Required value');
			return undefined;
		}
		if (isScalar(node) && typeof node.value === 'string' && node.value !== '') return node.value;
		this.fault(field, 'Invalid value: must be a text that is not empty');
		return undefined;
	}

	choice<T extends string>(field: string, choices: readonly T[], fallback: T): T | undefined {
		const node = this.#get(field);
		if (node === undefined) return fallback;
		const value = isScalar(node) ? node.value : undefined;
		const found = choices.find((choice) => choice === value);
		if (found === undefined) {
			this.fault(
				field,
				`Unsupported value: ${JSON.stringify(value)}: supported values: ${choices.join(', ')}`,
			);
		}
		return found;
	}

	flag(field: string): boolean | undefined {
		const node = this.#get(field);
		if (node === undefined) return undefined;
		if (isScalar(node) && typeof node.value === 'boolean') return node.value;
		this.fault(field, 'Invalid value: must be true or false');
		return undefined;
	}

	list(field: string): string[] {
		const node = this.#get(field);
		if (node === undefined) return [];
		if (isSeq(node)) {
			const values = node.items.map((item) => (isScalar(item) ? item.value : undefined));
			if (values.every((value) => typeof value === 'string')) return values;
		}
		this.fault(field, 'Invalid value: must be a list of texts');
		return [];
	}

	/** A map of texts; numbers and booleans are taken as they are written. */
	texts(field: string): Record<string, string> {
		const node = this.#get(field);
		if (node === undefined) return {};
		if (isMap(node)) {
			const pairs = node.items.map(({ key, value }) => [
				isScalar(key) ? String(key.value) : '',
				isScalar(value) ? (value.source ?? String(value.value)) : undefined,
			]);
			if (pairs.every(([key, value]) => key !== '' && value !== undefined)) return Object.fromEntries(pairs);
		}
		this.fault(field, 'Invalid value: must be a map of texts');
		return {};
	}

	/** `{command: [...]}`, as hooks have it. */
	command(field: string): string[] | undefined {
		const node = this.#get(field);
		if (node === undefined) return undefined;
		const command = isMap(node) ? node.get('command', true) : undefined;
		if (isSeq(command) && command.items.length > 0) {
			const values = command.items.map((item) => (isScalar(item) ? item.value : undefined));
			if (values.every((value) => typeof value === 'string')) return values;
		}
		this.fault(field, 'Invalid value: must be {command: [program, argument, ...]}');
		return [];
	}

	fault(field: string, message: string): void {
		this.faulty = true;
		const at = (this.#get(field) ?? this.#node).range?.[0] ?? 0;
		this.#reader.tell(at, field === '' ? this.#path : `${this.#path}.${field}`, message);
	}

	#get(field: string): Node | undefined {
		if (!isMap(this.#node)) return undefined;
		return (this.#node.get(field, true) as Node | undefined | null) ?? undefined;
	}
}
