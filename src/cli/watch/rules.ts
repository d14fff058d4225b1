/**
 * Changed paths → what is to be done, in this order: rebuilds, syncs, restarts, execs. Each thing once for a
 * batch, and a file that two containers share through a volume is written once. Pure.
 */
import { posix } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { BuildRule, PodName, WatchRule } from './annotations.ts';
import type { IgnoreRules } from './ignore.ts';

/** A path of the host as it was found when the batch was looked at. */
export interface Change {
	readonly path: string;
	readonly gone: boolean;
	/** It is, or was, a folder. */
	readonly folder: boolean;
}

/** A rule together with the patterns that hold below its path. */
export interface ArmedRule {
	readonly rule: WatchRule;
	readonly ignore: IgnoreRules;
}

export interface ArmedBuild {
	readonly build: BuildRule;
	readonly ignore: IgnoreRules;
}

export interface Armed {
	readonly rules: readonly ArmedRule[];
	readonly builds: readonly ArmedBuild[];
	/** Files that are never synced: manifests and Dockerfiles. */
	readonly never: ReadonlySet<string>;
	/** By `namespace/name`. */
	readonly pods: ReadonlyMap<string, Pod>;
}

export interface SyncWork {
	readonly pod: PodName;
	readonly container: string;
	readonly writes: { readonly source: string; readonly target: string }[];
	readonly removed: string[];
}

export interface Batch {
	readonly rebuilds: readonly BuildRule[];
	readonly syncs: readonly SyncWork[];
	readonly restarts: readonly { readonly pod: PodName; readonly container: string }[];
	readonly execs: readonly {
		readonly pod: PodName;
		readonly container: string;
		readonly command: readonly string[];
	}[];
	/** The changes that something is done about. */
	readonly changes: readonly Change[];
}

/** What the changed paths ask for. `initial`: files only, as at the start of watching. */
export function planBatch(armed: Armed, changes: readonly Change[], initial = false): Batch {
	const plan = new Plan(armed.pods);
	for (const change of changes) {
		const matching = armed.rules.filter(
			({ rule, ignore }) => rule.path !== undefined && concerns(rule.path, ignore, change.path),
		);
		for (const { rule } of matching) {
			if (initial && !rule.initialSync) continue;
			plan.take(rule, change, armed, initial);
		}
		if (initial) continue;
		for (const { build, ignore } of armed.builds) {
			// What a rule takes care of is in the container already; all else of a context is in the image alone.
			if (matching.length === 0 && concerns(build.context, ignore, change.path)) plan.rebuild(build, change);
		}
	}
	return plan.batch();
}

/** What the rules about changed ConfigMaps and Secrets ask for. */
export function planObjects(
	armed: Armed,
	objects: readonly { readonly kind: string; readonly namespace: string; readonly name: string }[],
): Batch {
	const plan = new Plan(armed.pods);
	for (const { rule } of armed.rules) {
		const changed = objects.some(
			({ kind, namespace, name }) =>
				kind === rule.object?.kind && name === rule.object.name && namespace === rule.pod.namespace,
		);
		if (changed) plan.take(rule, { path: '', gone: false, folder: false }, armed, false);
	}
	return plan.batch();
}

/** Whether a path is the watched one or lies below it and is not ignored. */
export function concerns(root: string, ignore: IgnoreRules, path: string): boolean {
	if (path === root) return true;
	if (!path.startsWith(root === '/' ? '/' : `${root}/`)) return false;
	return !ignore.ignores(path.slice(root.length + 1));
}

/** Whether there is nothing to do. */
export function isEmpty(batch: Batch): boolean {
	return [batch.rebuilds, batch.syncs, batch.restarts, batch.execs].every(({ length }) => length === 0);
}

class Plan {
	readonly #pods: ReadonlyMap<string, Pod>;
	readonly #rebuilds = new Map<string, BuildRule>();
	readonly #syncs = new Map<string, SyncWork>();
	/** Source by place, so that a shared volume is written once. */
	readonly #places = new Map<string, string>();
	readonly #restarts = new Map<string, Batch['restarts'][number]>();
	readonly #execs = new Map<string, Batch['execs'][number]>();
	readonly #changes = new Set<Change>();

	constructor(pods: ReadonlyMap<string, Pod>) {
		this.#pods = pods;
	}

	take(rule: WatchRule, change: Change, armed: Armed, initial: boolean): void {
		const { pod, container, action, target, path, command } = rule;
		const key = `${pod.namespace}/${pod.name}/${container}`;
		if (target !== undefined && path !== undefined && !armed.never.has(change.path)) {
			const below = change.path.slice(path.length + 1);
			// A folder's target is the container's own: only what lies in it comes and goes.
			if (below !== '' || !change.folder) {
				this.#sync(rule, key, change, below === '' ? target : posix.join(target, below));
			}
		}
		if (initial) return;
		this.#changes.add(change);
		if (action === 'restart' || action === 'sync+restart') this.#restarts.set(key, { pod, container });
		if (command !== undefined) {
			this.#execs.set(`${key} ${JSON.stringify(command)}`, { pod, container, command });
		}
		if (action === 'rebuild') {
			const image = this.#container(pod, container)?.image;
			const found = armed.builds.find(({ build }) => build.image === image);
			if (found !== undefined) this.rebuild(found.build, change);
		}
	}

	rebuild(build: BuildRule, change: Change): void {
		this.#changes.add(change);
		this.#rebuilds.set(build.image, build);
	}

	batch(): Batch {
		return {
			rebuilds: [...this.#rebuilds.values()],
			syncs: [...this.#syncs.values()],
			restarts: [...this.#restarts.values()],
			execs: [...this.#execs.values()],
			changes: [...this.#changes],
		};
	}

	#sync(rule: WatchRule, key: string, change: Change, target: string): void {
		const place = this.#placeOf(rule, target);
		if (this.#places.get(place) === change.path) return;
		this.#places.set(place, change.path);
		const work = this.#syncs.get(key) ?? {
			pod: rule.pod,
			container: rule.container,
			writes: [],
			removed: [],
		};
		this.#syncs.set(key, work);
		if (change.gone) work.removed.push(target);
		else work.writes.push({ source: change.path, target });
	}

	/** Two mounts of one volume are one place. */
	#placeOf({ pod, container }: WatchRule, target: string): string {
		const mounts = (this.#container(pod, container)?.volumeMounts ?? [])
			.map((mount) => ({ ...mount, at: mount.mountPath.replace(/\/+$/, '') }))
			.filter(({ at }) => target === at || target.startsWith(`${at}/`))
			.sort((a, b) => b.at.length - a.at.length);
		const mount = mounts[0];
		if (mount === undefined) return `${pod.namespace}/${pod.name}/${container}:${target}`;
		const below = posix.join('/', mount.subPath ?? '', target.slice(mount.at.length));
		return `${pod.namespace}/${pod.name}//${mount.name}:${below}`;
	}

	#container({ namespace, name }: PodName, container: string) {
		const spec = this.#pods.get(`${namespace}/${name}`)?.spec;
		return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find(
			(one) => one.name === container,
		);
	}
}
