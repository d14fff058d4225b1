/** Attempts of containers: made from the spec as it is now, started, and given new limits while they run. */

import type { AnyContainer } from '../../api/types.ts';
import { EngineError } from '../../engine/engine.ts';
import type { CreateContainer, StartContainer, UpdateResources } from '../../reconcile/action.ts';
import { containerHash, resourcesHash } from '../../reconcile/hash.ts';
import { containerOptions } from '../../translate/container.ts';
import { ConfigError } from '../../translate/errors.ts';
import { resourceOptions } from '../../translate/limits.ts';
import { PINNED } from '../../translate/names.ts';
import { allContainers } from '../../translate/volumes.ts';
import { DeedError } from '../deed-error.ts';
import { ignoring } from '../ignoring.ts';
import { referencesOf } from '../references.ts';
import { createOrAdopt } from './create-or-adopt.ts';
import { envFiles } from './env-files.ts';
import { imageFacts } from './image-facts.ts';
import { realMounts } from './mounts.ts';
import { failedForOomScore, noteOomScore } from './oom-score.ts';
import type { Deed, PerformerParts } from './performer.ts';
import { pidsLimitOf } from './pids-limit.ts';
import { cannotMount, isUnpinned, Pins, unpin } from './pins.ts';
import { runtimeOf } from './runtime.ts';
import { seccompProfiles } from './seccomp.ts';

/** Creates the attempt, or adopts the one of its name. Throws DeedError with the kubelet's reason. */
export async function createContainer(
	parts: PerformerParts,
	deed: Deed,
	action: CreateContainer,
): Promise<void> {
	const { inventory, volumes, store, log } = parts;
	const { pod, observed, journal } = deed;
	const container = specOf(deed, action.container);
	const facts = {
		...volumes.context(pod, observed.podIP),
		refs: referencesOf(store, pod),
		attempt: action.attempt,
	};
	const pins = new Pins(parts, pod);
	try {
		const context = { ...facts, envFiles: await envFiles(parts, container, action.sandboxID) };
		const { container: name, attempt } = action;
		if (!journal.messageFiles.has(`${name}-${attempt}`)) {
			await volumes.prepareMessage(pod, { container: name, attempt }, action.sandboxID);
		}
		const target = 'targetContainerName' in container ? container.targetContainerName : undefined;
		const targetID =
			target === undefined
				? undefined
				: observed.containers.get(target)?.find(({ state }) => state === 'running')?.id;
		const runtime = runtimeOf(parts, pod);
		const { options, notes } = containerOptions(pod, container, {
			...context,
			hash: containerHash(pod, container as Parameters<typeof containerHash>[1]),
			resourcesHash: resourcesHash(container as Parameters<typeof resourcesHash>[0]),
			backoffMs: action.backoffMs,
			sandboxID: action.sandboxID,
			image: await imageFacts(parts, pod, container),
			mounts: await realMounts(parts, deed, container, context, pins),
			seccompProfiles: await seccompProfiles(pod, parts.env),
			...(targetID === undefined ? {} : { targetID }),
			...(runtime === undefined ? {} : { runtime }),
		});
		for (const note of notes)
			log.info('weakened', { pod: pod.metadata.name, container: container.name, note });
		const pidsLimit = pidsLimitOf(parts.env, facts.profile);
		const labels = { ...options.labels, ...pins.labels };
		const limited = { ...options, labels, resources: { ...options.resources, ...pidsLimit } };
		const id = await createOrAdopt(parts, limited);
		noteOomScore(journal, id, limited);
		inventory.touch(id, pod.metadata.uid);
		if (action.ahead) journal.untold.add(`${name}-${attempt}`);
	} catch (error) {
		await pins.undo().catch(() => undefined);
		// Taken away since it was decided, for its address or its port: the next look finds none, and begins with another.
		if (await isGone(parts, deed, action.sandboxID, error)) return;
		if (error instanceof ConfigError) {
			const note = {
				type: 'Warning',
				reason: 'Failed',
				message: `Error: ${error.message}`,
				fieldPath: fieldPathOf(deed, action.container),
			} as const;
			throw new DeedError(error.reason, error.message, [note], error);
		}
		throw error;
	}
	journal.rerunInit.delete(action.container);
	const isPulled = journal.pulled.get(action.container)?.attempt === action.attempt;
	if (!action.ahead) tellCreated(parts, deed, container, isPulled);
}

