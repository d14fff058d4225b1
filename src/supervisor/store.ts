/**
 * The objects of this instance: in memory, under one growing resourceVersion, with watchers. What must
 * outlive the process is handed to a `Persistence` (persistence.ts); events are not persisted object by
 * object. The store knows no rules of Pods: what a write may do is decided in registry.ts.
 */
import type { WatchEvent } from '../api/backend.ts';
import { ApiError, alreadyExists, conflict, notFound } from '../api/errors.ts';
import type { KubeObject } from '../api/types.ts';
import { Watcher } from './watcher.ts';

/** Kind → resource name, for messages and paths. Every kind that podrun stores is here. */
export const RESOURCES: Readonly<Record<string, string>> = {
	Pod: 'pods',
	ConfigMap: 'configmaps',
	Secret: 'secrets',
	PersistentVolumeClaim: 'persistentvolumeclaims',
	Namespace: 'namespaces',
	Event: 'events',
};

/** Where objects are kept beyond the process. Writes may be late, but `flush` waits for all of them. */
export interface Persistence {
	save(object: KubeObject): void;
	remove(object: KubeObject): void;
	flush(): Promise<void>;
	/** Why the last write of the object failed, if it did. */
	failureOf(object: KubeObject): unknown;
	/** Tries once more what could not be written. */
	retry(): void;
}

interface Change {
	readonly revision: number;
	readonly event: WatchEvent;
}

/** Changes of a kind that a watch can go back to, up to twice as many: each may hold a version of its object alone. */
const HISTORY = 1024;
/** A namespace-less kind's key has an empty namespace. */
const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

export class Store {
	#revision: number;
	readonly #objects = new Map<string, Map<string, KubeObject>>();
	readonly #history = new Map<string, Change[]>();
	readonly #oldest = new Map<string, number>();
	readonly #watchers = new Map<string, Set<Watcher>>();
	readonly #listeners = new Set<(event: WatchEvent) => void>();
	readonly #persistence: Persistence;

	/** `initial` are the objects found on disk; revisions go on after the highest of them. */
	constructor(persistence: Persistence, initial: readonly KubeObject[] = []) {
		this.#persistence = persistence;
		const seen = initial
			.map((object) => Number(object.metadata.resourceVersion ?? 0))
			.filter(Number.isFinite);
		// A gap, so that a watcher of the process before is told to list again rather than silently missing news.
		this.#revision = Math.max(0, ...seen) + (initial.length > 0 ? 1000 : 0);
		for (const kind of Object.keys(RESOURCES)) {
			this.#objects.set(kind, new Map());
			this.#history.set(kind, []);
			this.#oldest.set(kind, this.#revision);
			this.#watchers.set(kind, new Set());
		}
		for (const object of initial) {
			this.#objects.get(object.kind)?.set(keyOf(object.metadata.namespace, object.metadata.name), object);
		}
	}

