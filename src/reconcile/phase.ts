/**
 * The phase of a pod, by the kubelet's rules over the states of its containers. Pending while a container has
 * never run, Running while one runs or will again, then Succeeded or Failed, which never change any more.
 */
import type { ContainerStatus, PodStatus } from '../api/types.ts';
import { type Context, type Member, runningContainers } from './context.ts';
import { unread } from './garbage.ts';
import { outcomeOf } from './outcome.ts';

export type Phase = NonNullable<PodStatus['phase']>;

/** Statuses of init containers and containers, by name. */
export type Statuses = ReadonlyMap<string, ContainerStatus>;

/** The phase; a final one is kept. */
export function phaseOf(context: Context, statuses: Statuses): Phase {
	const { phase } = context.previous;
	if (phase === 'Succeeded' || phase === 'Failed') return phase;
	return finalPhase(context, statuses) ?? livingPhase(context, statuses);
}

/** Told once nothing runs any more, and the termination messages are there. */
function finalPhase(context: Context, statuses: Statuses): Phase | undefined {
	if (runningContainers(context).length > 0) return undefined;
	const deleted = context.pod.metadata.deletionTimestamp !== undefined;
	const outcome = outcomeOf(context);
	if (outcome === undefined && !deleted) return undefined;
	if (!deleted && unread(context).length > 0) return undefined;
	if (outcome?.reason === 'DeadlineExceeded' || outcome?.initFailed) return 'Failed';
	const ends = context.apps.map(({ name }) => endOf(statuses.get(name)));
	// A pod that is deleted before all of it has run stays what it was.
	if (ends.some((end) => end === undefined)) return undefined;
	return ends.every((end) => end?.exitCode === 0) ? 'Succeeded' : 'Failed';
}

function endOf(status: ContainerStatus | undefined) {
	return status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined);
}

function livingPhase(context: Context, statuses: Statuses): Phase {
	// A container that joins later, or is asked for an image that is not to be had, takes nothing back.
	if (context.previous.phase === 'Running') return 'Running';
	const initializing = context.inits.some((member) => isInitializing(member, statuses.get(member.name)));
	if (initializing && !hasContainerStarted(context, statuses)) return 'Pending';
	const sidecarWaits = context.inits.some(
		({ role, name }) => role === 'sidecar' && hasNeverRun(statuses.get(name)),
	);
	const waits = context.apps.some(({ name }) => hasNeverRun(statuses.get(name)));
	return sidecarWaits || waits ? 'Pending' : 'Running';
}

function isInitializing(member: Member, status: ContainerStatus | undefined): boolean {
	const running = status?.state?.running !== undefined;
	if (member.role === 'sidecar') return running ? status.started !== true : hasNeverRun(status);
	return running || hasNeverRun(status);
}

/** It waits, and no end of it is known. */
function hasNeverRun(status: ContainerStatus | undefined): boolean {
	if (status?.state?.running !== undefined || status?.state?.terminated !== undefined) return false;
	return status?.lastState?.terminated === undefined;
}

/** A container proper has begun once: from then on the pod counts as initialized. */
export function hasContainerStarted(context: Context, statuses: Statuses): boolean {
	return context.apps.some(({ name }) => {
		const status = statuses.get(name);
		return status !== undefined && !hasNeverRun(status);
	});
}
