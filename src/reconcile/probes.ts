/**
 * The arithmetic of probes, as the kubelet's prober worker does it, without its clock and its goroutines: one
 * state per container id, results are folded into it, and it tells when each probe is due next.
 *
 * - A container id begins anew: nothing is kept over a restart.
 * - Until the startup probe has passed, the others are not run; once it has passed it is never run again.
 * - A liveness or startup probe that has failed for good is not run again: the container is about to end.
 * - Once the pod is being deleted only readiness goes on.
 * - initialDelaySeconds count from the container's start, and again for each attempt.
 *
 * A kubelet's ticker runs from when the pod was added, so the first liveness and startup probe falls up to a
 * period after the start, and failureThreshold × periodSeconds is the time that a container has to come
 * up. Here the first one that counts is one period after the start. Startup and readiness are also looked at
 * earlier (a kubelet triggers readiness by hand when a container starts), for the sake of a quick start;
 * such an early look can pass, and its failure counts for nothing.
 */
import type { Instant, Probe } from '../api/types.ts';
import type { EventNote } from './action.ts';
import type { ProbeVerdicts } from './observed.ts';

export type ProbeType = 'startup' | 'liveness' | 'readiness';
export const PROBE_TYPES: readonly ProbeType[] = ['startup', 'liveness', 'readiness'];

/** The probes of one container; an absent one is always fulfilled. */
export type ProbeSpecs = { readonly [type in ProbeType]?: Probe };

/**
 * What one run of a handler came to. `warning` is a success that deserves an event, `error` means that the
 * probe itself could not be done: it counts neither way.
 */
export interface ProbeResult {
	readonly outcome: 'success' | 'warning' | 'failure' | 'error';
	/** The output, or why it failed. */
	readonly message: string;
	/** With `error`: nobody could be asked, since no engine answers or the container does not run. It is not told. */
	readonly moot?: 'engine away' | 'container over';
}

interface Run {
	/** The last counted result and how many times in a row it came. */
	readonly last?: 'success' | 'failure';
	readonly count: number;
	/** When the next one is due: at the tick, or before it for an early look. */
	readonly dueAt: Instant;
	/** The next tick of the probe's period. */
	readonly tick: Instant;
	/** How many early looks were taken. */
	readonly early: number;
}

/** All that is known of one container's probes. Plain data; made by `beginProbes`, changed by `fold`. */
export interface ProbeState {
	readonly startedAt: Instant;
	readonly verdicts: ProbeVerdicts;
	readonly runs: { readonly [type in ProbeType]?: Run };
}

/** Distances of early looks, in ms: only for probes that are cheap (no exec). */
const EARLY_LOOKS = [250, 500, 1000, 2000, 4000];

/**
 * The state of a container that has just been seen running.
 *
 * @param startedAt when it started; initial delays count from here
 * @param now when the probing begins; later than startedAt when a supervisor adopts it
 * @param started its status already says `started`: an adopted container's startup probe is not run again
 */
export function beginProbes(
	specs: ProbeSpecs,
	startedAt: Instant,
	now: Instant,
	started = false,
): ProbeState {
	const open = { startedAt, verdicts: {}, runs: {} };
	if (specs.startup && !started) {
		return { ...open, runs: { startup: firstRun('startup', specs.startup, startedAt, startedAt, now) } };
	}
	return {
		...open,
		verdicts: specs.startup ? { started: true } : {},
		runs: afterStartup(specs, startedAt, startedAt, now),
	};
}

/**
 * When the given probe is to be run next; undefined: not until something else happens.
 *
 * @param terminating the pod is being deleted
 */
export function nextProbeAt(state: ProbeState, type: ProbeType, terminating: boolean): Instant | undefined {
	if (terminating && type !== 'readiness') return undefined;
	return state.runs[type]?.dueAt;
}

/**
 * Takes in the result of a probe that was due.
 *
 * @param now when the result came
 * @returns the new state, and whether the failure counted (an early look's does not, and is not told)
 */
export function fold(
	state: ProbeState,
	specs: ProbeSpecs,
	type: ProbeType,
	result: ProbeResult,
	now: Instant,
): { readonly state: ProbeState; readonly counted: boolean } {
	const spec = specs[type];
	const run = state.runs[type];
	if (!spec || !run) return { state, counted: false };
	const passed = result.outcome === 'success' || result.outcome === 'warning';
	const counted = passed || run.dueAt >= run.tick;
	const last = passed ? 'success' : 'failure';
	const told: Run =
		result.outcome === 'error' || !counted
			? run
			: { ...run, last, count: run.last === last ? run.count + 1 : 1 };
	const mayLookEarly = type !== 'liveness' && !spec.exec && told.last !== 'success';
	const advanced = withRun(state, type, { ...told, ...following(spec, told, now, mayLookEarly) });
	if (told === run) return { state: advanced, counted };

	const { count } = told;
	const threshold = passed ? (spec.successThreshold ?? 1) : (spec.failureThreshold ?? 3);
	if (count < threshold) return { state: advanced, counted };
	return { state: judge(advanced, specs, type, passed, result.message, now), counted };
}

