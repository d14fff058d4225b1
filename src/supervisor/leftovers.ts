/**
 * What this instance has on the engine though no pod owns it: of pods whose objects were lost with a state folder,
 * of claims that were deleted while the engine was away, and the network when there is no pod. What belongs to
 * another supervisor's pods (neighbours.ts) is not left over, and everything else on the engine is none of podrun's
 * business.
 */
import type { Leftover } from '../api/checkup.ts';
import type { KubeObject, Pod } from '../api/types.ts';
import type { Engine } from '../engine/engine.ts';
import { CLAIM, INSTANCE, networkName, POD_NAME, POD_NAMESPACE, POD_UID } from '../translate/names.ts';
import { ignoring } from './ignoring.ts';
import { neighboursOf } from './neighbours.ts';
import type { Store } from './store.ts';

/** Whose leftovers. */
export interface LeftoverParts {
	readonly engine: Engine;
	readonly store: Store;
	readonly instance: string;
	readonly stateFolder: string;
}

interface Found extends Leftover {
	/** As the engine knows it. */
	readonly id: string;
}

/** Containers first, then volumes, then the network: the order in which they can be removed. */
export async function leftovers({
	engine,
	store,
	instance,
	stateFolder,
}: LeftoverParts): Promise<readonly Found[]> {
	const ours = [`${INSTANCE}=${instance}`];
	const [containers, volumes, network] = await Promise.all([
		engine.listContainers(ours),
		engine.listVolumes(ours),
		engine.inspectNetwork(networkName(instance)),
	]);
	// Read after the engine was asked: a pod is stored before anything of it is made, and gone after all of it is.
	const pods = new Set(store.list<Pod>('Pod').items.map(({ metadata }) => metadata.uid ?? ''));
	const neighbours = await neighboursOf(stateFolder);
	const claims = new Set(
		store
			.list<KubeObject>('PersistentVolumeClaim')
			.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
	);
	const isOwned = (uid = ''): boolean => pods.has(uid) || neighbours.pods.has(uid);
	const found: Found[] = [];
	for (const { id, names, labels } of containers) {
		if (isOwned(labels[POD_UID])) continue;
		found.push({ kind: 'container', id, name: names[0] ?? id, of: podOf(labels), data: false });
	}
	for (const { name, labels } of volumes) {
		const claim = labels[CLAIM];
		if (claim !== undefined) {
			if (!claims.has(claim) && !neighbours.claims.has(claim))
				found.push({ kind: 'volume', id: name, name, of: `claim ${claim}`, data: true });
		} else if (!isOwned(labels[POD_UID])) {
			found.push({ kind: 'volume', id: name, name, of: podOf(labels), data: false });
		}
	}
	const isShared = containers.some(({ labels }) => neighbours.pods.has(labels[POD_UID] ?? ''));
	if (network?.labels[INSTANCE] === instance && pods.size === 0 && !isShared) {
		found.push({ kind: 'network', id: network.id, name: network.name, of: 'no pod is there', data: false });
	}
	return found;
}

/** Removes them; volumes of claims only with `data`. Resolves with what was removed. Throws EngineError. */
export async function prune(parts: LeftoverParts, data: boolean): Promise<readonly Leftover[]> {
	const { engine } = parts;
	const removed: Leftover[] = [];
	for (const { id, ...leftover } of await leftovers(parts)) {
		if (leftover.data && !data) continue;
		if (leftover.kind === 'container') {
			await ignoring(['NOT_FOUND'], engine.removeContainer(id, { force: true }));
		} else if (leftover.kind === 'volume') {
			await ignoring(['NOT_FOUND'], engine.removeVolume(id));
		} else {
			await ignoring(['NOT_FOUND'], engine.removeNetwork(id));
		}
		removed.push(leftover);
	}
	return removed;
}

function podOf(labels: Readonly<Record<string, string>>): string {
	return `pod ${labels[POD_NAMESPACE] ?? '?'}/${labels[POD_NAME] ?? '?'}`;
}
