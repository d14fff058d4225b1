/**
 * The beginning of one attempt: its image, its container, its start. The container is made as soon as there is
 * a pause to join, while the pause may still be starting; it is started once the pause runs and the volumes
 * have their contents. While a crash back-off runs, the next attempt is made ahead (ahead.ts).
 */
import { isMadeForRestart, mayBeMadeAhead, outdated } from './ahead.ts';
import { attemptsOf, type Context, isJoined, isPristine, isStarting, type Member } from './context.ts';
import { ensureImage } from './images.ts';
import type { ObservedContainer } from './observed.ts';
import type { Plan } from './plan.ts';
import { nextAttempt, restartOf } from './restart.ts';

/** Does the next step towards a running attempt. Call it only for a container that is to run and does not. */
export function launch(context: Context, plan: Plan, member: Member, cause: string): void {
	const newest = attemptsOf(context, member.name)[0];
	const restart = restartOf(context, member);
	const isEarly = context.now < restart.at;
	if (newest !== undefined && isPristine(newest)) {
		const stale = staleness(context, member, newest);
		if (stale !== undefined) {
			const { id } = newest;
			if (isStarting(context, newest)) return;
			plan.act({ type: 'RemoveContainer', container: member.name, id, force: false, cause: stale });
		} else if (isEarly && isMadeForRestart(newest)) {
			plan.wake(restart.at);
		} else if (context.volumesReady) {
			plan.act({ type: 'StartContainer', container: member.name, id: newest.id, cause });
		}
		return;
	}
	if (isEarly) plan.wake(restart.at);
	const attempt = nextAttempt(context, member);
	if (isEarly ? !mayBeMadeAhead(context, member, attempt) : !ensureImage(context, plan, member, attempt))
		return;
	const { sandbox, observed } = context;
	if (sandbox === undefined || !observed.volumes.created) return;
	// The engine binds what a subPath leads to when it makes the container: it must be there by then.
	if (hasSubPath(member) && !context.volumesReady) return;
	plan.act({
		type: 'CreateContainer',
		container: member.name,
		attempt,
		backoffMs: restart.backoffMs,
		sandboxID: sandbox.id,
		...(isEarly ? { ahead: true } : {}),
		cause,
	});
}

function hasSubPath(member: Member): boolean {
	return (member.spec.volumeMounts ?? []).some(({ subPath, subPathExpr }) => subPath || subPathExpr);
}

/** Why a container that was made can't be started. */
function staleness(context: Context, member: Member, made: ObservedContainer): string | undefined {
	if (!isJoined(context, made)) return 'its sandbox is gone';
	if (made.hash !== member.hash) return 'its spec has changed';
	if (made.resourcesHash !== member.resourcesHash) return 'its resources have changed';
	return outdated(context, member, made);
}

/** Pulls ahead of its turn what a container will need that was never made. */
export function prefetch(context: Context, plan: Plan): void {
	for (const member of [...context.inits, ...context.apps]) {
		if (attemptsOf(context, member.name).length > 0) continue;
		ensureImage(context, plan, member, nextAttempt(context, member));
	}
}
