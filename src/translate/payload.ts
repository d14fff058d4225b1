/**
 * What configMap, secret, projected and downwardAPI volumes hold, and how it is laid out so that a change is
 * one atomic step: the files stand in a folder of their own, `..data` is a symlink to it, and every name at the
 * top is a symlink through `..data`. Who swaps `..data` swaps all files at once.
 */
import { shortHash } from '../api/object.ts';
import type { Container, KeyToPath, Pod, Volume } from '../api/types.ts';
import type { PodContext, References } from './context.ts';
import { configMap, named, secret, secretBytes } from './env.ts';
import { ConfigError, MissingReference } from './errors.ts';
import { fieldValue, resourceValue } from './fields.ts';
import type { TarEntry } from './tar.ts';
import { fsGroupOf } from './volumes.ts';

export type PayloadContext = PodContext & { readonly refs: References };

/** One file as containers see it. */
export interface RenderedFile {
	/** Relative to the volume's root, `/` between folders. */
	readonly path: string;
	readonly mode: number;
	readonly content: Uint8Array;
}

export interface RenderedVolume {
	/** Sorted by path. */
	readonly files: readonly RenderedFile[];
	/** Changes whenever the files do. */
	readonly hash: string;
	/** What could not be given as asked. */
	readonly notes: readonly string[];
}

const DEFAULT_MODE = 0o644;
const REASON = 'FailedMount';

/** Whether podrun writes the volume's contents. */
export function hasPayload(volume: Volume): boolean {
	return Boolean(volume.configMap || volume.secret || volume.projected || volume.downwardAPI);
}

/**
 * The files of one such volume. Of two sources with the same path the later one wins, as in Kubernetes.
 * @throws MissingReference, ConfigError (FailedMount), worded as the kubelet's event.
 */
