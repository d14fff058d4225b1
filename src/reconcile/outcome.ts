/**
 * Whether the pod is over: its containers have ended for good, an init container has failed for good, its
 * deadline has passed, or it was over before. From then on everything that still runs ends (sidecars too) and
 * nothing is started again.
 */
import type { Instant } from '../api/types.ts';
import { isWanted } from './containers.ts';
import { attemptsOf, type Context, isRunning } from './context.ts';
import { initProgress } from './init.ts';
import { parseTime } from './time.ts';

export interface Outcome {
	/** One of the stop reasons. */
	readonly reason: 'PodFinished' | 'DeadlineExceeded' | 'Evicted';
	/** An init container that has failed for good. */
	readonly initFailed: boolean;
}

/** Undefined: the pod lives. */
export function outcomeOf(context: Context): Outcome | undefined {
	const { phase, reason } = context.previous;
	if (phase === 'Succeeded' || phase === 'Failed') {
		const told = reason === 'DeadlineExceeded' || reason === 'Evicted' ? reason : 'PodFinished';
		return { reason: told, initFailed: false };
	}
	const deadline = activeDeadline(context);
	if (deadline !== undefined && context.now >= deadline) {
		return { reason: 'DeadlineExceeded', initFailed: false };
	}
	const { failed } = initProgress(context);
	if (failed !== undefined) return { reason: 'PodFinished', initFailed: true };
	return allEnded(context) ? { reason: 'PodFinished', initFailed: false } : undefined;
}

/** startTime + activeDeadlineSeconds. */
export function activeDeadline(context: Context): Instant | undefined {
	const seconds = context.pod.spec.activeDeadlineSeconds;
	if (seconds === undefined) return undefined;
	const start = parseTime(context.previous.startTime) ?? context.now;
	return start + seconds * 1000;
}

function allEnded(context: Context): boolean {
	return context.apps.every(
		(member) => !attemptsOf(context, member.name).some(isRunning) && !isWanted(context, member),
	);
}