/** The event that a kubelet records for one result; undefined for a success. */
export function probeNote(type: ProbeType, result: ProbeResult, fieldPath?: string): EventNote | undefined {
	const title = `${type[0]?.toUpperCase()}${type.slice(1)} probe`;
	const note = (reason: string, message: string): EventNote => ({
		type: 'Warning',
		reason,
		message,
		...(fieldPath === undefined ? {} : { fieldPath }),
	});
	switch (result.outcome) {
		case 'success':
			return undefined;
		case 'warning':
			return note('ProbeWarning', `${title} warning: ${result.message}`);
		case 'failure':
			return note('Unhealthy', `${title} failed: ${result.message}`);
		case 'error':
			return note('Unhealthy', `${title} errored and resulted in unknown state: ${result.message}`);
	}
}

/** The same state after the clock has been set forward by `ms` (back: less than 0): what was to come still is. */
export function shifted(state: ProbeState, ms: number): ProbeState {
	const runs = Object.entries(state.runs).map(([type, run]): [string, Run] => [
		type,
		{ ...run, dueAt: run.dueAt + ms, tick: run.tick + ms },
	]);
	return { ...state, startedAt: state.startedAt + ms, runs: Object.fromEntries(runs) };
}

/** Whether two verdicts lead to the same decisions. */
export function sameVerdicts(a: ProbeVerdicts, b: ProbeVerdicts): boolean {
	return a.started === b.started && a.ready === b.ready && a.live === b.live && a.failed === b.failed;
}

/** A threshold is reached: the verdict, and what it opens or ends. */
function judge(
	state: ProbeState,
	specs: ProbeSpecs,
	type: ProbeType,
	passed: boolean,
	message: string,
	now: Instant,
): ProbeState {
	const { verdicts, startedAt } = state;
	if (type === 'readiness') return { ...state, verdicts: { ...verdicts, ready: passed } };
	if (!passed) {
		return { ...state, verdicts: { ...verdicts, live: false, failed: type, message }, runs: {} };
	}
	if (type === 'liveness') return { ...state, verdicts: { ...verdicts, live: true } };
	return {
		...state,
		verdicts: { ...verdicts, started: true },
		runs: afterStartup(specs, startedAt, now, now),
	};
}

/** Liveness and readiness begin: at the container's start, or when its startup probe has passed. */
function afterStartup(
	specs: ProbeSpecs,
	startedAt: Instant,
	openedAt: Instant,
	now: Instant,
): ProbeState['runs'] {
	return {
		...(specs.liveness ? { liveness: firstRun('liveness', specs.liveness, startedAt, openedAt, now) } : {}),
		...(specs.readiness
			? { readiness: firstRun('readiness', specs.readiness, startedAt, openedAt, now) }
			: {}),
	};
}

function firstRun(type: ProbeType, spec: Probe, startedAt: Instant, openedAt: Instant, now: Instant): Run {
	const allowed = Math.max(startedAt + (spec.initialDelaySeconds ?? 0) * 1000, openedAt, now);
	const ticked = Math.max(allowed, openedAt + periodOf(spec));
	return {
		count: 0,
		early: 0,
		dueAt: type === 'liveness' ? ticked : allowed,
		tick: type === 'readiness' ? allowed : ticked,
	};
}

/** When a probe that was run is run again: at the next tick, or for an early look before it. */
function following(
	spec: Probe,
	run: Run,
	now: Instant,
	mayLookEarly: boolean,
): Pick<Run, 'dueAt' | 'tick' | 'early'> {
	const period = periodOf(spec);
	let tick = run.dueAt < run.tick ? run.tick : run.tick + period;
	// As a ticker does: ticks that fell into a long run are dropped but for one, the phase stays.
	if (tick < now) tick += Math.floor((now - tick) / period) * period;
	const wait = mayLookEarly ? EARLY_LOOKS[run.early] : undefined;
	if (wait !== undefined && now + wait < tick) return { dueAt: now + wait, tick, early: run.early + 1 };
	return { dueAt: tick, tick, early: run.early };
}

function periodOf(spec: Probe): number {
	return Math.max(1, spec.periodSeconds ?? 10) * 1000;
}

function withRun(state: ProbeState, type: ProbeType, run: Run): ProbeState {
	return { ...state, runs: { ...state.runs, [type]: run } };
}
