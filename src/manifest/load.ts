/**
 * The front door for manifests, and the only reader of disk: files, folders, URLs and standard input become
 * objects and diagnostics. A file that can't be read is a diagnostic as well, so that one look shows all that
 * is wrong.
 */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { KubeObject } from '../api/types.ts';
import type { Diagnostic } from './diagnostic.ts';
import {
	type LoadedObject,
	type LoadResult,
	loadText,
	relativeHostPaths,
	type TextOptions,
} from './document.ts';
import { isPod } from './kinds.ts';
import { MAX_TEXT } from './parse.ts';

export { type Diagnostic, formatDiagnostic, type Position } from './diagnostic.ts';
export { type LoadedObject, type LoadResult, loadText } from './document.ts';

export interface LoadOptions extends TextOptions {
	/** Reads standard input to its end, for the source `-`. */
	readonly stdin?: () => Promise<string>;
	/** Whether folders in folders are read too. */
	readonly recursive?: boolean;
	/** From where relative sources are taken; the process's working directory by default. */
	readonly cwd?: string;
}

/** What a source turned out to be: a text with the folder it lies in, or why it could not be read. */
type Read = { readonly source: string; readonly text: string; readonly folder: string } | Diagnostic;

const MANIFEST = /\.(ya?ml|json)$/i;
const FETCH_MILLISECONDS = 30_000;

/**
 * Loads all objects of the sources: file names, folders (`*.yaml`, `*.yml`, `*.json`), `http(s)://` URLs, `-`
 * for standard input. Relative hostPaths are resolved against the folder of their manifest (profile local).
 * Never throws for what it is given: every fault is a diagnostic.
 */
export async function load(sources: readonly string[], options: LoadOptions): Promise<LoadResult> {
	const cwd = options.cwd ?? process.cwd();
	const result: LoadResult = { objects: [], diagnostics: [] };
	const reads = await Promise.all(sources.map((source) => readSource(source, cwd, options)));
	for (const read of reads.flat()) {
		if ('severity' in read) {
			result.diagnostics.push(read);
			continue;
		}
		const { objects, diagnostics } = loadText(read.text, read.source, options);
		if (options.profile === 'local') for (const loaded of objects) resolveHostPaths(loaded, read.folder);
		result.objects.push(...objects);
		result.diagnostics.push(...diagnostics);
	}
	result.diagnostics.push(...duplicates(result.objects));
	if (result.objects.length === 0 && !result.diagnostics.some(({ severity }) => severity === 'error')) {
		const hint = 'a manifest begins with `apiVersion: v1` and `kind: Pod`';
		result.diagnostics.push(failure(sources.join(', '), 'NoObjects', 'no objects passed to apply', hint));
	}
	return result;
}

async function readSource(source: string, cwd: string, options: LoadOptions): Promise<Read[]> {
	if (source === '-') {
		if (!options.stdin) return [failure('<stdin>', 'CannotRead', "standard input can't be read here")];
		return [{ source: '<stdin>', text: await options.stdin(), folder: cwd }];
	}
	if (/^https?:\/\//i.test(source)) return [await readUrl(source, cwd)];
	const path = resolve(cwd, source);
	try {
		if (!statSync(path).isDirectory()) return [await readText(path, source)];
		const files = await filesOf(path, options.recursive === true);
		if (files.length === 0) {
			return [
				failure(
					source,
					'NoObjects',
					'no *.yaml, *.yml or *.json is in this folder',
					'use --recursive for folders in it',
				),
			];
		}
		return await Promise.all(files.map((file) => readText(file, join(source, file.slice(path.length + 1)))));
	} catch (error) {
		return [unreadable(source, error)];
	}
}

/** In the order of their names, as kubectl applies them. */
async function filesOf(folder: string, recursive: boolean): Promise<string[]> {
	const entries = await readdir(folder, { withFileTypes: true });
	entries.sort((a, b) => (a.name < b.name ? -1 : 1));
	const found: string[] = [];
	for (const entry of entries) {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) {
			if (recursive) found.push(...(await filesOf(path, true)));
		} else if (MANIFEST.test(entry.name)) found.push(path);
	}
	return found;
}

async function readText(path: string, source: string): Promise<Read> {
	try {
		return textOf(regularFile(path) ?? (await collect(createReadStream(path))), source, dirname(path));
	} catch (error) {
		return unreadable(source, error);
	}
}

