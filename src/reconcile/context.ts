/**
 * What every part of a decision looks at: the pod's containers as members of one list with their roles, the
 * attempts that the engine has of each, and which pause is the one in force. All of it is read off the input
 * once; nothing here decides.
 */
import type { AnyContainer, Container, ContainerStatus, Instant, Pod, PodStatus } from '../api/types.ts';
import { containerHash, resourcesHash, sandboxHash } from './hash.ts';
import type { ObservedContainer, ObservedPod, Role, Settings } from './observed.ts';

/** One container of the spec, in the order init containers, containers, ephemeral containers. */
export interface Member {
	readonly name: string;
	readonly role: Exclude<Role, 'infra'>;
	readonly spec: Container;
	/** As in events: spec.containers{web}. */
	readonly fieldPath: string;
	/** Of the spec as it is wanted now. */
	readonly hash: string;
	readonly resourcesHash: string;
}

export interface Context {
	readonly pod: Pod;
	readonly observed: ObservedPod;
	readonly settings: Settings;
	readonly now: Instant;
	/** The status that was last published. */
	readonly previous: PodStatus;
	/** Init containers and sidecars, in their order. */
	readonly inits: readonly Member[];
	readonly apps: readonly Member[];
	readonly ephemerals: readonly Member[];
	readonly members: readonly Member[];
	/** The pause in force: alive or about to start, and made from the spec as it is now. */
	readonly sandbox: ObservedContainer | undefined;
	/** It runs: containers may be started in it. */
	readonly sandboxReady: boolean;
	/** And the volumes in it have their contents, or had them when a container was started before. */
	readonly volumesReady: boolean;
}

/** Pod and observation, joined once for all that look at them. */
export function contextOf(pod: Pod, observed: ObservedPod, settings: Settings): Context {
	const inits = (pod.spec.initContainers ?? []).map((spec) =>
		member(pod, spec, spec.restartPolicy === 'Always' ? 'sidecar' : 'init', 'initContainers'),
	);
	const apps = pod.spec.containers.map((spec) => member(pod, spec, 'app', 'containers'));
	const ephemerals = (pod.spec.ephemeralContainers ?? []).map((spec) =>
		member(pod, spec, 'ephemeral', 'ephemeralContainers'),
	);
	const newest = observed.sandboxes[0];
	const usable = newest !== undefined && isAlive(newest) && newest.hash === sandboxHash(pod);
	return {
		pod,
		observed,
		settings,
		now: observed.at,
		previous: pod.status ?? {},
		inits,
		apps,
		ephemerals,
		members: [...inits, ...apps, ...ephemerals],
		sandbox: usable ? newest : undefined,
		sandboxReady: usable && isRunning(newest),
		volumesReady: usable && isRunning(newest) && (observed.volumes.written || hasHeld(observed, newest.id)),
	};
}

/** Has any container been started in this pause? */
function hasHeld(observed: ObservedPod, sandboxID: string): boolean {
	const all = [...observed.containers.values()].flat();
	return all.some((one) => one.sandboxID === sandboxID && one.startedAt !== undefined);
}

function member(pod: Pod, spec: AnyContainer, role: Member['role'], list: string): Member {
	return {
		name: spec.name,
		role,
		spec: spec as Container,
		fieldPath: `spec.${list}{${spec.name}}`,
		hash: containerHash(pod, spec),
		resourcesHash: resourcesHash(spec),
	};
}

/** Paused by somebody counts as running: it is there, and is woken. */
export function isRunning(container: ObservedContainer): boolean {
	return container.state === 'running' || container.state === 'paused';
}

/** Created and waiting for its start: never tried, or (a pause) to be tried again. */
export function isPristine(container: ObservedContainer): boolean {
	return container.state === 'created' && !startFailed(container);
}

/**
 * Its start has been asked for and is not answered: it may run by now. What has become of it is seen at the end of that;
 * until then it can't be removed like one that was merely made.
 */
export function isStarting({ observed }: Context, container: ObservedContainer): boolean {
	return isPristine(container) && observed.inFlight.has(`container:${container.name}`);
}

/** The engine could not start its program; it counts as a death. */
export function startFailed(container: ObservedContainer): boolean {
	if (container.state === 'created') {
		return (container.exitCode ?? 0) !== 0 || (container.error ?? '') !== '';
	}
	return !isRunning(container) && container.startedAt === undefined && (container.error ?? '') !== '';
}

function isAlive(pause: ObservedContainer): boolean {
	return isRunning(pause) || pause.state === 'created';
}

/** When it was over; of a failed start the engine knows no more than when it was created. */
export function endedAt(container: ObservedContainer): Instant {
	return container.finishedAt ?? container.createdAt;
}

/** The same by our own clock: what waits are counted from. */
export function overSince(container: ObservedContainer): Instant {
	return container.seen?.overSince ?? endedAt(container);
}

/** All attempts that the engine has under this name, newest first. */
export function attemptsOf(context: Context, name: string): readonly ObservedContainer[] {
	return context.observed.containers.get(name) ?? [];
}

/**
 * Does it live in the pause in force? One that started before the pause did (somebody has restarted the pause)
 * lives in namespaces that the pause no longer has.
 */
export function isJoined({ sandbox }: Context, container: ObservedContainer): boolean {
	if (sandbox === undefined) return false;
	// Only of a pause that has ended before: a clock that was set back must not make its containers older than it.
	const restarted = sandbox.finishedAt !== undefined;
	if (restarted && (container.startedAt ?? Number.POSITIVE_INFINITY) < (sandbox.startedAt ?? 0)) return false;
	return container.sandboxID === undefined || container.sandboxID === sandbox.id;
}

/** Every container that runs now, those that the spec no longer names too; no pauses. */
export function runningContainers(context: Context): readonly ObservedContainer[] {
	return [...context.observed.containers.values()].flat().filter(isRunning);
}

/** The status that was last published of a container. */
export function previousStatus(context: Context, name: string): ContainerStatus | undefined {
	const { containerStatuses, initContainerStatuses, ephemeralContainerStatuses } = context.previous;
	return [
		...(initContainerStatuses ?? []),
		...(containerStatuses ?? []),
		...(ephemeralContainerStatuses ?? []),
	].find((status) => status.name === name);
}

/** `docker://<id>`, as it stands in a status. */
export function containerID(container: ObservedContainer): string {
	return `docker://${container.id}`;
}

/** pod=web_default(uid), as in the kubelet's messages. */
export function podLabel(pod: Pod): string {
	return `${pod.metadata.name}_${pod.metadata.namespace ?? 'default'}(${pod.metadata.uid ?? ''})`;
}

/** spec.terminationGracePeriodSeconds in ms; a negative one is 1 s, as in Kubernetes. */
export function podGraceMs(pod: Pod): number {
	const seconds = pod.spec.terminationGracePeriodSeconds ?? 30;
	return (seconds < 0 ? 1 : seconds) * 1000;
}
