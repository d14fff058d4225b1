/**
 * Why a container that is to run does not run: the reason and message of its waiting state, as a kubelet
 * tells them. What has failed a moment ago is shown for a moment, then the back-off that follows from it.
 */
import { isWanted } from './containers.ts';
import {
	attemptsOf,
	type Context,
	isPristine,
	type Member,
	overSince,
	podLabel,
	startFailed,
} from './context.ts';
import { imageNeed, type Waiting } from './images.ts';
import { initProgress } from './init.ts';
import { ENGINE_AWAY, type ObservedContainer } from './observed.ts';
import { outcomeOf } from './outcome.ts';
import type { Plan } from './plan.ts';
import { exitCodeOf, isRestarted, nextAttempt, restartOf } from './restart.ts';
import { goDuration } from './time.ts';

/** How long an error of the start stands before the back-off takes its place. */
const ERROR_SHOWN = 2_000;

/** What is shown while nothing else is known, with what holds the whole pod back: a volume, its sandbox. */
export function defaultWaiting(context: Context): Waiting {
	const reason = context.inits.length > 0 ? 'PodInitializing' : 'ContainerCreating';
	const { failures } = context.observed;
	const message = (failures.get('volumes') ?? failures.get('sandbox'))?.message;
	return message === undefined ? { reason } : { reason, message };
}

/** Undefined: there is nothing to tell (a dead attempt is shown as such, a new container as being created). */
export function waitingOf(context: Context, plan: Plan, member: Member): Waiting | undefined {
	if (!isAtWork(context, member)) return undefined;
	const { observed, now } = context;
	const dead = attemptsOf(context, member.name).find((attempt) => !isPristine(attempt));
	const restart = restartOf(context, member);
	const error = dead === undefined ? undefined : startError(context, dead);
	if (error !== undefined && dead !== undefined) {
		const shownUntil = overSince(dead) + ERROR_SHOWN;
		if (now < shownUntil) {
			plan.wake(shownUntil);
			return error;
		}
	}
	const backOff = restart.waitMs === 0 ? undefined : crashLoop(context, member, restart.waitMs);
	if (now < restart.at) return backOff;
	const failure = observed.failures.get(`container:${member.name}`);
	const image = imageNeed(context, member, nextAttempt(context, member)).waiting;
	if (image !== undefined) return image;
	if (failure !== undefined && failure.reason !== 'RunContainerError' && failure.reason !== ENGINE_AWAY) {
		return { reason: failure.reason, message: failure.message };
	}
	return backOff ?? error;
}

/** Is it this container's turn to be started? */
function isAtWork(context: Context, member: Member): boolean {
	if (context.pod.metadata.deletionTimestamp !== undefined || outcomeOf(context) !== undefined) return false;
	if (member.role === 'ephemeral') return attemptsOf(context, member.name).every(isPristine);
	const { initialized, passed } = initProgress(context);
	if (member.role === 'app') return initialized && isWanted(context, member);
	// The next one may be made already: it is the dead one that waits.
	const dead = attemptsOf(context, member.name).find((attempt) => !isPristine(attempt));
	const index = context.inits.indexOf(member);
	if (member.role === 'sidecar') return index <= passed;
	if (index === passed)
		return dead === undefined || isRestarted(context, member, dead) || exitCodeOf(dead) === 0;
	return initialized && dead !== undefined && isRestarted(context, member, dead);
}

function crashLoop(context: Context, member: Member, waitMs: number): Waiting {
	const message = `back-off ${goDuration(waitMs)} restarting failed container=${member.name} pod=${podLabel(context.pod)}`;
	return { reason: 'CrashLoopBackOff', message };
}

/** The start itself has failed, or the postStart hook. */
function startError(context: Context, dead: ObservedContainer): Waiting | undefined {
	if (startFailed(dead))
		return { reason: 'RunContainerError', message: dead.error ?? 'the container could not be started' };
	const deeds = context.observed.deeds.get(dead.id);
	if (deeds?.postStart?.ok !== false) return undefined;
	return {
		reason: 'PostStartHookError',
		message: deeds.postStart.message ?? 'the postStart hook has failed',
	};
}