export function renderVolume(pod: Pod, volume: Volume, context: PayloadContext): RenderedVolume {
	try {
		return render(pod, volume, context);
	} catch (error) {
		if (!(error instanceof ConfigError)) throw error;
		const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${error.message}`;
		throw error instanceof MissingReference
			? new MissingReference(REASON, message)
			: new ConfigError(REASON, message);
	}
}

function render(pod: Pod, volume: Volume, context: PayloadContext): RenderedVolume {
	const files = new Map<string, RenderedFile>();
	const notes: string[] = [];
	const fsGroup = fsGroupOf(pod);
	const put = (path: string, mode: number, content: Uint8Array): void => {
		// The kubelet opens read-only volumes to the pod's group: everybody of fsGroup may read.
		files.set(path, { path, mode: fsGroup === undefined ? mode : mode | 0o440, content });
	};
	const { configMap: map, secret: hidden, downwardAPI, projected } = volume;
	if (map) {
		const found = configMap(context, map.name ?? '', map.optional, REASON);
		const mode = map.defaultMode ?? DEFAULT_MODE;
		for (const [key, bytes] of picked(mapBytes(found), map.items, mode, !map.optional, configMapKey))
			put(key, ...bytes);
	}
	if (hidden) {
		const found = secret(context, hidden.secretName ?? '', hidden.optional, REASON);
		const mode = hidden.defaultMode ?? DEFAULT_MODE;
		for (const [key, bytes] of picked(secretBytes(found), hidden.items, mode, !hidden.optional, secretKey))
			put(key, ...bytes);
	}
	if (downwardAPI) downward(pod, downwardAPI, downwardAPI.defaultMode ?? DEFAULT_MODE, context, put);
	const defaultMode = projected?.defaultMode ?? DEFAULT_MODE;
	for (const source of projected?.sources ?? []) {
		if (source.configMap) {
			const { name = '', items, optional } = source.configMap;
			const found = configMap(context, name, optional, REASON);
			for (const [key, bytes] of picked(mapBytes(found), items, defaultMode, !optional, configMapKey))
				put(key, ...bytes);
		} else if (source.secret) {
			const { name = '', items, optional } = source.secret;
			const found = secret(context, name, optional, REASON);
			for (const [key, bytes] of picked(secretBytes(found), items, defaultMode, !optional, secretKey))
				put(key, ...bytes);
		} else if (source.downwardAPI) {
			downward(pod, source.downwardAPI, defaultMode, context, put);
		} else if (source.serviceAccountToken) {
			notes.push(
				`volume "${volume.name}": there is no API server that would issue a service account token; ${source.serviceAccountToken.path} is left out`,
			);
		} else {
			throw new ConfigError(REASON, `projected source ${Object.keys(source).join(', ')} is not supported`);
		}
	}
	const sorted = [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
	const hash = shortHash(
		sorted.map(({ path, mode, content }) => [path, mode, Buffer.from(content).toString('base64')]),
	);
	return { files: sorted, hash, notes };
}

type Put = (path: string, mode: number, content: Uint8Array) => void;

function downward(
	pod: Pod,
	source: { readonly items?: readonly DownwardItem[] },
	defaultMode: number,
	context: PayloadContext,
	put: Put,
): void {
	for (const { path, mode, fieldRef, resourceFieldRef } of source.items ?? []) {
		let text: string | undefined;
		if (fieldRef) text = fieldValue(pod, fieldRef.fieldPath, context);
		const owner = resourceFieldRef && named(pod, resourceFieldRef.containerName ?? '');
		if (resourceFieldRef && owner) {
			text = resourceValue(pod, owner as Container, resourceFieldRef, context);
		}
		if (text === undefined) {
			const what = fieldRef?.fieldPath ?? `${resourceFieldRef?.containerName}: ${resourceFieldRef?.resource}`;
			throw new ConfigError(REASON, `unsupported downward API field ${what}`);
		}
		put(path, mode ?? defaultMode, Buffer.from(text));
	}
}

type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

/** All keys under their own names, or just the items under the paths that they name. */
function* picked(
	data: ReadonlyMap<string, Uint8Array>,
	items: readonly KeyToPath[] | undefined,
	defaultMode: number,
	required: boolean,
	missing: (key: string) => string,
): Generator<[string, [number, Uint8Array]]> {
	if (!items || items.length === 0) {
		for (const [key, bytes] of data) yield [key, [defaultMode, bytes]];
		return;
	}
	for (const { key, path, mode } of items) {
		const bytes = data.get(key);
		if (bytes) yield [path, [mode ?? defaultMode, bytes]];
		else if (required) throw new MissingReference(REASON, missing(key));
	}
}

const configMapKey = (key: string) => `configmap references non-existent config key: ${key}`;
const secretKey = (key: string) => `references non-existent secret key: ${key}`;

function mapBytes(found: ReturnType<References['configMap']>): ReadonlyMap<string, Uint8Array> {
	const bytes = new Map<string, Uint8Array>();
	for (const [key, value] of Object.entries(found?.data ?? {})) bytes.set(key, Buffer.from(String(value)));
	for (const [key, value] of Object.entries(found?.binaryData ?? {}))
		bytes.set(key, Buffer.from(String(value), 'base64'));
	return bytes;
}

/**
 * Name of the folder that holds one version: `..2026_01_31_12_30_00.123456789`, as the kubelet's, from an
 * RFC 3339 time and the version's hash.
 */
export function versionFolder(time: string, hash: string): string {
	const stamp = time.slice(0, 19).replaceAll(/[^0-9]/g, '_');
	const digits = String(Number.parseInt(hash.slice(0, 12), 16) % 1_000_000_000).padStart(9, '0');
	return `..${stamp}.${digits}`;
}

/**
 * The tar entries of one version, relative to the volume's root. `..data` comes after the files it leads to, so
 * that unpacking in order is the swap; names at the top come last.
 */
export function versionEntries(pod: Pod, rendered: RenderedVolume, folder: string): TarEntry[] {
	const gid = fsGroupOf(pod) ?? 0;
	const mode = fsGroupOf(pod) === undefined ? 0o755 : 0o2755;
	const directory = (path: string): TarEntry => ({ path, type: 'directory', mode, uid: 0, gid });
	const link = (path: string, target: string): TarEntry => ({
		path,
		type: 'symlink',
		mode: 0o777,
		uid: 0,
		gid: 0,
		target,
	});
	const folders = new Set<string>([folder]);
	for (const { path } of rendered.files) {
		const parts = path.split('/');
		for (let depth = 1; depth < parts.length; depth += 1)
			folders.add(`${folder}/${parts.slice(0, depth).join('/')}`);
	}
	return [
		...[...folders].sort().map(directory),
		...rendered.files.map(
			(file): TarEntry => ({
				path: `${folder}/${file.path}`,
				type: 'file',
				mode: file.mode,
				uid: 0,
				gid,
				content: file.content,
			}),
		),
		link('..data', folder),
		...topNames(rendered).map((name) => link(name, `..data/${name}`)),
	];
}

/** The names at the volume's top. What was there before and is not in it any more must be removed. */
export function topNames(rendered: RenderedVolume): string[] {
	return [...new Set(rendered.files.map(({ path }) => path.split('/')[0] ?? path))];
}
