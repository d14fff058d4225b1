/**
 * The containers proper, each on its own: one that can't be pulled or keeps crashing holds back no other. And
 * the ephemeral ones, which are started once and never again.
 */
import { attemptsOf, type Context, isPristine, isRunning, type Member, previousStatus } from './context.ts';
import { launch } from './launch.ts';
import type { Plan } from './plan.ts';
import { isRestarted } from './restart.ts';
import { tend } from './running.ts';

/**
 * Every container of the spec runs, is on its way, or is over for good. Before the initialization is done
 * none is started; what runs all the same (in a sandbox of before) is tended.
 */
export function runContainers(context: Context, plan: Plan, initialized: boolean): void {
	for (const member of context.apps) {
		const running = attemptsOf(context, member.name).find(isRunning);
		if (running !== undefined) tend(context, plan, member, running);
		else if (initialized && isWanted(context, member))
			launch(context, plan, member, causeOf(context, member));
	}
}

/** Ephemeral containers wait for nothing but the sandbox, not even for the initialization. */
export function runEphemerals(context: Context, plan: Plan): void {
	if (!context.sandboxReady) return;
	for (const member of context.ephemerals) {
		const newest = attemptsOf(context, member.name)[0];
		if (newest !== undefined && isRunning(newest)) tend(context, plan, member, newest);
		else if (newest === undefined ? !hasRun(context, member) : isPristine(newest)) {
			launch(context, plan, member, 'an ephemeral container was added');
		}
	}
}

/** Is it to run, and does not? */
export function isWanted(context: Context, member: Member): boolean {
	const newest = attemptsOf(context, member.name)[0];
	if (newest === undefined) return !hasEnded(context, member);
	return isPristine(newest) || (!isRunning(newest) && isRestarted(context, member, newest));
}

function hasRun(context: Context, member: Member): boolean {
	return previousStatus(context, member.name)?.containerID !== undefined;
}

/** It had ended for good before somebody removed it: the published status is all that is left of it. */
function hasEnded(context: Context, member: Member): boolean {
	const before = previousStatus(context, member.name);
	return (
		before?.state?.terminated !== undefined &&
		before.containerID !== undefined &&
		!comesBack(context, member, before.state.terminated.exitCode)
	);
}

function comesBack(context: Context, member: Member, exitCode: number): boolean {
	const policy = member.spec.restartPolicy ?? context.pod.spec.restartPolicy ?? 'Always';
	return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function causeOf(context: Context, member: Member): string {
	const attempts = attemptsOf(context, member.name);
	const dead = attempts.find((attempt) => !isPristine(attempt));
	if (dead === undefined) return 'the container is to run';
	return `attempt ${dead.attempt} has ended with code ${dead.exitCode ?? 'unknown'}`;
}