	get revision(): string {
		return String(this.#revision);
	}

	get<T = KubeObject>(kind: string, namespace: string | undefined, name: string): T | undefined {
		return this.#kind(kind).get(keyOf(namespace, name)) as T | undefined;
	}

	/** Items in order of namespace and name, with the revision that they are of. */
	list<T = KubeObject>(kind: string, namespace?: string): { items: T[]; resourceVersion: string } {
		const items = [...this.#kind(kind).entries()]
			.filter(([, object]) => namespace === undefined || object.metadata.namespace === namespace)
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([, object]) => object as T);
		return { items, resourceVersion: this.revision };
	}

	/** Throws AlreadyExists. Returns the object as stored, with its resourceVersion. */
	create<T extends KubeObject>(object: T): T {
		const key = keyOf(object.metadata.namespace, object.metadata.name);
		if (this.#kind(object.kind).has(key)) {
			throw alreadyExists(RESOURCES[object.kind] ?? object.kind, object.metadata.name);
		}
		return this.#put('ADDED', object);
	}

	/** Throws NotFound, and Conflict when `expect` is not the revision that is stored. */
	update<T extends KubeObject>(object: T, expect?: string): T {
		const { namespace, name } = object.metadata;
		const resource = RESOURCES[object.kind] ?? object.kind;
		const current = this.#kind(object.kind).get(keyOf(namespace, name));
		if (current === undefined) throw notFound(resource, name);
		if (expect !== undefined && expect !== current.metadata.resourceVersion) {
			throw conflict(
				resource,
				name,
				'the object has been modified; please apply your changes to the latest version and try again',
			);
		}
		return this.#put('MODIFIED', object, current);
	}

	/** Removes it if it is there; the last state is what watchers see. */
	remove(kind: string, namespace: string | undefined, name: string): KubeObject | undefined {
		const key = keyOf(namespace, name);
		const current = this.#kind(kind).get(key);
		if (current === undefined) return undefined;
		this.#kind(kind).delete(key);
		this.#revision += 1;
		const last = { ...current, metadata: { ...current.metadata, resourceVersion: this.revision } };
		this.#persistence.remove(last);
		this.#tell(kind, { type: 'DELETED', object: last });
		return last;
	}

	/**
	 * Changes after `since` (undefined: only those to come), until the signal. Throws 410 Expired when the
	 * history does not reach back that far.
	 */
	watch(
		kind: string,
		options: { since?: string; namespace?: string },
		signal: AbortSignal,
	): AsyncIterable<WatchEvent> {
		const watcher = new Watcher(options.namespace, signal);
		const since = options.since === undefined ? this.#revision : Number(options.since);
		if (!Number.isInteger(since) || since < (this.#oldest.get(kind) ?? 0) || since > this.#revision) {
			throw new ApiError(
				410,
				'Expired',
				`too old resource version: ${options.since} (${this.#oldest.get(kind) ?? 0})`,
			);
		}
		for (const change of this.#history.get(kind) ?? [])
			if (change.revision > since) watcher.push(change.event);
		const watchers = this.#watchers.get(kind);
		watchers?.add(watcher);
		watcher.onClose = () => watchers?.delete(watcher);
		return watcher;
	}

	/** For the supervisor itself: called at once, in order, for every change of every kind. */
	onChange(listener: (event: WatchEvent) => void): void {
		this.#listeners.add(listener);
	}

	flush(): Promise<void> {
		return this.#persistence.flush();
	}

	/** Why the object is in memory only; undefined: it is on disk. To be asked after `flush`. */
	failureOf(object: KubeObject): unknown {
		return this.#persistence.failureOf(object);
	}

	/** Writes once more what could not be written. */
	retry(): void {
		this.#persistence.retry();
	}

	#put<T extends KubeObject>(type: 'ADDED' | 'MODIFIED', object: T, previous?: KubeObject): T {
		this.#revision += 1;
		const stored = { ...object, metadata: { ...object.metadata, resourceVersion: this.revision } };
		this.#kind(object.kind).set(keyOf(object.metadata.namespace, object.metadata.name), stored);
		this.#persistence.save(stored);
		this.#tell(object.kind, { type, object: stored, ...(previous === undefined ? {} : { previous }) });
		return stored;
	}

	#tell(kind: string, event: WatchEvent): void {
		const history = this.#history.get(kind);
		history?.push({ revision: this.#revision, event });
		// Cut in one go, not one by one: shift() on a long array costs.
		if (history !== undefined && history.length > 2 * HISTORY) {
			const cut = history.splice(0, HISTORY);
			this.#oldest.set(kind, cut.at(-1)?.revision ?? this.#revision);
		}
		for (const listener of this.#listeners) listener(event);
		for (const watcher of this.#watchers.get(kind) ?? []) watcher.push(event);
	}

	#kind(kind: string): Map<string, KubeObject> {
		const objects = this.#objects.get(kind);
		if (objects === undefined)
			throw new ApiError(404, 'NotFound', `podrun does not store objects of kind ${kind}`);
		return objects;
	}
}
