/**
 * The collector of one decision. It holds the rules that hold for every action, so that no part has to think
 * of them: nothing is done to a target that is in flight, at most one thing is done to a target, and what has
 * failed is tried again only after a pause that grows.
 */
import type { Instant } from '../api/types.ts';
import { type Action, type EventNote, targetOf } from './action.ts';
import type { Failure, ObservedPod } from './observed.ts';

export interface Plan {
	readonly actions: readonly Action[];
	readonly notes: readonly EventNote[];
	readonly wakeAt: Instant | undefined;
	/** Is it done now? False: the target is taken, or a failure's pause is not over (then the plan wakes at its end). */
	act(action: Action): boolean;
	/** Look again at this instant, when it is still to come. */
	wake(at: Instant): void;
	note(note: EventNote): void;
}

/** An empty plan that knows what is in flight and what has failed. */
export function createPlan(observed: ObservedPod): Plan {
	const actions: Action[] = [];
	const notes: EventNote[] = [];
	const taken = new Set(observed.inFlight);
	let wakeAt: Instant | undefined;

	const wake = (at: Instant) => {
		if (at > observed.at && (wakeAt === undefined || at < wakeAt)) wakeAt = at;
	};
	return {
		actions,
		notes,
		get wakeAt() {
			return wakeAt;
		},
		act(action) {
			const target = targetOf(action);
			if (taken.has(target)) return false;
			const failure = observed.failures.get(target);
			const readyAt = failure === undefined ? observed.at : retryAt(action, failure);
			if (readyAt > observed.at) {
				wake(readyAt);
				return false;
			}
			taken.add(target);
			actions.push(action);
			return true;
		},
		wake,
		note: (note) => {
			notes.push(note);
		},
	};
}

const PULL_FIRST = 10_000;
const PULL_MOST = 300_000;
const SYNC_FIRST = 1_000;
const SYNC_MOST = 15_000;

/** When an action on a target that has failed may be tried again. */
function retryAt(action: Action, failure: Failure): Instant {
	if (action.type === 'PullImage') return pullRetryAt(failure);
	// A program that could not be started is a dead attempt: the crash back-off alone counts the time.
	if (action.type === 'CreateContainer' && failure.reason === 'RunContainerError') return failure.at;
	return failure.at + growing(SYNC_FIRST, SYNC_MOST, failure.count);
}

/** Pulls: 10 s, doubling to 300 s, as the kubelet's image back-off. */
export function pullRetryAt(failure: Failure): Instant {
	return failure.at + growing(PULL_FIRST, PULL_MOST, failure.count);
}

function growing(first: number, most: number, count: number): number {
	return Math.min(first * 2 ** Math.max(count - 1, 0), most);
}
