/**
 * One text → the objects in it and all that is wrong with them: parse, decode, validate, and ask the support
 * table, with every finding put at its line. Pure; load.ts brings the texts.
 */
import type { KubeObject, Profile } from '../api/types.ts';
import { withoutAutomount } from './automount.ts';
import { type DecodeError, decodeTree, modelOf } from './decode.ts';
import { codeFrame, type Diagnostic, type Position } from './diagnostic.ts';
import { isPod, isSecret } from './kinds.ts';
import { type ParsedDocument, type ParseProblem, parseText } from './parse.ts';
import { portabilityNotes } from './portability.ts';
import { kindSupport, unsupportedFields } from './support.ts';
import { find, locate, type Offset, type Tree } from './tree.ts';
import { podWarnings } from './validate/pod-warnings.ts';
import { type FieldError, validateObject } from './validate.ts';

export interface LoadedObject {
	object: KubeObject;
	/** File, URL or `<stdin>`. */
	source: string;
	/** Where a field stands, or its nearest ancestor that is there; undefined for an object made by no text. */
	position(path: string): Position | undefined;
}

/** If any diagnostic is an error, nothing of it may be started. */
export interface LoadResult {
	objects: LoadedObject[];
	diagnostics: Diagnostic[];
}

export interface TextOptions {
	readonly profile: Profile;
	/** Also tell what a cluster would treat differently (`validate`). */
	readonly portability?: boolean;
}

/** Reads all objects of a text: YAML documents or JSON, Lists unfolded. */
export function loadText(text: string, source: string, options: TextOptions): LoadResult {
	const reader = new TextReader(text, source, options);
	return reader.read();
}

/** Nobody reads more, and a text of nothing but faults must not take long. */
const MAX_TOLD = 200;

class TextReader {
	readonly #text: string;
	/** Split when the first of them is shown. */
	#split: readonly string[] | undefined;
	readonly #source: string;
	readonly #options: TextOptions;
	readonly #result: LoadResult = { objects: [], diagnostics: [] };
	#position: (at: Offset) => Position = () => ({ line: 1, column: 1 });
	/** Errors beyond those that anybody would read. */
	#untold = 0;
	/** Of a Secret no value is shown, not even to the one who wrote it: output ends up in logs. */
	#secret = false;

	constructor(text: string, source: string, options: TextOptions) {
		this.#text = text;
		this.#source = source;
		this.#options = options;
	}

