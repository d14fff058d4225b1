/** The pause: created on podrun's network with the pod's own IP, given its files, started. */
import { EngineError } from '../../engine/engine.ts';
import type { CreateSandbox, StartSandbox } from '../../reconcile/action.ts';
import { sandboxHash } from '../../reconcile/hash.ts';
import { sandboxOptions } from '../../translate/sandbox.ts';
import { allContainers } from '../../translate/volumes.ts';
import { DeedError } from '../deed-error.ts';
import { isUnreachable } from '../engine-link.ts';
import { createOrAdopt } from './create-or-adopt.ts';
import { failedForOomScore, noteOomScore } from './oom-score.ts';
import type { Deed, PerformerParts } from './performer.ts';
import { runtimeOf } from './runtime.ts';

/** Creates the pod's pause on its network, or adopts the one of its name. */
export async function createSandbox(parts: PerformerParts, deed: Deed, action: CreateSandbox): Promise<void> {
	const { images, network, volumes, inventory } = parts;
	const { pod, observed, journal } = deed;
	const [infraImage] = await Promise.all([
		images.infra(),
		pod.spec.hostNetwork ? undefined : network.ensure(),
	]);
	const runtime = runtimeOf(parts, pod);
	const { options } = sandboxOptions(pod, {
		...volumes.context(pod, observed.podIP),
		network: network.name,
		infraImage,
		attempt: action.attempt,
		hash: sandboxHash(pod),
		...(runtime === undefined ? {} : { runtime }),
	});
	try {
		const id = await createOrAdopt(parts, options);
		noteOomScore(journal, id, options);
		const messages = allContainers(pod).map(({ name }) => ({ container: name, attempt: 0 }));
		await volumes.prepare(pod, observed.podIP, id, messages);
		journal.prepared.add(id);
		for (const { container, attempt } of messages) journal.messageFiles.add(`${container}-${attempt}`);
		inventory.touch(id, pod.metadata.uid);
	} catch (error) {
		// Somebody removed the network or the infra image: make them again at the next try.
		if (error instanceof EngineError && (error.code === 'NOT_FOUND' || error.code === 'IMAGE_NOT_FOUND')) {
			network.forget();
			images.forgetInfra();
		}
		throw error;
	}
}

/** Starts the pause; one that does not start is removed, for the next to be made cleanly. */
export async function startSandbox(parts: PerformerParts, deed: Deed, action: StartSandbox): Promise<void> {
	const { engine, network, inventory } = parts;
	try {
		await engine.startContainer(action.id);
		deed.journal.oomScored.delete(action.id);
	} catch (error) {
		// Nobody there: what has become of it is seen when the engine answers again.
		if (isUnreachable(error)) throw error;
		// The engine may have remembered half of a start (its ports, its endpoint): a new pause is cleaner.
		await engine.removeContainer(action.id, { force: true }).catch(() => {});
		inventory.forget(action.id);
		if (!(error instanceof EngineError)) throw error;
		// The next look finds no pause, and the next one is made without a score.
		if (failedForOomScore(parts, deed.journal, action.id, error)) return;
		if (error.code === 'NOT_FOUND') network.forget();
		// So will one with the address that is found then.
		if (error.code === 'ADDRESS_TAKEN') return leaveAddress(parts, deed);
		if (error.code === 'PORT_TAKEN') {
			const message = `Failed to create pod sandbox: ${error.message}`;
			throw new DeedError(
				'FailedCreatePodSandBox',
				error.message,
				[{ type: 'Warning', reason: 'FailedCreatePodSandBox', message }],
				error,
			);
		}
		throw error;
	} finally {
		await inventory.started(action.id, deed.pod.metadata.uid);
	}
}

/** Somebody's own container has the pod's address: no fault of the pod's, which gets another one. */
async function leaveAddress(
	{ network, inventory, log }: PerformerParts,
	{ pod, observed }: Deed,
): Promise<void> {
	const { name, namespace, uid = '' } = pod.metadata;
	const isOwn = (id: string): boolean => inventory.find(id)?.podUID === uid;
	const own = await network.avoid(uid, observed.podIP, isOwn);
	if (own === undefined) {
		log.info('the address is taken: another one is tried', {
			pod: `${namespace}/${name}`,
			ip: observed.podIP,
		});
	} else {
		// Somebody has started a former pause of the pod again: the next look finds that it has one.
		inventory.touch(own, uid);
	}
}
