/**
 * What one pod worker remembers of its own deeds: the part of the observation that the engine does not
 * keep. All of it may be lost with the process: hooks are then run again at most once more (Kubernetes
 * promises "at least once"), failures start counting anew, and a stop that was under way goes on by the
 * pod's deletionTimestamp.
 */
import type { Instant } from '../api/types.ts';
import {
	type Deeds,
	ENGINE_AWAY,
	type Failure,
	type HookRun,
	type ObservedContainer,
} from '../reconcile/observed.ts';
import type { Clock } from './clock.ts';
import { Witness } from './witness.ts';

/** Why a pod has failed as a whole, for its status: Evicted, SysctlForbidden. */
export interface PodFailure {
	readonly reason: string;
	readonly message: string;
}

export class Journal {
	readonly deeds = new Map<string, Deeds>();
	readonly failures = new Map<string, Failure>();
	readonly inFlight = new Map<string, string>();
	readonly pulled = new Map<string, { attempt: number; at: Instant }>();
	readonly initDone = new Map<string, Set<string>>();
	readonly restartRequested = new Set<string>();
	readonly rerunInit = new Set<string>();
	/** Termination messages by container id. */
	readonly messages = new Map<string, string>();
	/** By container id: the hash of resources that were set while it ran; its label still tells the old one. */
	readonly resized = new Map<string, string>();
	/** `<container>-<attempt>` that was made ahead of its time: its creation is told when it starts. */
	readonly untold = new Set<string>();
	/** Pauses that have got their files; one that is merely created and not in here is made ready first. */
	readonly prepared = new Set<string>();
	/** Made with a negative oom_score_adj and not started yet. Kept until then: a look that began before knows nothing of it. */
	readonly oomScored = new Set<string>();
	/** `<container>-<attempt>` whose termination message file was made together with the pause's files. */
	readonly messageFiles = new Set<string>();
	readonly hookAborts = new HookAborts();
	readonly #clock: Pick<Clock, 'leaps'>;
	readonly #witness = new Witness();
	/** The sum of the clock's leaps that all instants in here have followed. */
	#leaps: number;
	/** The node has given the pod up: its phase is Failed from the next turn on, and everything of it ends. */
	failed: PodFailure | undefined;
	volumesCreated = '';
	/** Digest of the contents that were last written, with the id of the pause they were written through. */
	volumesWritten: { digest: string; sandboxID: string } | undefined;

	/** `clock`: whose instants are kept here. */
	constructor(clock: Pick<Clock, 'leaps'> = {}) {
		this.#clock = clock;
		this.#leaps = clock.leaps?.() ?? 0;
	}

	note(id: string, deed: Partial<Deeds>): void {
		this.follow();
		this.deeds.set(id, { ...this.deeds.get(id), ...deed });
	}

	/** Counts a failure of `target`; the same reason again raises the count, another one starts at 1. */
	fail(target: string, reason: string, message: string, at: Instant): Failure {
		this.follow();
		const before = this.failures.get(target);
		const failure = { reason, message, count: (before?.count ?? 0) + 1, at };
		this.failures.set(target, failure);
		return failure;
	}

	/** What could not be done may be possible now (a spec, a ConfigMap, an image changed): no more waiting. */
	forgive(...prefixes: string[]): void {
		for (const target of [...this.failures.keys()]) {
			if (prefixes.some((prefix) => target.startsWith(prefix))) this.failures.delete(target);
		}
	}

	/** The engine is there again: what failed because it was away has not been tried. */
	forgiveAbsence(): void {
		for (const [target, { reason }] of this.failures) {
			if (reason === ENGINE_AWAY) this.failures.delete(target);
		}
	}

	/** Moves every instant along when the clock has leapt: before any is read, and before another is added. */
	follow(): void {
		const leaps = this.#clock.leaps?.() ?? 0;
		const by = leaps - this.#leaps;
		if (by === 0) return;
		this.#leaps = leaps;
		for (const [id, deeds] of this.deeds) this.deeds.set(id, shifted(deeds, by));
		for (const [target, failure] of this.failures) {
			this.failures.set(target, { ...failure, at: failure.at + by });
		}
		for (const [name, pulled] of this.pulled) this.pulled.set(name, { ...pulled, at: pulled.at + by });
		this.#witness.shift(by);
	}

	/** The container with what was seen of it by our own clock. */
	witnessed(container: ObservedContainer, now: Instant): ObservedContainer {
		this.follow();
		return this.#witness.see(container, now);
	}

	/** Drops what is about containers that are gone. `ids`: those that there are. */
	prune(ids: ReadonlySet<string>): void {
		this.#witness.prune(ids);
		for (const id of [...this.deeds.keys()]) if (!ids.has(id)) this.deeds.delete(id);
		for (const id of [...this.resized.keys()]) if (!ids.has(id)) this.resized.delete(id);
		for (const id of [...this.prepared]) if (!ids.has(id)) this.prepared.delete(id);
		for (const id of [...this.restartRequested]) if (!ids.has(id)) this.restartRequested.delete(id);
		for (const id of [...this.messages.keys()]) if (!ids.has(id)) this.messages.delete(id);
		for (const id of [...this.initDone.keys()]) if (!ids.has(id)) this.initDone.delete(id);
		for (const target of [...this.failures.keys()]) {
			const id = /^(?:signal|remove|message):(.*)$/.exec(target)?.[1];
			if (id !== undefined && !ids.has(id)) this.failures.delete(target);
		}
	}
}

function shifted({ postStart, preStop, stopping, termSentAt, killSentAt }: Deeds, by: number): Deeds {
	const hook = (run: HookRun): HookRun => ({
		...run,
		startedAt: run.startedAt + by,
		...(run.endedAt === undefined ? {} : { endedAt: run.endedAt + by }),
	});
	return {
		...(postStart === undefined ? {} : { postStart: hook(postStart) }),
		...(preStop === undefined ? {} : { preStop: hook(preStop) }),
		...(stopping === undefined
			? {}
			: { stopping: { ...stopping, since: stopping.since + by, deadline: stopping.deadline + by } }),
		...(termSentAt === undefined ? {} : { termSentAt: termSentAt + by }),
		...(killSentAt === undefined ? {} : { killSentAt: killSentAt + by }),
	};
}

/** Hooks that are under way, by container id: a hook ends when its container does. */
class HookAborts {
	readonly #aborts = new Map<string, AbortController>();

	begin(id: string): AbortController {
		const abort = new AbortController();
		this.#aborts.set(id, abort);
		return abort;
	}

	end(id: string): void {
		this.#aborts.delete(id);
	}

	/** Cuts hooks of containers that do not run any more. */
	cut(isRunning: (id: string) => boolean): void {
		for (const [id, abort] of this.#aborts) if (!isRunning(id)) abort.abort();
	}
}
