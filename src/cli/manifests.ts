/**
 * `-f`: the objects of the manifests that a command line names, checked, in the order in which they have to
 * be written. Warnings go to stderr; an error ends the verb with file, line and column.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject, Profile } from '../api/types.ts';
import { formatDiagnostic } from '../manifest/diagnostic.ts';
import type { Diagnostic, LoadedObject, LoadResult } from '../manifest/load.ts';
import { exampleFolder } from './examples.ts';
import { type Io, readAll, say } from './io.ts';
import { ExitError, usage } from './output/errors.ts';
import type { GlobalOptions } from './program.ts';

export interface FileOptions extends GlobalOptions {
	readonly filename?: readonly string[];
	readonly recursive?: boolean;
	/** Name of an example of the package, in place of files. */
	readonly example?: string;
}

export interface Manifest {
	/** File, URL or <stdin>. */
	readonly source: string;
	readonly object: KubeObject;
	/** Where a field of it stands. */
	readonly position: LoadedObject['position'];
}

const DEFAULT_FILES = ['podrun.yaml', 'pod.yaml', 'pod.yml'];

/** Kinds in the order in which they are created: what a pod refers to comes before it. */
const ORDER = ['Namespace', 'Secret', 'ConfigMap', 'PersistentVolume', 'PersistentVolumeClaim'];

function rank(kind: string): number {
	const index = ORDER.indexOf(kind);
	return index < 0 ? ORDER.length : index;
}

/** The `-f` of the command line, or the manifest that lies in the working directory. */
export function sourcesOf(io: Io, options: FileOptions, verb: string): readonly string[] {
	if (options.example !== undefined) {
		if (options.filename && options.filename.length > 0) {
			throw usage(`${verb}: --example and -f exclude each other`);
		}
		return [exampleFolder(options.example)];
	}
	if (options.filename && options.filename.length > 0) {
		return options.filename;
	}
	const found = DEFAULT_FILES.find((name) => existsSync(join(io.cwd, name)));
	if (found === undefined) {
		throw usage(
			`${verb}: no manifest given, and none of ${DEFAULT_FILES.join(', ')} is in ${io.cwd}`,
			`name one with -f, e.g. podrun ${verb} -f my-pod.yaml`,
		);
	}
	return [found];
}

/** `--profile`; local unless kubernetes is asked for. */
export function profileOf(options: GlobalOptions): Profile {
	return options.profile === 'kubernetes' ? 'kubernetes' : 'local';
}

/**
 * Loads and checks. `namespace` is given to objects that name none. Throws ExitError after the errors have
 * been told, UserError for files that can't be read.
 */
export async function loadManifests(
	io: Io,
	sources: readonly string[],
	options: FileOptions,
): Promise<readonly Manifest[]> {
	const loaded = await read(io, sources, options);
	for (const diagnostic of loaded.diagnostics) {
		say(io, formatDiagnostic(diagnostic));
	}
	if (loaded.diagnostics.some(({ severity }) => severity === 'error')) {
		throw new ExitError(1);
	}
	return inOrder(loaded, options);
}

/** Loads and tells nothing: for whoever goes on when a manifest is wrong. */
export async function readManifests(
	io: Io,
	sources: readonly string[],
	options: FileOptions,
): Promise<{ readonly manifests: readonly Manifest[]; readonly diagnostics: readonly Diagnostic[] }> {
	const loaded = await read(io, sources, options);
	return { manifests: inOrder(loaded, options), diagnostics: loaded.diagnostics };
}

/**
 * Loads what is only to be named, as `delete` does: a manifest that would not be accepted (any more) still
 * tells which objects to remove. Throws like `loadManifests` for what has no objects at all.
 */
export async function loadNames(
	io: Io,
	sources: readonly string[],
	options: FileOptions,
): Promise<readonly Manifest[]> {
	const loaded = await read(io, sources, options);
	if (loaded.objects.length === 0) {
		for (const diagnostic of loaded.diagnostics) {
			say(io, formatDiagnostic(diagnostic));
		}
		throw new ExitError(1);
	}
	return inOrder(loaded, options);
}

async function read(io: Io, sources: readonly string[], options: FileOptions): Promise<LoadResult> {
	// Not loaded for names alone, as most deletions are.
	const [{ load }, { annotationFaults }] = await Promise.all([
		import('../manifest/load.ts'),
		import('./watch/annotations.ts'),
	]);
	const loaded = await load(sources, {
		cwd: io.cwd,
		stdin: () => readAll(io.stdin),
		profile: profileOf(options),
		recursive: Boolean(options.recursive),
	});
	for (const one of loaded.objects) {
		loaded.diagnostics.push(...annotationFaults(one));
	}
	return loaded;
}

function inOrder(loaded: LoadResult, options: FileOptions): readonly Manifest[] {
	const manifests = loaded.objects.map(({ object, source, position }) => ({
		source,
		position,
		object: withBackoff(inNamespace(object, options), options),
	}));
	return manifests.sort((a, b) => rank(a.object.kind) - rank(b.object.kind));
}

/** --max-restart-backoff is the pods' own: the supervisor may run already, for other pods. */
function withBackoff(object: KubeObject, { maxRestartBackoff }: GlobalOptions): KubeObject {
	if (object.kind !== 'Pod' || maxRestartBackoff === undefined) {
		return object;
	}
	const annotations = { ...object.metadata.annotations, 'podrun.dev/max-restart-backoff': maxRestartBackoff };
	return { ...object, metadata: { ...object.metadata, annotations } };
}

function inNamespace(object: KubeObject, options: GlobalOptions): KubeObject {
	if (object.kind === 'Namespace') {
		return object;
	}
	const own = object.metadata.namespace;
	if (own && options.namespace && own !== options.namespace) {
		throw usage(
			`the namespace from the provided object "${own}" does not match the namespace "${options.namespace}". You must pass '--namespace=${own}' to perform this operation.`,
		);
	}
	return {
		...object,
		metadata: { ...object.metadata, namespace: own ?? options.namespace ?? 'default' },
	};
}
