/**
 * Pods of the same user and instance that another supervisor looks after: one that reaches the same engine by another
 * address, through a proxy or a second socket, and so has a state folder of its own. The engine can't tell the two
 * apart, but a pod's uid can: what it has on the engine belongs to whoever has the pod in his state folder.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { KubeObject } from '../api/types.ts';
import { RESOURCES } from './store.ts';

export interface Neighbours {
	/** By uid of a pod: the state folder that it is in. */
	readonly pods: ReadonlyMap<string, string>;
	/** `namespace/name` of claims. */
	readonly claims: ReadonlySet<string>;
}

/** What the state folders beside this one hold; folders and files that can't be read hold nothing. */
export async function neighboursOf(stateFolder: string): Promise<Neighbours> {
	const all = dirname(stateFolder);
	const names = await readdir(all).catch(() => []);
	const others = names.filter((name) => name !== basename(stateFolder)).map((name) => join(all, name));
	const pods = new Map<string, string>();
	const claims = new Set<string>();
	for (const folder of others) {
		for (const { metadata } of await objectsIn(folder, 'Pod')) pods.set(metadata.uid ?? '', folder);
		for (const { metadata } of await objectsIn(folder, 'PersistentVolumeClaim')) {
			claims.add(`${metadata.namespace}/${metadata.name}`);
		}
	}
	return { pods, claims };
}

async function objectsIn(folder: string, kind: string): Promise<readonly KubeObject[]> {
	const top = join(folder, 'objects', RESOURCES[kind] ?? kind);
	const files = await readdir(top, { recursive: true }).catch(() => []);
	const found = await Promise.all(
		files.filter((file) => file.endsWith('.json')).map((file) => objectAt(join(top, file))),
	);
	return found.filter((object) => object !== undefined);
}

async function objectAt(path: string): Promise<KubeObject | undefined> {
	try {
		const object = JSON.parse(await readFile(path, 'utf8')) as Partial<KubeObject> | null;
		return typeof object?.metadata?.name === 'string' ? (object as KubeObject) : undefined;
	} catch {
		// It is being written, or was just removed.
		return undefined;
	}
}
