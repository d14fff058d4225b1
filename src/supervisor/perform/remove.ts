/** Removal: of one attempt, and of all that a pod has on the engine. What is gone already is no error. */
import type { RemoveContainer } from '../../reconcile/action.ts';
import { PINNED, POD_UID } from '../../translate/names.ts';
import { ignoring } from '../ignoring.ts';
import type { Deed, PerformerParts } from './performer.ts';
import { letGo, unpin } from './pins.ts';

/** Removes a container with its anonymous volumes; one that is gone already is no failure. */
export async function removeContainer(
	parts: PerformerParts,
	deed: Deed,
	action: RemoveContainer,
): Promise<void> {
	const found = parts.inventory.find(action.id);
	const known = found?.observed;
	// An init container that is done stays done, also when nothing of it is left to see.
	if (known?.role === 'init' && known.exitCode === 0 && known.sandboxID !== undefined) {
		const done = deed.journal.initDone.get(known.sandboxID) ?? new Set<string>();
		deed.journal.initDone.set(known.sandboxID, done.add(known.name));
	}
	await ignoring(['NOT_FOUND'], parts.engine.removeContainer(action.id, { force: action.force }));
	await unpin(parts.engine, found?.engine.labels[PINNED]);
	parts.inventory.forget(action.id);
}

/** Containers and pauses (nothing runs that could miss its pause), then volumes, and the network with the last pod. Claims stay. */
export async function removePod(parts: PerformerParts, { pod }: Deed): Promise<void> {
	const { engine, inventory, volumes, network } = parts;
	const uid = pod.metadata.uid ?? '';
	// Not the inventory but the engine is asked: nothing may be left behind.
	const [all, owned] = await Promise.all([engine.listContainers([`${POD_UID}=${uid}`]), volumes.owned(pod)]);
	await Promise.all(
		all.map(async ({ id, labels }) => {
			await ignoring(['NOT_FOUND'], engine.removeContainer(id, { force: true }));
			await letGo(labels[PINNED]);
			inventory.forget(id);
		}),
	);
	await volumes.remove(owned);
	// What was said to be gone must be gone: an answer that got lost, or a wrong one, shows here.
	const left = await engine.listContainers([`${POD_UID}=${uid}`]);
	if (left.length > 0) throw new Error(`${left.length} containers of the pod are still there`);
	await volumes.releaseClaims(pod);
	if (parts.isLast(uid)) await network.remove();
}