/** The bytes of a file that says how long it is: without streams, which take longer to load than it does. */
function regularFile(path: string): Uint8Array | undefined {
	const about = statSync(path);
	return about.isFile() && about.size > 0 && about.size <= MAX_TEXT ? readFileSync(path) : undefined;
}

/** The bytes, or nothing if there are too many: neither a device nor a server may fill the memory. */
async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
	const parts: Uint8Array[] = [];
	let size = 0;
	for await (const part of stream) {
		size += part.byteLength;
		if (size > MAX_TEXT) return undefined;
		parts.push(part);
	}
	return Buffer.concat(parts);
}

function textOf(bytes: Uint8Array | undefined, source: string, folder: string): Read {
	if (!bytes) return failure(source, 'TooLarge', 'the text is too large: at the most 8 MiB are read');
	try {
		return { source, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), folder };
	} catch {
		return failure(source, 'BadYAML', 'error parsing YAML: line 1: this is not UTF-8 text');
	}
}

async function readUrl(url: string, cwd: string): Promise<Read> {
	try {
		const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_MILLISECONDS) });
		if (!response.ok) {
			await response.body?.cancel();
			return failure(
				url,
				'CannotRead',
				`unable to read URL "${url}", server reported ${response.status} ${response.statusText}`,
			);
		}
		return textOf(await collect(response.body ?? Readable.from([])), url, cwd);
	} catch (error) {
		const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
		return failure(
			url,
			'CannotRead',
			`unable to read URL "${url}": ${cause instanceof Error ? cause.message : String(cause)}`,
		);
	}
}

const REASONS: Readonly<Record<string, string>> = {
	ENOENT: 'does not exist',
	EACCES: 'may not be read: permission denied',
	EISDIR: 'is a folder',
	ENOTDIR: 'does not exist: a part of the path is a file',
};

function unreadable(source: string, error: unknown): Diagnostic {
	const code = error instanceof Error && 'code' in error ? String(error.code) : '';
	const why = REASONS[code] ?? `can't be read: ${error instanceof Error ? error.message : String(error)}`;
	const hint = code === 'ENOENT' ? 'check the path given with -f' : undefined;
	return failure(source, 'CannotRead', `the path "${source}" ${why}`, hint);
}

function failure(source: string, code: string, message: string, hint?: string): Diagnostic {
	return {
		severity: 'error',
		source,
		line: 1,
		column: 1,
		path: '',
		code,
		message,
		...(hint ? { hint } : {}),
	};
}

/** `./src` and `~/src` of a manifest mean the same wherever podrun is called from. */
function resolveHostPaths(loaded: LoadedObject, folder: string): void {
	const relative = relativeHostPaths(loaded.object);
	if (relative.length === 0) return;
	const copy: KubeObject = structuredClone(loaded.object);
	if (!isPod(copy)) return;
	for (const { index, value } of relative) {
		const volume = copy.spec.volumes?.[index];
		if (!volume?.hostPath) continue;
		const home = value === '~' || value.startsWith('~/');
		volume.hostPath.path = home ? join(homedir(), value.slice(1)) : resolve(folder, value);
	}
	loaded.object = copy;
}

/** Two documents of one name: the second would be an update of the first that nobody meant. */
function duplicates(objects: readonly LoadedObject[]): Diagnostic[] {
	const seen = new Map<string, LoadedObject>();
	const found: Diagnostic[] = [];
	for (const loaded of objects) {
		const { kind, metadata } = loaded.object;
		if (!metadata.name) continue;
		const key = `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
		const first = seen.get(key);
		if (!first) {
			seen.set(key, loaded);
			continue;
		}
		const { line, column } = loaded.position('metadata.name') ?? { line: 1, column: 1 };
		const before = first.position('metadata.name')?.line ?? 1;
		const where = first.source === loaded.source ? `line ${before}` : `${basename(first.source)}:${before}`;
		found.push({
			severity: 'error',
			source: loaded.source,
			line,
			column,
			path: 'metadata.name',
			code: 'DuplicateObject',
			message: `${kind} "${metadata.name}" is defined more than once: it already stands at ${where}`,
			hint: 'give one of them another name',
		});
	}
	return found;
}
