/**
 * What a cluster adds to each Pod by itself: a volume with the service account's token, and a mount of it in
 * every container. Who dumps a Pod from a cluster gets them along, and nobody wrote them; no token can be issued
 * here, so both are left out, and told. A token that a manifest's author asks for is refused as before.
 *
 * Works on trees, so that all that stays keeps its place in the text.
 */
import { find, type MapTree, type Offset, type Tree } from './tree.ts';

/** Where clusters mount it: the place at which client libraries look. */
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const CONTAINERS = ['containers', 'initContainers', 'ephemeralContainers'] as const;

export interface LeftOut {
	/** `spec.volumes[1]` */
	readonly path: string;
	readonly at: Offset;
	readonly message: string;
}

/** A Pod without its automounted volumes and their mounts, and what was left out. Any other object as it is. */
export function withoutAutomount(tree: Tree): { readonly tree: Tree; readonly leftOut: readonly LeftOut[] } {
	const spec = find(tree, 'spec');
	const volumes = find(tree, 'spec.volumes');
	if (tree.kind !== 'map' || textOf(tree, 'kind') !== 'Pod') return { tree, leftOut: [] };
	if (spec?.kind !== 'map' || volumes?.kind !== 'list') return { tree, leftOut: [] };
	const names = new Set<string>();
	const leftOut: LeftOut[] = [];
	for (const [index, volume] of volumes.items.entries()) {
		const name = textOf(volume, 'name');
		if (name === undefined || !isAutomounted(spec, volume, name)) continue;
		names.add(name);
		const path = `spec.volumes[${index}]`;
		leftOut.push({
			path,
			at: volume.at,
			message: `${path}: ${name} is left out, and its mounts at ${MOUNT_PATH}: a cluster adds them to each Pod, and there is no token to give here`,
		});
	}
	if (names.size === 0) return { tree, leftOut };
	const kept = without(spec, 'volumes', (volume) => !names.has(textOf(volume, 'name') ?? ''));
	const slim = CONTAINERS.reduce((changed, list) => withoutMounts(changed, list, names), kept);
	return { tree: replaced(tree, 'spec', slim), leftOut };
}

/** `kube-api-access-x7k2p` as clusters make it, or the Secret `…-token-x7k2p` of those before 1.24. */
function isAutomounted(spec: Tree, volume: Tree, name: string): boolean {
	if (/^kube-api-access-[a-z0-9]+$/.test(name)) {
		const sources = find(volume, 'projected.sources');
		return sources?.kind === 'list' && sources.items.some((one) => find(one, 'serviceAccountToken'));
	}
	if (!/-token-[a-z0-9]{5}$/.test(name) || textOf(volume, 'secret.secretName') !== name) return false;
	const mounts = CONTAINERS.flatMap((list) => itemsOf(spec, list)).flatMap((one) =>
		itemsOf(one, 'volumeMounts'),
	);
	return mounts.some((mount) => isMountOf(mount, name));
}

function withoutMounts(spec: MapTree, field: string, names: ReadonlySet<string>): MapTree {
	const list = find(spec, field);
	if (list?.kind !== 'list') return spec;
	const items = list.items.map((container) =>
		container.kind === 'map'
			? without(container, 'volumeMounts', (mount) => ![...names].some((name) => isMountOf(mount, name)))
			: container,
	);
	return replaced(spec, field, { ...list, items });
}

function isMountOf(mount: Tree, name: string): boolean {
	return textOf(mount, 'name') === name && textOf(mount, 'mountPath') === MOUNT_PATH;
}

function itemsOf(tree: Tree, path: string): readonly Tree[] {
	const list = find(tree, path);
	return list?.kind === 'list' ? list.items : [];
}

/** A list without some of its items, and without itself when none is left. */
function without(map: MapTree, field: string, keep: (item: Tree) => boolean): MapTree {
	const list = map.entries.get(field)?.value;
	if (list?.kind !== 'list') return map;
	const items = list.items.filter(keep);
	if (items.length > 0) return replaced(map, field, { ...list, items });
	const entries = new Map(map.entries);
	entries.delete(field);
	return { ...map, entries };
}

function replaced(map: MapTree, field: string, value: Tree): MapTree {
	const entry = map.entries.get(field);
	if (entry === undefined) return map;
	return { ...map, entries: new Map(map.entries).set(field, { ...entry, value }) };
}

function textOf(tree: Tree, path: string): string | undefined {
	const value = find(tree, path);
	return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}
