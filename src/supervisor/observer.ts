/**
 * Puts an ObservedPod together: the containers from the inventory, the images of its spec, the state of its
 * volumes, the verdicts of its probes, and what its worker's journal remembers.
 */
import { UserError } from '../api/errors.ts';
import type { Pod } from '../api/types.ts';
import type { Inventory, KnownContainer } from '../engine/observe.ts';
import type {
	Admission,
	ObservedContainer,
	ObservedImage,
	ObservedPod,
	VolumesState,
} from '../reconcile/observed.ts';
import { POD_CONTAINER } from '../translate/names.ts';
import type { Clock } from './clock.ts';
import { DeedError } from './deed-error.ts';
import { isUnreachable } from './engine-link.ts';
import type { Images } from './images.ts';
import type { Journal } from './journal.ts';
import type { PodNetwork } from './network.ts';
import type { Prober } from './prober.ts';
import type { PodVolumes } from './volumes.ts';

export interface ObserverParts {
	readonly inventory: Inventory;
	readonly images: Images;
	readonly network: PodNetwork;
	readonly volumes: PodVolumes;
	readonly prober: Prober;
	readonly clock: Clock;
	/** The node's address. */
	readonly hostIP: string;
}

export class Observer {
	readonly #parts: ObserverParts;

	constructor(parts: ObserverParts) {
		this.#parts = parts;
	}

	/** Throws EngineError when the engine does not answer: nothing may be decided then. */
	async observe(pod: Pod, journal: Journal, admission: Admission): Promise<ObservedPod> {
		const { inventory, prober, clock, hostIP, volumes } = this.#parts;
		const uid = pod.metadata.uid ?? '';
		// What was in flight when the look began may have ended since, unseen: it counts as in flight for this turn.
		const inFlight = new Set(journal.inFlight.keys());
		const [known, images] = await Promise.all([inventory.observe(uid), this.#images(pod)]);
		journal.prune(new Set(known.map(({ observed }) => observed.id)));
		journal.hookAborts.cut((id) =>
			known.some(({ observed }) => observed.id === id && observed.state === 'running'),
		);
		journal.follow();
		const now = clock.now();
		const seen = known.map((one) => ({ ...one, observed: journal.witnessed(one.observed, now) }));
		const { sandboxes, containers } = sorted(seen, journal, pod.spec.hostNetwork === true);
		const podIP = await this.#podIP(pod, admission, sandboxes[0]);
		const state: VolumesState = volumes.state(pod, journal, podIP, sandboxes[0]?.id);
		return {
			at: clock.now(),
			sandboxes,
			containers,
			images,
			pulled: journal.pulled,
			volumes: state,
			admission,
			probes: prober.verdicts(uid),
			deeds: journal.deeds,
			inFlight: inFlight.union(new Set(journal.inFlight.keys())),
			failures: journal.failures,
			initDone: journal.initDone,
			restartRequested: journal.restartRequested,
			rerunInit: journal.rerunInit,
			hostIP,
			podIP,
		};
	}

	/** Begins to look at what has changed of the pod. */
	lookAhead(podUID: string): void {
		this.#parts.inventory.lookAhead(podUID);
	}

	async #images(pod: Pod): Promise<Map<string, ObservedImage>> {
		const refs = new Set(imagesOf(pod));
		const found = await Promise.all(
			[...refs].map(async (ref): Promise<[string, ObservedImage]> => {
				const image = await this.#parts.images.find(ref);
				return [ref, image === undefined ? { ref } : { ref, id: image.id }];
			}),
		);
		return new Map(found);
	}

	async #podIP(pod: Pod, admission: Admission, sandbox: ObservedContainer | undefined): Promise<string> {
		const { network, hostIP } = this.#parts;
		if (pod.spec.hostNetwork) return hostIP;
		if (!admission.admitted) return '';
		// A pod on its way out asks for nothing: the network may be gone already, and must not be made again.
		if (pod.metadata.deletionTimestamp !== undefined) return sandbox?.ip || (pod.status?.podIP ?? '');
		// A running pause has the last word; else the one that the pod had.
		const before = (sandbox?.ip === '' ? undefined : sandbox?.ip) ?? pod.status?.podIP;
		try {
			return await network.allocate(pod.metadata.uid ?? '', before);
		} catch (error) {
			if (isUnreachable(error)) throw error;
			throw withoutNetwork(error);
		}
	}
}

/** Without an address nothing can be decided for a pod: whoever waits for it is told why it has none. */
function withoutNetwork(error: unknown): DeedError {
	const hint = error instanceof UserError && error.hint !== undefined ? `; ${error.hint}` : '';
	const text = `${error instanceof Error ? error.message : String(error)}${hint}`;
	const reason = 'FailedCreatePodSandBox';
	const message = `Failed to create pod sandbox: ${text}`;
	return new DeedError(reason, text, [{ type: 'Warning', reason, message }], error);
}

/** Every image reference that the pod's spec names. */
export function imagesOf(pod: Pod): string[] {
	const { containers, initContainers = [], ephemeralContainers = [], volumes = [] } = pod.spec;
	const refs = [...initContainers, ...containers, ...ephemeralContainers].map(({ image }) => image);
	return [...refs, ...volumes.map((volume) => volume.image?.reference)].filter(
		(ref) => ref !== undefined && ref !== '',
	) as string[];
}

function sorted(
	known: readonly KnownContainer[],
	journal: Journal,
	hostNetwork: boolean,
): { sandboxes: ObservedContainer[]; containers: Map<string, ObservedContainer[]> } {
	const sandboxes: ObservedContainer[] = [];
	const containers = new Map<string, ObservedContainer[]>();
	for (const { observed } of known) {
		if (observed.name === POD_CONTAINER && observed.role === 'infra') {
			// Somebody took its network away: it runs, but nobody reaches it. It counts as made from another spec.
			const isCutOff = !hostNetwork && observed.state === 'running' && observed.ip === '';
			sandboxes.push(isCutOff ? { ...observed, hash: '' } : observed);
			continue;
		}
		const message = journal.messages.get(observed.id);
		const resourcesHash = journal.resized.get(observed.id) ?? observed.resourcesHash;
		const attempts = containers.get(observed.name) ?? [];
		attempts.push({ ...observed, resourcesHash, ...(message === undefined ? {} : { message }) });
		containers.set(observed.name, attempts);
	}
	const newestFirst = (a: ObservedContainer, b: ObservedContainer): number =>
		b.attempt - a.attempt || b.createdAt - a.createdAt;
	sandboxes.sort(newestFirst);
	for (const attempts of containers.values()) attempts.sort(newestFirst);
	return { sandboxes: prepared(sandboxes, journal), containers };
}

/**
 * A pause without its files is not there yet: CreateSandbox adopts it by its name and writes them. One that
 * CreateSandbox would not ask for next, since its predecessor is gone, would stay unseen for ever: it counts
 * as dead, so that another takes its place.
 */
function prepared(sandboxes: readonly ObservedContainer[], journal: Journal): ObservedContainer[] {
	const isReady = (one: ObservedContainer): boolean =>
		one.state !== 'created' || journal.prepared.has(one.id);
	const before = sandboxes.find(isReady);
	const next = before === undefined ? 0 : before.attempt + 1;
	return sandboxes.flatMap((one): ObservedContainer[] => {
		if (isReady(one)) return [one];
		return one.attempt === next ? [] : [{ ...one, state: 'dead' }];
	});
}
