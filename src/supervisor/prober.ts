/**
 * Runs the probes of all pods of a supervisor: told which containers run, it starts one worker for each
 * container id, runs what falls due, folds the results (reconcile/probes.ts) and says when a verdict has
 * changed. It decides nothing: what a verdict leads to is `decide`'s business.
 *
 * Each worker holds one timer for the earliest of its probes. Node keeps its timers in lists by duration, so
 * a thousand of them cost no more than one wheel of our own would.
 */
import type { Container, Instant } from '../api/types.ts';
import type { Engine } from '../engine/engine.ts';
import type { EventNote } from '../reconcile/action.ts';
import type { ProbeVerdicts } from '../reconcile/observed.ts';
import {
	beginProbes,
	fold,
	nextProbeAt,
	PROBE_TYPES,
	type ProbeResult,
	type ProbeSpecs,
	type ProbeState,
	type ProbeType,
	probeNote,
	sameVerdicts,
	shifted,
} from '../reconcile/probes.ts';
import type { Clock } from './clock.ts';
import { directDial } from './handlers/dial.ts';
import type { Reach } from './handlers/reach.ts';
import { runHandler } from './handlers/run.ts';

/** A container that runs, with what its probes need to know. */
export interface ProbeTarget {
	readonly containerID: string;
	/** Its part of the spec: probes and ports. */
	readonly container: Container;
	readonly startedAt: Instant;
	/** The pod's pause and IP, as they are now. */
	readonly sandboxID: string;
	readonly podIP: string;
	/** The pod is being deleted: liveness and startup are not run any more. */
	readonly terminating: boolean;
	/** Its status says already that this id has started: an adopted container's startup probe is not run again. */
	readonly started?: boolean;
	/** Of its events, e.g. spec.containers{web}. */
	readonly fieldPath?: string;
}

/** Runs one probe. The signal cuts it. Must not reject. */
export type ProbeRunner = (target: ProbeTarget, type: ProbeType, signal: AbortSignal) => Promise<ProbeResult>;

export interface ProberOptions {
	readonly engine: Pick<Engine, 'exec'>;
	/** The way into the engine's pods. */
	readonly reach: Reach;
	readonly clock: Clock;
	/** A verdict of this pod has changed. */
	readonly onVerdict: (podKey: string) => void;
	/** A probe failed (Unhealthy) or has a warning (ProbeWarning); each time, as a kubelet tells it. */
	readonly onEvent: (podKey: string, note: EventNote) => void;
	/** By default the handlers, on the engine. */
	readonly run?: ProbeRunner;
	/** The engine is away: what a probe says then says nothing about a container, and none is begun. Default: never. */
	readonly isHeld?: () => boolean;
	/** A probe found no engine. */
	readonly onNobody?: () => void;
	/** Whether the engine answers: asked when a probe that goes through it came to its limit. Default: it does. */
	readonly answers?: () => Promise<boolean>;
}

/** Of a probe that could not be asked. */
const UNKNOWN: ProbeResult = { outcome: 'error', message: '', moot: 'engine away' };

/** Probes by the handlers: directly or through the pause, as `reach` has it. */
function probeRunner({ engine, reach, answers = async () => true }: ProberOptions): ProbeRunner {
	return async (target, type, signal) => {
		const probe = specsOf(target.container)[type];
		if (!probe) return { outcome: 'success', message: '' };
		const { containerID, podIP, sandboxID } = target;
		const dial = probe.exec ? directDial : await reach.into(sandboxID, podIP);
		const ports = target.container.ports ?? [];
		const began = performance.now();
		const result = await runHandler(probe, { engine, dial, containerID, sandboxID, podIP, ports }, signal);
		const isLate = performance.now() - began >= (probe.timeoutSeconds ?? 1) * 1000;
		const isThrough = probe.exec !== undefined || dial !== directDial;
		// It may be the engine that hangs, not what was to answer.
		if (isLate && isThrough && result.outcome !== 'success' && !(await answers())) return UNKNOWN;
		return result;
	};
}

export class Prober {
	private readonly options: ProberOptions;
	private readonly run: ProbeRunner;
	private readonly pods = new Map<string, Map<string, Worker>>();

	constructor(options: ProberOptions) {
		this.options = options;
		this.run = options.run ?? probeRunner(options);
	}

	/**
	 * The containers of a pod that run now. New ids begin to be probed, known ones go on with the new facts
	 * (IP, terminating), all others are forgotten together with their verdicts. Idempotent and cheap.
	 */
	sync(podKey: string, targets: readonly ProbeTarget[]): void {
		const before = this.pods.get(podKey);
		const workers = new Map<string, Worker>();
		for (const target of targets) {
			const known = before?.get(target.containerID);
			if (known) {
				known.update(target);
				workers.set(target.containerID, known);
			} else if (PROBE_TYPES.some((type) => specsOf(target.container)[type])) {
				workers.set(target.containerID, new Worker(podKey, target, this.options, this.run));
			}
		}
		for (const [id, worker] of before ?? []) if (!workers.has(id)) worker.stop();
		if (workers.size > 0) this.pods.set(podKey, workers);
		else this.pods.delete(podKey);
	}