/** Whether it is for want of its pause that something could not be made. */
async function isGone(
	{ engine, inventory }: PerformerParts,
	{ pod }: Deed,
	sandboxID: string,
	error: unknown,
): Promise<boolean> {
	if (!(error instanceof EngineError) || error.code !== 'NOT_FOUND') return false;
	inventory.touch(sandboxID, pod.metadata.uid);
	return (await ignoring(['NOT_FOUND'], engine.inspectContainer(sandboxID))) !== undefined;
}

/** The events of a creation; of an attempt that was made ahead they are told when it starts. */
function tellCreated(
	{ recorder, clock }: PerformerParts,
	deed: Deed,
	{ name, image }: AnyContainer,
	isPulled: boolean,
): void {
	const fieldPath = fieldPathOf(deed, name);
	const told = (reason: string, message: string): void =>
		recorder.record(deed.pod, { type: 'Normal', reason, message, fieldPath }, clock.now());
	if (!isPulled) told('Pulled', `Container image "${image}" already present on machine`);
	told('Created', `Created container: ${name}`);
}

/** Brings synced files into it and starts it. Throws DeedError with the kubelet's reason. */
export async function startContainer(
	parts: PerformerParts,
	deed: Deed,
	action: StartContainer,
): Promise<void> {
	const { engine, inventory, recorder, clock, sync } = parts;
	const made = deed.observed.containers.get(action.container)?.find(({ id }) => id === action.id);
	if (deed.journal.untold.delete(`${action.container}-${made?.attempt}`)) {
		tellCreated(parts, deed, specOf(deed, action.container), false);
	}
	const labels = inventory.find(action.id)?.engine.labels ?? {};
	// It is made anew: the next look finds it missing.
	if (isUnpinned(labels)) return discard(parts, action.id, labels);
	// An attempt begins with the files that were synced into those before it.
	await sync.prepare(deed.pod, action.container, action.id, deed.observed.sandboxes[0]?.id);
	try {
		await engine.startContainer(action.id);
	} catch (error) {
		if (cannotMount(engine, labels, error) || failedForOomScore(parts, deed.journal, action.id, error)) {
			return await discard(parts, action.id, labels);
		}
		if (!(error instanceof EngineError) || error.code !== 'NOT_MODIFIED') throw error;
	} finally {
		await inventory.started(action.id, deed.pod.metadata.uid);
	}
	deed.journal.oomScored.delete(action.id);
	await sync.started(deed.pod, action.container, action.id);
	const fieldPath = fieldPathOf(deed, action.container);
	const message = `Started container ${action.container}`;
	recorder.record(deed.pod, { type: 'Normal', reason: 'Started', message, fieldPath }, clock.now());
}

/** Takes away an attempt that never ran. */
async function discard(
	{ engine, inventory }: PerformerParts,
	id: string,
	labels: Readonly<Record<string, string>>,
): Promise<void> {
	await ignoring(['NOT_FOUND'], engine.removeContainer(id, { force: true }));
	inventory.forget(id);
	await unpin(engine, labels[PINNED]);
}

/** Gives a running container other limits, without a restart. */
export async function updateResources(
	parts: PerformerParts,
	deed: Deed,
	action: UpdateResources,
): Promise<void> {
	const container = specOf(deed, action.container);
	await parts.engine.updateContainer(action.id, resourceOptions(deed.pod, container));
	deed.journal.resized.set(action.id, resourcesHash(container as Parameters<typeof resourcesHash>[0]));
	parts.inventory.touch(action.id);
}

/** The container of the spec that an action names. */
export function specOf(deed: Deed, name: string): AnyContainer {
	const found = allContainers(deed.pod).find((container) => container.name === name);
	if (found === undefined)
		throw new DeedError('CreateContainerError', `container ${name} is not in the spec any more`);
	return found;
}

/** As events name it: spec.containers{web}. */
export function fieldPathOf(deed: Deed, name: string): string {
	const { initContainers = [], ephemeralContainers = [] } = deed.pod.spec;
	if (initContainers.some((container) => container.name === name)) return `spec.initContainers{${name}}`;
	if (ephemeralContainers.some((container) => container.name === name))
		return `spec.ephemeralContainers{${name}}`;
	return `spec.containers{${name}}`;
}
