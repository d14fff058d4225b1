/**
 * The heart: what is known of a pod at one instant → what may be done now, what its status is, and when to
 * ask again. Pure and level-triggered, in a kubelet's fixed order; each part says only the next step, and
 * the next observation decides the one after it.
 */
import type { Pod } from '../api/types.ts';
import type { Decision } from './action.ts';
import { runContainers, runEphemerals } from './containers.ts';
import { type Context, contextOf } from './context.ts';
import {
	collectGarbage,
	readMessages,
	removeUnknown,
	removeUnstarted,
	stopDuplicates,
	unread,
} from './garbage.ts';
import { initialize } from './init.ts';
import { prefetch } from './launch.ts';
import { noteChanges } from './notes.ts';
import type { ObservedPod, Settings } from './observed.ts';
import { activeDeadline, type Outcome, outcomeOf } from './outcome.ts';
import { createPlan, type Plan } from './plan.ts';
import { ensureSandbox, ensureVolumes, removeSandbox } from './sandbox.ts';
import { podStatus } from './status.ts';
import { stopAll, terminatePod } from './termination.ts';

/**
 * Decides what a pod needs at the instant of the observation.
 *
 * @param pod spec as it is wanted now; `status` as it was last published; deletionTimestamp is the only mode
 * @param observed what is known of it; `observed.at` is the only clock
 */
export function decide(pod: Pod, observed: ObservedPod, settings: Settings): Decision {
	const context = contextOf(pod, observed, settings);
	const plan = createPlan(observed);
	walk(context, plan);
	const status = podStatus(context, plan);
	noteChanges(context, plan, status);
	const { actions, notes, wakeAt } = plan;
	return { actions, status, notes, ...(wakeAt === undefined ? {} : { wakeAt }) };
}

function walk(context: Context, plan: Plan): void {
	if (context.pod.metadata.deletionTimestamp !== undefined) {
		terminatePod(context, plan);
		return;
	}
	readMessages(context, plan);
	const outcome = outcomeOf(context);
	if (outcome !== undefined) {
		finish(context, plan, outcome);
		return;
	}
	if (!isAdmitted(context)) return;
	wakeAtDeadline(context, plan);
	collectGarbage(context, plan);
	stopDuplicates(context, plan);
	removeUnknown(context, plan);
	ensureVolumes(context, plan);
	ensureSandbox(context, plan);
	prefetch(context, plan);
	if (context.sandbox === undefined) return;
	runContainers(context, plan, initialize(context, plan));
	runEphemerals(context, plan);
}

/** The whole pod or none of it: nothing begins before there is room. What has begun goes on. */
function isAdmitted(context: Context): boolean {
	const { admission, sandboxes, containers } = context.observed;
	if (sandboxes.length > 0 || containers.size > 0) return true;
	return admission.admitted && (context.pod.spec.schedulingGates ?? []).length === 0;
}

/** Ends what still runs; the dead stay for logs and status, the pause goes. */
function finish(context: Context, plan: Plan, { reason }: Outcome): void {
	const stopped = stopAll(context, plan, reason);
	collectGarbage(context, plan);
	removeUnstarted(context, plan);
	if (stopped && unread(context).length === 0) removeSandbox(context, plan);
}

function wakeAtDeadline(context: Context, plan: Plan): void {
	const deadline = activeDeadline(context);
	if (deadline !== undefined) plan.wake(deadline);
}