	/** What the probes of a pod say so far, by container id; ids without probes are not in it. */
	verdicts(podKey: string): ReadonlyMap<string, ProbeVerdicts> {
		const workers = this.pods.get(podKey) ?? new Map<string, Worker>();
		return new Map([...workers].map(([id, worker]) => [id, worker.verdicts]));
	}

	/** Ends all probes of a pod; nothing is called back for it any more. */
	stop(podKey: string): void {
		this.sync(podKey, []);
	}

	/** Ends all probes of all pods. */
	close(): void {
		for (const podKey of [...this.pods.keys()]) this.stop(podKey);
	}
}

/** The probes of one container id. */
class Worker {
	private readonly podKey: string;
	private readonly options: ProberOptions;
	private readonly runProbe: ProbeRunner;
	private readonly specs: ProbeSpecs;
	private readonly ended = new AbortController();
	private readonly running = new Map<ProbeType, AbortController>();
	private target: ProbeTarget;
	private state: ProbeState;
	private leaps: number;
	private cancelTimer: (() => void) | undefined;

	constructor(podKey: string, target: ProbeTarget, options: ProberOptions, run: ProbeRunner) {
		this.podKey = podKey;
		this.target = target;
		this.options = options;
		this.runProbe = run;
		this.specs = specsOf(target.container);
		this.leaps = options.clock.leaps?.() ?? 0;
		this.state = beginProbes(this.specs, target.startedAt, options.clock.now(), target.started);
		this.schedule();
	}

	get verdicts(): ProbeVerdicts {
		return this.state.verdicts;
	}

	update(target: ProbeTarget): void {
		const changed = target.terminating !== this.target.terminating;
		this.target = target;
		if (!changed) return;
		if (target.terminating) {
			this.running.get('liveness')?.abort();
			this.running.get('startup')?.abort();
		}
		this.schedule();
	}

	stop(): void {
		this.ended.abort();
		this.cancelTimer?.();
		for (const run of this.running.values()) run.abort();
	}

	/** One timer for whatever is due first. A probe that runs is due again only once it has ended. */
	private schedule(): void {
		this.cancelTimer?.();
		this.cancelTimer = undefined;
		if (this.ended.signal.aborted) return;
		const now = this.now();
		let first: Instant | undefined;
		for (const type of PROBE_TYPES) {
			const at = this.dueAt(type);
			if (at !== undefined && (first === undefined || at < first)) first = at;
		}
		if (first === undefined) return;
		this.cancelTimer = this.options.clock.after(Math.max(0, first - now), () => this.runDue());
	}

	/** The clock's reading, after the state has followed its leaps. */
	private now(): Instant {
		const { clock } = this.options;
		const leaps = clock.leaps?.() ?? 0;
		if (leaps !== this.leaps) this.state = shifted(this.state, leaps - this.leaps);
		this.leaps = leaps;
		return clock.now();
	}

	private dueAt(type: ProbeType): Instant | undefined {
		return this.running.has(type) ? undefined : nextProbeAt(this.state, type, this.target.terminating);
	}

	private runDue(): void {
		const now = this.now();
		for (const type of PROBE_TYPES) {
			const at = this.dueAt(type);
			if (at !== undefined && at <= now) void this.run(type);
		}
		this.schedule();
	}

	private async ask(type: ProbeType, signal: AbortSignal): Promise<ProbeResult> {
		const { isHeld = () => false, onNobody } = this.options;
		if (isHeld()) return UNKNOWN;
		const result = await this.runProbe(this.target, type, signal);
		if (result.moot === 'engine away') onNobody?.();
		return isHeld() ? UNKNOWN : result;
	}

	private async run(type: ProbeType): Promise<void> {
		const cut = new AbortController();
		this.running.set(type, cut);
		const result = await this.ask(type, cut.signal);
		this.running.delete(type);
		// A result that was cut short says nothing, and nobody waits for it.
		if (cut.signal.aborted) {
			this.schedule();
			return;
		}
		const before = this.state.verdicts;
		const now = this.now();
		const { state, counted } = fold(this.state, this.specs, type, result, now);
		this.state = state;
		this.schedule();
		const note =
			counted && result.moot === undefined ? probeNote(type, result, this.target.fieldPath) : undefined;
		if (note) this.options.onEvent(this.podKey, note);
		if (!sameVerdicts(before, state.verdicts)) this.options.onVerdict(this.podKey);
	}
}

function specsOf(container: Container): ProbeSpecs {
	const { startupProbe: startup, livenessProbe: liveness, readinessProbe: readiness } = container;
	return {
		...(startup ? { startup } : {}),
		...(liveness ? { liveness } : {}),
		...(readiness ? { readiness } : {}),
	};
}
