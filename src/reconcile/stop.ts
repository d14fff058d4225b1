/**
 * The end of one container, step by step: preStop, then (when its turn has come) its stop signal, then KILL at
 * the deadline. The deeds tell how far it is; each call says only the next step. The preStop hook uses up the
 * grace period, but between the signal and KILL there are always two seconds.
 */
import type { Instant } from '../api/types.ts';
import { type Context, type Member, podGraceMs } from './context.ts';
import type { Deeds, ObservedContainer } from './observed.ts';
import type { Plan } from './plan.ts';
import { REASONS } from './stop-reason.ts';

/** Left between the stop signal and KILL, however little of the grace period there is. */
const SIGNAL_WINDOW = 2_000;
/** A KILL that has had no effect for so long is sent again. */
const KILL_AGAIN = 10_000;

export interface StopOrder {
	/** One of REASONS. */
	readonly reason: string;
	readonly deadline: Instant;
	/** It is to be followed by another attempt (for the event's text). */
	readonly restarts?: boolean;
	/** No hook, no signal but KILL: grace period 0. */
	readonly force?: boolean;
	/** False: its preStop runs, the signal waits (a sidecar before the containers have ended). */
	readonly turn?: boolean;
}

/** Does the next step towards the end of a container that runs. Nothing to do for one that does not. */
export function stopContainer(
	context: Context,
	plan: Plan,
	container: ObservedContainer,
	member: Member | undefined,
	order: StopOrder,
): void {
	const { now, observed } = context;
	const deeds = observed.deeds.get(container.id) ?? {};
	const { id, name } = container;
	const base = { container: name, id, cause: order.reason };

	if (container.state === 'paused') {
		plan.act({ type: 'UnpauseContainer', ...base });
		return;
	}
	const stage = nextStage(now, deeds, member, order);
	switch (stage.type) {
		case 'wait':
			plan.wake(stage.until);
			return;
		case 'preStop': {
			const { reason, deadline } = order;
			const began = plan.act({ type: 'RunHook', ...base, hook: 'preStop', deadline, reason });
			if (began) tell(plan, container, member, order, deeds);
			plan.wake(deadline);
			return;
		}
		case 'term': {
			const signal = container.stopSignal ?? 'SIGTERM';
			const { reason } = order;
			const deadline = Math.max(order.deadline, now + SIGNAL_WINDOW);
			const began = plan.act({ type: 'SignalContainer', ...base, signal, deadline, reason });
			if (began) tell(plan, container, member, order, deeds);
			plan.wake(deadline);
			return;
		}
		case 'kill': {
			const began = plan.act({
				type: 'SignalContainer',
				...base,
				signal: 'SIGKILL',
				deadline: order.deadline,
				reason: order.reason,
			});
			if (began) tell(plan, container, member, order, deeds);
			plan.wake(now + KILL_AGAIN);
		}
	}
}

type Stage =
	| { readonly type: 'preStop' | 'term' | 'kill' }
	| { readonly type: 'wait'; readonly until: Instant };

function nextStage(now: Instant, deeds: Deeds, member: Member | undefined, order: StopOrder): Stage {
	const { deadline } = order;
	const { termSentAt, killSentAt, preStop } = deeds;
	if (killSentAt !== undefined && now < killSentAt + KILL_AGAIN) {
		return { type: 'wait', until: killSentAt + KILL_AGAIN };
	}
	if (order.force) return { type: 'kill' };
	if (termSentAt !== undefined) {
		const killAt = Math.max(deadline, termSentAt + SIGNAL_WINDOW);
		return now < killAt ? { type: 'wait', until: killAt } : { type: 'kill' };
	}
	const overdue = now >= deadline;
	if (!overdue && member?.spec.lifecycle?.preStop !== undefined) {
		if (preStop === undefined) return { type: 'preStop' };
		if (preStop.endedAt === undefined) return { type: 'wait', until: deadline };
	}
	if (!overdue && order.turn === false) return { type: 'wait', until: deadline };
	return { type: 'term' };
}

/** The Killing event: once for a stop, with its first step. */
function tell(
	plan: Plan,
	container: ObservedContainer,
	member: Member | undefined,
	order: StopOrder,
	deeds: Deeds,
): void {
	if (deeds.stopping !== undefined) return;
	const told = REASONS[order.reason]?.told;
	plan.note({
		type: 'Normal',
		reason: 'Killing',
		message: told?.(container.name, order.restarts === true) ?? `Stopping container ${container.name}`,
		fieldPath: member?.fieldPath ?? `spec.containers{${container.name}}`,
	});
}

/** The deadline of a stop that is no deletion: what its beginner set, else the grace period from now. */
export function stopDeadline(context: Context, container: ObservedContainer, graceMs?: number): Instant {
	const begun = context.observed.deeds.get(container.id)?.stopping;
	return begun?.deadline ?? context.now + (graceMs ?? podGraceMs(context.pod));
}
