/**
 * What is left over: attempts older than the one predecessor that is kept (for `logs --previous`), containers
 * whose names the spec no longer has, pauses of earlier sandboxes. And the termination messages, which are
 * read before a pause that could be needed for it goes.
 */
import { attemptsOf, type Context, isPristine, isRunning, isStarting, runningContainers } from './context.ts';
import type { ObservedContainer } from './observed.ts';
import type { Plan } from './plan.ts';
import { stopContainer, stopDeadline } from './stop.ts';

/** The newest, and the one before it. */
const KEPT = 2;
/** A message that can't be read is given up after so many attempts. */
const READ_ATTEMPTS = 3;

/** Somebody has started a former attempt again beside the newer one: it ends at once. */
export function stopDuplicates(context: Context, plan: Plan): void {
	for (const attempts of context.observed.containers.values()) {
		const [newest, ...former] = attempts.filter(isRunning);
		if (newest === undefined) continue;
		const member = context.members.find(({ name }) => name === newest.name);
		for (const container of former) {
			stopContainer(context, plan, container, member, {
				reason: 'Removed',
				deadline: context.now,
				force: true,
			});
		}
	}
}

/** Removes what is too old. Never what runs, and never the only trace of the last end. */
export function collectGarbage(context: Context, plan: Plan): void {
	for (const attempts of context.observed.containers.values()) {
		for (const old of attempts.slice(KEPT)) remove(plan, old, isRunning(old), 'only one predecessor is kept');
	}
	const { sandboxes } = context.observed;
	for (const old of sandboxes.slice(1)) {
		const inUse = runningContainers(context).some(({ sandboxID }) => sandboxID === old.id);
		if (!inUse) remove(plan, old, true, 'a newer sandbox is in force');
	}
}

/** Ends and removes containers that the spec no longer has. */
export function removeUnknown(context: Context, plan: Plan): void {
	const known = new Set(context.members.map(({ name }) => name));
	for (const [name, attempts] of context.observed.containers) {
		if (known.has(name)) continue;
		for (const container of attempts) {
			if (isRunning(container)) {
				const deadline = stopDeadline(context, container);
				stopContainer(context, plan, container, undefined, { reason: 'Removed', deadline });
			} else if (!isStarting(context, container)) {
				remove(plan, container, false, 'the spec no longer has it');
			}
		}
	}
}

/** What was made ahead and will never be started. */
export function removeUnstarted(context: Context, plan: Plan): void {
	for (const { name } of context.members) {
		const made = attemptsOf(context, name).filter((one) => isPristine(one) && !isStarting(context, one));
		for (const container of made) remove(plan, container, false, 'the pod has finished');
	}
}

/** Asks for the termination messages of what has ended. */
export function readMessages(context: Context, plan: Plan): void {
	for (const container of unread(context)) {
		plan.act({ type: 'ReadMessage', container: container.name, id: container.id, cause: 'it has ended' });
	}
}

/**
 * Ended containers of the spec whose messages are still to be read. Those of a pod that is over were told with
 * its last phase.
 */
export function unread(context: Context): readonly ObservedContainer[] {
	const { phase } = context.previous;
	if (phase === 'Succeeded' || phase === 'Failed') return [];
	return context.members
		.flatMap(({ name }) => attemptsOf(context, name).slice(0, KEPT))
		.filter(
			(container) =>
				!isRunning(container) &&
				!isPristine(container) &&
				container.startedAt !== undefined &&
				container.message === undefined &&
				(context.observed.failures.get(`message:${container.id}`)?.count ?? 0) < READ_ATTEMPTS,
		);
}

function remove(plan: Plan, container: ObservedContainer, force: boolean, cause: string): void {
	plan.act({ type: 'RemoveContainer', container: container.name, id: container.id, force, cause });
}
