/** Hooks and signals. Each deed is noted in the journal: the next step of a stop is decided from there. */
import { EngineError } from '../../engine/engine.ts';
import type { RunHook, SignalContainer, UnpauseContainer } from '../../reconcile/action.ts';
import { DeedError } from '../deed-error.ts';
import { isUnreachable } from '../engine-link.ts';
import { HOOK_FAILED, runHook } from '../handlers/run.ts';
import { fieldPathOf, specOf } from './containers.ts';
import type { Deed, PerformerParts } from './performer.ts';

/** ms that a signal may take without anybody minding. */
const LATE = 5_000;

/** Runs postStart or preStop; its outcome goes into the journal, a failure into an event. */
export async function runContainerHook(parts: PerformerParts, deed: Deed, action: RunHook): Promise<void> {
	const { engine, reach, clock, recorder, log } = parts;
	const { journal, pod, observed } = deed;
	const container = specOf(deed, action.container);
	const handler = action.hook === 'postStart' ? container.lifecycle?.postStart : container.lifecycle?.preStop;
	const startedAt = clock.now();
	noteStop(deed, action, startedAt);
	journal.note(action.id, { [action.hook]: { startedAt } });
	const sandbox = observed.sandboxes[0];
	const dial = await reach.into(sandbox?.id ?? '', observed.podIP);
	const target = {
		engine,
		dial,
		containerID: action.id,
		podIP: observed.podIP,
		ports: container.ports ?? [],
	};
	const seconds = action.deadline === undefined ? undefined : Math.max(action.deadline - startedAt, 0) / 1000;
	const abort = journal.hookAborts.begin(action.id);
	const result = await runHook(handler ?? {}, target, {
		signal: abort.signal,
		...(seconds === undefined ? {} : { seconds }),
	});
	journal.hookAborts.end(action.id);
	if (result.away) {
		// It is run again when the engine is back: once too often rather than never.
		journal.note(action.id, { [action.hook]: undefined });
		throw new EngineError('UNREACHABLE', result.message);
	}
	journal.note(action.id, {
		[action.hook]: { startedAt, endedAt: clock.now(), ok: result.ok, message: result.message },
	});
	// As a kubelet: a hook that its deadline has cut is no news.
	if (result.ok || result.cut) return;
	const reason = action.hook === 'postStart' ? 'FailedPostStartHook' : 'FailedPreStopHook';
	const note = {
		type: 'Warning',
		reason,
		message: HOOK_FAILED[action.hook],
		fieldPath: fieldPathOf(deed, action.container),
	} as const;
	recorder.record(pod, note, clock.now());
	log.info('hook failed', { pod: pod.metadata.name, container: action.container, hook: action.hook });
}

/** Sends a signal. A container that has ended meanwhile is no failure. */
export async function signalContainer(
	parts: PerformerParts,
	deed: Deed,
	action: SignalContainer,
): Promise<void> {
	const { engine, clock, inventory } = parts;
	const now = clock.now();
	noteStop(deed, action, now);
	const kill = action.signal === 'SIGKILL' || action.signal === 'KILL' || action.signal === '9';
	deed.journal.note(action.id, kill ? { killSentAt: now } : { termSentAt: now });
	try {
		await engine.killContainer(action.id, action.signal);
		if (!kill) noteLateness(deed, action.id, clock.now() - now);
	} catch (error) {
		// It may never have come: better twice than not at all.
		if (!kill && isUnreachable(error)) deed.journal.note(action.id, { termSentAt: undefined });
		// It has ended by itself, or is gone: just what was wanted.
		if (!(error instanceof EngineError) || !['NOT_FOUND', 'CONFLICT', 'NOT_MODIFIED'].includes(error.code)) {
			throw new DeedError('FailedKillPod', error instanceof Error ? error.message : String(error), [], error);
		}
	}
	inventory.touch(action.id);
}

/** Lets a paused container go on. */
export async function unpauseContainer(
	parts: PerformerParts,
	_deed: Deed,
	action: UnpauseContainer,
): Promise<void> {
	await parts.engine.unpauseContainer(action.id);
	parts.inventory.touch(action.id);
}

/** The first step of a stop sets its deadline; a later one may only bring it nearer. */
function noteStop(deed: Deed, action: RunHook | SignalContainer, now: number): void {
	if (action.deadline === undefined) return;
	const before = deed.journal.deeds.get(action.id)?.stopping;
	deed.journal.note(action.id, {
		stopping: {
			since: before?.since ?? now,
			deadline: before === undefined ? action.deadline : Math.min(before.deadline, action.deadline),
			reason: before?.reason ?? action.reason ?? '',
		},
	});
}

/** An engine that was silent has sent the signal only now: the container has its whole grace period from here on. */
function noteLateness({ journal }: Deed, id: string, ms: number): void {
	const { termSentAt, stopping } = journal.deeds.get(id) ?? {};
	if (ms < LATE || termSentAt === undefined || stopping === undefined) return;
	const { since, deadline } = stopping;
	const moved = { ...stopping, since: since + ms, deadline: deadline + ms };
	journal.note(id, { termSentAt: termSentAt + ms, stopping: moved });
}
