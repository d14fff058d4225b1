/**
 * The end of many containers: of all when the pod is deleted, has finished or gets a new sandbox. Containers
 * end at the same time; sidecars after them, in the reverse of their order; one grace period for all. Their
 * preStop hooks all run at the beginning, a sidecar's too.
 */
import type { Instant } from '../api/types.ts';
import { type Context, isRunning, type Member, podGraceMs, runningContainers } from './context.ts';
import type { ObservedContainer } from './observed.ts';
import type { Plan } from './plan.ts';
import { stopContainer, stopDeadline } from './stop.ts';
import { parseTime } from './time.ts';

/** As the kubelet's for what it can't wait with. */
const EVICTION_GRACE = 1_000;

/** Does the next steps towards the end of everything that runs. True: nothing runs any more. */
export function stopAll(context: Context, plan: Plan, reason: string): boolean {
	const graceMs = reason === 'Evicted' ? EVICTION_GRACE : undefined;
	return stopEach(context, plan, reason, (container) => ({
		deadline: stopDeadline(context, container, graceMs),
	}));
}

/** The pod is being deleted: all of it ends, then all that it has on the engine is removed. */
export function terminatePod(context: Context, plan: Plan): void {
	const { pod, observed, now } = context;
	const force = (pod.metadata.deletionGracePeriodSeconds ?? 1) <= 0;
	if (force) {
		plan.act({ type: 'RemovePod', cause: 'deleted with grace period 0' });
		return;
	}
	const deadline = deletionDeadline(context);
	const stopped = stopEach(context, plan, 'PodDeleted', (container) => {
		const begun = observed.deeds.get(container.id)?.stopping;
		return { deadline: begun === undefined ? deadline : Math.min(begun.deadline, deadline) };
	});
	if (!stopped) return;
	// What is being made at this moment must be seen before it can be removed; a hook that hangs may not hold up all.
	const busy = [...observed.inFlight].some((target) => /^(sandbox|volumes|container:)/.test(target));
	if (busy && now < deadline + 2_000) plan.wake(deadline + 2_000);
	else plan.act({ type: 'RemovePod', cause: 'nothing of the deleted pod runs any more' });
}

/**
 * When the grace period of the deletion is over. deletionTimestamp is cut to whole seconds, so the first stop
 * that was begun for the deletion tells it better.
 */
function deletionDeadline(context: Context): Instant {
	const { metadata } = context.pod;
	const { observed, now } = context;
	const grace = (metadata.deletionGracePeriodSeconds ?? podGraceMs(context.pod) / 1000) * 1000;
	const begun = [...observed.deeds.values()].flatMap(({ stopping }) =>
		stopping?.reason === 'PodDeleted' ? [stopping] : [],
	);
	if (begun.length > 0) {
		// The stamp is the wall clock's, which may have been set since; what was begun tells how long it may last.
		const since = Math.min(...begun.map((one) => one.since));
		return Math.min(since + grace, Math.max(...begun.map((one) => one.deadline)));
	}
	const stamp = parseTime(metadata.deletionTimestamp);
	return Math.min(now + grace, stamp === undefined ? Number.POSITIVE_INFINITY : stamp + 1_000);
}

function stopEach(
	context: Context,
	plan: Plan,
	reason: string,
	terms: (container: ObservedContainer) => { readonly deadline: Instant },
): boolean {
	const running = runningContainers(context);
	for (const container of running) {
		const member = context.members.find(({ name }) => name === container.name);
		const begun = context.observed.deeds.get(container.id)?.stopping;
		const turn = member === undefined || hasTurn(context, member);
		stopContainer(context, plan, container, member, {
			reason: begun?.reason ?? reason,
			turn,
			...terms(container),
		});
	}
	return running.length === 0;
}

/** A sidecar waits for the containers, and for the sidecars that come after it. */
function hasTurn(context: Context, member: Member): boolean {
	if (member.role !== 'sidecar') return true;
	const later = context.inits.slice(context.inits.indexOf(member) + 1);
	const before = [...context.apps, ...later.filter(({ role }) => role === 'sidecar')];
	return before.every(({ name }) => !(context.observed.containers.get(name) ?? []).some(isRunning));
}
