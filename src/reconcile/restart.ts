/**
 * Whether a container that has ended is started again, and when. All of it is arithmetic over the dead attempt
 * (its exit code, its times, the back-off in its label), so that a new supervisor comes to the same answer.
 *
 * The back-off: the first restart is at once; the next waits 10 s from the death, then 20 s, doubling to the
 * ceiling. Exit code 0 backs off too. A container that ran for more than ten minutes begins anew, and so does
 * one whose spec has changed.
 */
import type { Instant } from '../api/types.ts';
import {
	attemptsOf,
	type Context,
	endedAt,
	isJoined,
	isPristine,
	type Member,
	overSince,
	previousStatus,
	startFailed,
} from './context.ts';
import type { ObservedContainer } from './observed.ts';
import { actionFor, hasRestartedAll, isSuperseded } from './restart-rules.ts';
import { isReplacing, REASONS } from './stop-reason.ts';

const BASE_BACKOFF = 10_000;
/** Healthy for this long: the back-off is forgotten. */
const STABLE_AFTER = 600_000;

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

/** The policy that rules one container: its own (Kubernetes 1.34), else the pod's; sidecars always come back. */
function restartPolicyOf(context: Context, member: Member): RestartPolicy {
	if (member.role === 'ephemeral') return 'Never';
	if (member.role === 'sidecar') return 'Always';
	const policy = member.spec.restartPolicy ?? context.pod.spec.restartPolicy ?? 'Always';
	// An init container that has done its work is done, whatever the pod's policy.
	return (member.role === 'init' && policy === 'Always' ? 'OnFailure' : policy) as RestartPolicy;
}

/** Exit code of an attempt that is over; a program that could not be started counts as 128. */
export function exitCodeOf(container: ObservedContainer): number {
	if (startFailed(container)) return 128;
	return container.exitCode ?? 137;
}

/** Whether this death is followed by another attempt. */
export function isRestarted(context: Context, member: Member, dead: ObservedContainer): boolean {
	if (member.role === 'ephemeral') return false;
	const { observed } = context;
	if (observed.restartRequested.has(dead.id) || isSuperseded(context, dead)) return true;
	const stopped = observed.deeds.get(dead.id)?.stopping?.reason;
	if (isReplacing(stopped)) return true;
	const policy = restartPolicyOf(context, member);
	if (dead.hash !== member.hash && context.settings.profile === 'local') return true;
	const code = exitCodeOf(dead);
	if (actionFor(member.spec.restartPolicyRules, code) !== undefined) return true;
	if (policy === 'Never') return false;
	// What a failed probe or hook has ended is started again even when it ended well.
	if (stopped !== undefined && REASONS[stopped]?.failure) return true;
	return policy === 'Always' || code !== 0;
}

export interface Restart {
	/** Not before. */
	readonly at: Instant;
	/** What was waited for, in ms; 0: nothing. */
	readonly waitMs: number;
	/** The label of the next attempt: what the one after it will wait. */
	readonly backoffMs: number;
}

const AT_ONCE: Restart = { at: 0, waitMs: 0, backoffMs: 0 };

/** When the next attempt may start. Of one that was never there: at once. */
export function restartOf(context: Context, member: Member): Restart {
	const dead = attemptsOf(context, member.name).find((attempt) => !isPristine(attempt));
	if (dead === undefined) return AT_ONCE;
	const { observed, settings } = context;
	const done = member.role === 'init' && exitCodeOf(dead) === 0;
	if (done && (!isJoined(context, dead) || observed.rerunInit.has(member.name))) return AT_ONCE;
	if (dead.hash !== member.hash) return AT_ONCE;
	// Only the one that made all begin anew waits, so that a pod that does nothing else does not spin.
	if (isSuperseded(context, dead) && !hasRestartedAll(context, member.spec, dead)) return AT_ONCE;
	if (observed.restartRequested.has(dead.id)) return AT_ONCE;
	if (isReplacing(observed.deeds.get(dead.id)?.stopping?.reason)) return AT_ONCE;
	return crashBackoff(dead, settings.maxRestartBackoffMs);
}

/** The arithmetic over one dead attempt; `mostMs` is the ceiling, which lowers the first step too. */
export function crashBackoff(dead: ObservedContainer, mostMs: number): Restart {
	const base = Math.min(BASE_BACKOFF, mostMs);
	const finished = endedAt(dead);
	const ran = finished - (dead.startedAt ?? finished);
	const end = overSince(dead);
	if (dead.backoffMs === 0 || ran > STABLE_AFTER) return { at: 0, waitMs: 0, backoffMs: base };
	const waitMs = Math.min(dead.backoffMs, mostMs);
	return { at: end + waitMs, waitMs, backoffMs: Math.min(waitMs * 2, mostMs) };
}

/**
 * The number of the next attempt. What somebody removed behind our back has run all the same: the published
 * restart count goes on from there.
 */
export function nextAttempt(context: Context, member: Member): number {
	const newest = attemptsOf(context, member.name)[0];
	if (newest !== undefined) return isPristine(newest) ? newest.attempt : newest.attempt + 1;
	const before = previousStatus(context, member.name);
	if (before?.containerID === undefined) return before?.restartCount ?? 0;
	return before.restartCount + 1;
}