	read(): LoadResult {
		const parsed = parseText(this.#text);
		this.#position = parsed.position;
		for (const document of parsed.documents) {
			this.#secret = this.#holdsSecret(document);
			for (const problem of document.problems) this.#tell('error', problem.at, problem.path, problem);
			if (document.tree) this.#object(document.tree, document.problems);
		}
		// Top to bottom, as one reads: the sort is stable, so faults of one place stay in the order of their rules.
		this.#result.diagnostics.sort((a, b) => a.line - b.line || a.column - b.column);
		if (this.#untold > 0) {
			const { line = 1, column = 1 } = this.#result.diagnostics.at(-1) ?? {};
			const message = `there are ${this.#untold} more faults; they are shown when these are mended`;
			this.#result.diagnostics.push({
				severity: 'error',
				source: this.#source,
				line,
				column,
				path: '',
				code: 'MoreFaults',
				message,
			});
		}
		return this.#result;
	}

	#object(whole: Tree, problems: readonly ParseProblem[]): void {
		const { tree, leftOut } = withoutAutomount(whole);
		const items = listItems(tree);
		if (items) {
			for (const item of items) this.#object(item, []);
			return;
		}
		const { object, errors, notes } = decodeTree(tree);
		this.#secret = isSecret(object);
		for (const error of errors) this.#tell('error', error.at, error.path, error);
		for (const one of leftOut)
			this.#tell('warning', one.at, one.path, { code: 'LeftOut', message: one.message });
		for (const note of notes)
			this.#tell('warning', note.at, note.path, { code: 'OddKey', message: note.message });
		// What has no kind can't be judged further.
		if (object.kind === '') return;
		if (!kindSupport(object.apiVersion, object.kind)) {
			this.#refuseKind(tree, object);
			return;
		}
		const known = [...errors, ...problems];
		for (const error of validateObject(object, { profile: this.#options.profile })) {
			if (followsFrom(error, known)) continue;
			this.#tell('error', placeOf(tree, error.path), error.path, { ...error, code: error.reason });
		}
		for (const finding of unsupportedFields(object)) {
			const at = placeOf(tree, finding.path);
			// What is refused was among the errors of validation already.
			if (finding.level === 'refused') continue;
			const message = `${finding.path} is ignored: ${finding.note}`;
			this.#tell('warning', at, finding.path, { code: 'IgnoredField', message });
		}
		const odd = isPod(object) && object.spec ? podWarnings(object.spec) : [];
		for (const { path, message } of odd)
			this.#tell('warning', placeOf(tree, path), path, { code: 'OddField', message });
		this.#warnLocal(tree, object);
		for (const { path, message } of this.#options.portability ? portabilityNotes(object) : []) {
			this.#tell('warning', placeOf(tree, path), path, { code: 'NotPortable', message });
		}
		const position = (path: string): Position => this.#position(placeOf(tree, path));
		this.#result.objects.push({ object, source: this.#source, position });
	}

	#refuseKind(tree: Tree, object: KubeObject): void {
		const message = `podrun runs Pods; kind ${object.kind} (${object.apiVersion}) is not supported`;
		const hint = hasTemplate(object)
			? 'run its template as a Pod'
			: 'leave it out, or keep it in a file of its own';
		this.#tell('error', find(tree, 'kind')?.at ?? tree.at, 'kind', {
			code: 'UnsupportedKind',
			message,
			hint,
		});
	}

	/** What works here and would not on a cluster. */
	#warnLocal(tree: Tree, object: KubeObject): void {
		if (this.#options.profile !== 'local') return;
		for (const { path, value } of relativeHostPaths(object)) {
			const message = `${path}: ${JSON.stringify(value)} is taken from the manifest's folder; a cluster accepts absolute paths only`;
			this.#tell('warning', placeOf(tree, path), path, { code: 'NotPortable', message });
		}
	}

	/** By its kind, or for what can't be parsed by its looks. */
	#holdsSecret({ tree, at }: ParsedDocument): boolean {
		if (tree) {
			const kind = find(tree, 'kind');
			return kind?.kind === 'scalar' && kind.value === 'Secret';
		}
		const end = this.#text.indexOf('\n---', at);
		const begin = Math.max(0, this.#text.lastIndexOf('\n---', at));
		return /\bkind["']?\s*:\s*["']?Secret\b/.test(this.#text.slice(begin, end < 0 ? undefined : end));
	}

	get #lines(): readonly string[] {
		this.#split ??= this.#text.split('\n');
		return this.#split;
	}

	#tell(
		severity: Diagnostic['severity'],
		at: Offset,
		path: string,
		{ code, message, hint }: { code: string; message: string; hint?: string | undefined },
	): void {
		if (this.#result.diagnostics.length >= MAX_TOLD) {
			if (severity === 'error') this.#untold += 1;
			return;
		}
		const { line, column } = this.#position(at);
		const hidden = this.#secret && (path === '' || /^(data|stringData)\b/.test(path));
		const text = hidden ? message.replace(/number \S+/, 'number') : message;
		const told: Diagnostic = { severity, source: this.#source, line, column, path, code, message: text };
		if (hint !== undefined) told.hint = hidden ? hint.replace(/: .*/s, '') : hint;
		if (!hidden) told.frame = codeFrame(this.#lines[line - 1] ?? '', { line, column });
		this.#result.diagnostics.push(told);
	}
}

/** An enumeration points at what was written, everything else at the field's key. */
function placeOf(tree: Tree, path: string): Offset {
	const node = find(tree, path);
	return node?.kind === 'scalar' && node.at >= 0 && path !== '' ? node.at : locate(tree, path);
}

/** The items of a List (or PodList, ConfigMapList), or nothing for any other object. */
function listItems(tree: Tree): readonly Tree[] | undefined {
	if (tree.kind !== 'map') return undefined;
	const kind = tree.entries.get('kind')?.value;
	if (kind?.kind !== 'scalar' || typeof kind.value !== 'string' || !kind.value.endsWith('List'))
		return undefined;
	const version = tree.entries.get('apiVersion')?.value;
	const apiVersion = version?.kind === 'scalar' ? String(version.value) : '';
	const items = tree.entries.get('items')?.value;
	if (kind.value !== 'List' && !modelOf(apiVersion, kind.value.slice(0, -'List'.length))) return undefined;
	if (items?.kind === 'list') return items.items;
	return items === undefined || (items.kind === 'scalar' && items.value === null) ? [] : undefined;
}

/**
 * Whether a fault is but the shadow of another: a required field is missed because it was misspelt, or a value
 * is missing because what stood there could not be read.
 */
function followsFrom(error: FieldError, earlier: readonly (DecodeError | ParseProblem)[]): boolean {
	return earlier.some(({ path, code, hint }) => {
		if (path === '') return code === 'BadKey';
		if (code === 'UnknownField') {
			const meant = /^did you mean "(.+)"\?$/.exec(hint ?? '')?.[1];
			const parent = path.includes('.') ? `${path.slice(0, path.lastIndexOf('.'))}.` : '';
			return meant !== undefined && error.path === `${parent}${meant}`;
		}
		return error.path === path || error.path.startsWith(`${path}.`) || error.path.startsWith(`${path}[`);
	});
}

function hasTemplate(object: KubeObject): boolean {
	const spec: unknown = object.spec;
	return typeof spec === 'object' && spec !== null && ('template' in spec || 'jobTemplate' in spec);
}

/** hostPath volumes whose path is not absolute: `./src`, `data`, `~/x`. */
export function relativeHostPaths(object: KubeObject): { path: string; value: string; index: number }[] {
	if (object.kind !== 'Pod') return [];
	const spec: unknown = object.spec;
	const volumes: unknown =
		typeof spec === 'object' && spec !== null && 'volumes' in spec ? spec.volumes : undefined;
	if (!Array.isArray(volumes)) return [];
	return volumes.flatMap((volume: unknown, index) => {
		const source = isRecord(volume) ? volume.hostPath : undefined;
		const value = isRecord(source) ? source.path : undefined;
		if (typeof value !== 'string' || value === '' || value.startsWith('/')) return [];
		return [{ path: `spec.volumes[${index}].hostPath.path`, value, index }];
	});
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null;
}
