/**
 * Initialization: init containers one after the other, sidecars in their place between them. A sidecar opens
 * the way once it has started (its startup probe and postStart hook are through) and is then kept alive
 * beside all that follows. A pod that has been initialized stays so: a sidecar that crashes later is
 * restarted and blocks nothing.
 */
import {
	attemptsOf,
	type Context,
	isJoined,
	isPristine,
	isRunning,
	type Member,
	previousStatus,
} from './context.ts';
import { launch } from './launch.ts';
import type { ObservedContainer } from './observed.ts';
import type { Plan } from './plan.ts';
import { exitCodeOf, isRestarted } from './restart.ts';
import { anewSince, isRestartingAll, isSuperseded } from './restart-rules.ts';
import { awaitsPostStart, tend } from './running.ts';

export interface InitProgress {
	/** The containers may start. */
	readonly initialized: boolean;
	/** How many of the init containers are behind us; the next one (if any) is the one at work. */
	readonly passed: number;
	/** An init container that has failed for good: the pod has failed. */
	readonly failed: Member | undefined;
}

const known = new WeakMap<Context, InitProgress>();

/** How far the initialization in the sandbox in force is; worked out once for a decision. */
export function initProgress(context: Context): InitProgress {
	const before = known.get(context);
	if (before !== undefined) return before;
	const progress = progressOf(context);
	known.set(context, progress);
	return progress;
}

function progressOf(context: Context): InitProgress {
	const { inits, apps } = context;
	if (isRestartingAll(context)) return { initialized: false, passed: 0, failed: undefined };
	if (inits.length === 0 || apps.some((app) => hasStarted(context, app))) {
		return { initialized: true, passed: inits.length, failed: undefined };
	}
	const failed = inits.find((member) => hasFailed(context, member));
	const frontier = inits.findLastIndex((member) => wasBegun(context, member));
	const at = inits[frontier];
	const passed = at === undefined ? 0 : isPassed(context, at) ? frontier + 1 : frontier;
	return { initialized: passed === inits.length && failed === undefined, passed, failed };
}

/** Does what the initialization needs now. True: the containers may start. */
export function initialize(context: Context, plan: Plan): boolean {
	const { initialized, passed } = initProgress(context);
	context.inits.forEach((member, index) => {
		// One of a former sandbox too: it is made to end before another begins.
		const running = attemptsOf(context, member.name).find(isRunning);
		if (running !== undefined) {
			tend(context, plan, member, running);
			return;
		}
		if (isRestartingAll(context)) return;
		const next = index === passed && !initialized;
		if (member.role === 'sidecar' ? next || index < passed : next) {
			launch(context, plan, member, next ? 'its turn has come' : 'a sidecar is kept alive');
		}
	});
	if (initialized) runAgain(context, plan);
	return initialized;
}

/** Locally, a changed or rebuilt init container runs again beside the containers; one at a time. */
function runAgain(context: Context, plan: Plan): void {
	const again = context.inits.find((member) => member.role === 'init' && isToRunAgain(context, member));
	if (again !== undefined) launch(context, plan, again, 'it is to run again');
}

function isToRunAgain(context: Context, member: Member): boolean {
	const { observed, settings } = context;
	const newest = attemptsOf(context, member.name)[0];
	// A former attempt counts too: somebody may have started it again, and two may never run beside each other.
	if (attemptsOf(context, member.name).some(isRunning)) return false;
	if (newest !== undefined && isPristine(newest)) return true;
	if (observed.rerunInit.has(member.name)) return true;
	if (newest !== undefined && observed.restartRequested.has(newest.id)) return true;
	if (settings.profile !== 'local') return false;
	if (newest === undefined)
		return previousStatus(context, member.name)?.containerID === undefined && !isRemembered(context, member);
	if (newest.hash !== member.hash) return true;
	// One that runs again is retried like any other, but only if it belongs to this sandbox.
	const ranAgain = newest.attempt > 0 && isJoined(context, newest);
	return ranAgain && exitCodeOf(newest) !== 0 && isRestarted(context, member, newest);
}

/** Of the sandbox in force, and of the time since all containers were last restarted together. */
function isOfNow(context: Context, attempt: ObservedContainer): boolean {
	return isJoined(context, attempt) && !isSuperseded(context, attempt);
}

/** The newest attempt in the sandbox in force. */
function currentAttempt(context: Context, member: Member): ObservedContainer | undefined {
	return attemptsOf(context, member.name).find((attempt) => isOfNow(context, attempt));
}

function isRemembered(context: Context, member: Member): boolean {
	const id = context.sandbox?.id;
	if (anewSince(context) !== undefined) return false;
	return id !== undefined && context.observed.initDone.get(id)?.has(member.name) === true;
}

function hasStarted(context: Context, member: Member): boolean {
	return attemptsOf(context, member.name).some(
		(attempt) => isOfNow(context, attempt) && attempt.startedAt !== undefined,
	);
}

function wasBegun(context: Context, member: Member): boolean {
	if (isRemembered(context, member)) return true;
	return attemptsOf(context, member.name).some((one) => isOfNow(context, one) && !isPristine(one));
}

function isPassed(context: Context, member: Member): boolean {
	const current = currentAttempt(context, member);
	if (member.role === 'sidecar') {
		return current !== undefined && isRunning(current) && isStarted(context, member, current);
	}
	if (current === undefined || isPristine(current))
		return isRemembered(context, member) && current === undefined;
	return (
		!isRunning(current) && exitCodeOf(current) === 0 && !context.observed.restartRequested.has(current.id)
	);
}

/** The startup probe has passed (or there is none) and postStart is through: what `started` says. */
export function isStarted(context: Context, member: Member, container: ObservedContainer): boolean {
	if (awaitsPostStart(context, member, container)) return false;
	if (member.spec.startupProbe === undefined) return true;
	const { started } = context.observed.probes.get(container.id) ?? {};
	if (started !== undefined) return started;
	const before = previousStatus(context, member.name);
	return before?.containerID === `docker://${container.id}` && before.started === true;
}

function hasFailed(context: Context, member: Member): boolean {
	if (member.role !== 'init') return false;
	const newest = attemptsOf(context, member.name)[0];
	if (newest === undefined || isPristine(newest) || isRunning(newest)) return false;
	if (isSuperseded(context, newest)) return false;
	return exitCodeOf(newest) !== 0 && !isRestarted(context, member, newest);
}
