/**
 * A tiny world with a clock of its own: it carries out what `decide` says on a model of an engine, lets
 * programs run and end, and keeps the rules that a decision must never break. It knows no real time.
 */
import type { Pod, PodStatus } from '../../../src/api/types.ts';
import { type Action, type Decision, formatAction, targetOf } from '../../../src/reconcile/action.ts';
import { decide } from '../../../src/reconcile/decide.ts';
import { containerHash, resourcesHash, sandboxHash } from '../../../src/reconcile/hash.ts';
import type {
	Deeds,
	Failure,
	ObservedContainer,
	ObservedPod,
	Settings,
} from '../../../src/reconcile/observed.ts';
import { SETTINGS, T0 } from './builders.ts';

/** What the program of one attempt does. */
export interface Program {
	/** Ends by itself after this long; undefined: never. */
	readonly runsMs?: number;
	readonly exitCode?: number;
	/** How long it takes to end once it was told to; undefined: only KILL ends it. */
	readonly endsInMs?: number;
	readonly startError?: string;
	/** The startup probe passes after this long; readiness with it. */
	readonly startsInMs?: number;
	readonly postStartOk?: boolean;
	readonly preStopMs?: number;
	/** The liveness probe (with 'startup', the startup probe) has failed for good after this long. */
	readonly failsInMs?: number;
	readonly fails?: 'liveness' | 'startup';
}

export type Programs = (name: string, attempt: number) => Program;

interface Pending {
	readonly at: number;
	readonly action: Action;
}

type Mutable = { -readonly [K in keyof ObservedContainer]: ObservedContainer[K] };

/** Never ends by itself, and takes no notice of TERM. */
export const forever: Program = {};
/** Ends soon after it was told to. */
export const polite: Program = { endsInMs: 100 };

export class World {
	now = T0;
	pod: Pod;
	settings: Settings;
	readonly log: string[] = [];
	readonly events: string[] = [];
	readonly phases: string[] = [];
	readonly images = new Set<string>(['busybox:1.36', 'busybox:latest']);
	readonly pullable = new Set<string>();
	sandboxes: Mutable[] = [];
	containers = new Map<string, Mutable[]>();
	readonly deeds = new Map<string, Deeds>();
	readonly failures = new Map<string, Failure>();
	readonly inFlight = new Map<string, Pending>();
	readonly pulled = new Map<string, { attempt: number; at: number }>();
	readonly restartRequested = new Set<string>();
	volumes = { created: false, current: false, written: false };
	programs: Programs;
	latencyMs: number;
	removed = false;
	wakeAt: number | undefined;
	#next = 0;
	/** id → when it ends, and with what. */
	readonly #ends = new Map<string, { at: number; code: number }>();
	readonly #hooks = new Map<string, number>();

	constructor(pod: Pod, programs: Programs, options: { settings?: Settings; latencyMs?: number } = {}) {
		this.pod = pod;
		this.programs = programs;
		this.settings = options.settings ?? SETTINGS;
		this.latencyMs = options.latencyMs ?? 10;
	}

	get status(): PodStatus {
		return this.pod.status ?? {};
	}

	get running(): string[] {
		return [...this.containers.values()]
			.flat()
			.filter((c) => c.state === 'running')
			.map((c) => c.name);
	}

	/** Lets the time go on until nothing is to come before `until`, or the condition holds. */
	run(options: { until?: () => boolean; forMs?: number } = {}): this {
		const end = this.now + (options.forMs ?? 3_600_000);
		for (let turns = 0; !options.until?.(); turns += 1) {
			if (turns > 3_000) throw new Error(`no end of it:\n${this.log.slice(-20).join('\n')}`);
			this.turn();
			if (this.removed || options.until?.()) break;
			const next = this.nextAt();
			if (next === undefined || next > end) {
				if (options.forMs !== undefined) this.now = end;
				break;
			}
			this.now = Math.max(next, this.now);
			this.#settle();
			if (this.removed) break;
		}
		return this;
	}

	/** Checks of a test, made at every look. */
	check: (observed: ObservedPod, decision: Decision) => void = () => {};

	/** One look: observe, decide, publish, begin. */
	turn(): readonly Action[] {
		this.#settle();
		const observed = this.observe();
		const decision = decide(this.pod, observed, this.settings);
		this.check(observed, decision);
		this.pod = { ...this.pod, status: decision.status };
		if (this.phases.at(-1) !== decision.status.phase) this.phases.push(decision.status.phase ?? '');
		for (const note of decision.notes) this.events.push(`${note.reason}: ${note.message}`);
		for (const action of decision.actions) {
			const target = targetOf(action);
			if (this.inFlight.has(target)) throw new Error(`in flight already: ${formatAction(action)}`);
			this.log.push(`${this.now - T0} ${formatAction(action)}`);
			this.inFlight.set(target, { at: this.now + this.latencyMs, action });
			this.#begin(action);
		}
		this.wakeAt = decision.wakeAt;
		return decision.actions;
	}

	observe(): ObservedPod {
		const copy = (list: Mutable[]) => list.map((one) => ({ ...one }));
		const all = [...(this.pod.spec.initContainers ?? []), ...this.pod.spec.containers];
		return {
			at: this.now,
			sandboxes: copy(this.sandboxes),
			containers: new Map([...this.containers].map(([name, list]) => [name, copy(list)])),
			images: new Map(
				all.map(({ image = '' }) => [
					image,
					this.images.has(image) ? { ref: image, id: 'sha256:b' } : { ref: image },
				]),
			),
			pulled: new Map(this.pulled),
			volumes: { ...this.volumes },
			admission: { admitted: true, at: T0 },
			probes: this.#verdicts(),
			deeds: new Map(this.deeds),
			inFlight: new Set(this.inFlight.keys()),
			failures: new Map(this.failures),
			initDone: new Map(),
			restartRequested: new Set(this.restartRequested),
			rerunInit: new Set(),
			hostIP: '192.168.1.5',
			podIP: '10.201.0.2',
		};
	}

	nextAt(): number | undefined {
		const times = [
			...[...this.inFlight.values()].map(({ at }) => at),
			...[...this.#ends.values()].map(({ at }) => at),
			...this.#hooks.values(),
			...this.#probeTimes(),
			...(this.wakeAt === undefined ? [] : [this.wakeAt]),
		].filter((at) => at > this.now);
		return times.length === 0 ? undefined : Math.min(...times);
	}

	/** It was there before: its program goes on from now. */
	adopt(one: ObservedContainer): void {
		this.containers.set(one.name, [...(this.containers.get(one.name) ?? []), { ...one }]);
		if (one.state === 'running') this.#goOn(one);
	}

	/** Its program has all of its time before it. */
	#goOn(one: ObservedContainer): void {
		const { runsMs, exitCode = 0 } = this.programs(one.name, one.attempt);
		if (runsMs !== undefined) this.#ends.set(one.id, { at: this.now + runsMs, code: exitCode });
	}

	/** Somebody kills it behind our back. */
	kill(name: string): void {
		const all = name === 'POD' ? this.sandboxes : (this.containers.get(name) ?? []);
		const victim = all.find((one) => one.state === 'running');
		if (victim !== undefined) this.#die(victim, 137);
	}

	/** `docker rm -f`. */
	remove(name: string): void {
		for (const one of this.containers.get(name) ?? []) this.#ends.delete(one.id);
		this.containers.delete(name);
	}

	/** The journal is lost, as with a new supervisor. */
	forget(): void {
		this.deeds.clear();
		this.failures.clear();
		this.inFlight.clear();
		this.pulled.clear();
		this.#hooks.clear();
	}

	find(name: string): Mutable | undefined {
		return this.containers.get(name)?.[0];
	}

	#settle(): void {
		for (const [target, { at, action }] of [...this.inFlight]) {
			if (at > this.now || this.#hooks.has(target)) continue;
			this.inFlight.delete(target);
			this.#finish(action, target);
		}
		for (const [target, at] of [...this.#hooks]) {
			if (at > this.now) continue;
			this.#hooks.delete(target);
			const pending = this.inFlight.get(target);
			this.inFlight.delete(target);
			if (pending?.action.type === 'RunHook') this.#endHook(pending.action);
		}
		for (const [id, { at, code }] of [...this.#ends]) {
			const one = [...this.containers.values()].flat().find((c) => c.id === id);
			if (at <= this.now && one !== undefined) this.#die(one, code, at);
		}
	}

	#begin(action: Action): void {
		if (action.type === 'RunHook') {
			const { id, hook } = action;
			const one = this.#byID(id);
			const program = this.programs(action.container, one?.attempt ?? 0);
			const run = { startedAt: this.now };
			const stopping =
				hook === 'preStop' && action.deadline !== undefined
					? { stopping: { since: this.now, deadline: action.deadline, reason: action.reason ?? '' } }
					: {};
			this.deeds.set(id, { ...stopping, ...this.deeds.get(id), [hook]: run });
			this.#hooks.set(targetOf(action), this.now + (hook === 'preStop' ? (program.preStopMs ?? 100) : 100));
		}
		if (action.type === 'SignalContainer') {
			const { id, signal, deadline, reason } = action;
			const before = this.deeds.get(id) ?? {};
			const stopping = before.stopping ?? {
				since: this.now,
				deadline: deadline ?? this.now,
				reason: reason ?? '',
			};
			const sent = signal === 'SIGKILL' ? { killSentAt: this.now } : { termSentAt: this.now };
			this.deeds.set(id, { ...before, stopping, ...sent });
		}
	}

	#endHook(action: Extract<Action, { type: 'RunHook' }>): void {
		const program = this.programs(action.container, this.#byID(action.id)?.attempt ?? 0);
		const ok = action.hook === 'preStop' || program.postStartOk !== false;
		const run = { startedAt: this.now, endedAt: this.now, ok, ...(ok ? {} : { message: 'it failed' }) };
		this.deeds.set(action.id, { ...this.deeds.get(action.id), [action.hook]: run });
	}

	#finish(action: Action, target: string): void {
		switch (action.type) {
			case 'CreateVolumes':
				this.volumes = { ...this.volumes, created: true };
				return;
			case 'WriteVolumes':
				this.volumes = { ...this.volumes, written: true, current: true };
				return;
			case 'PullImage':
				if (this.pullable.has(action.image)) {
					this.images.add(action.image);
					this.pulled.set(action.container, { attempt: action.attempt, at: this.now });
					this.failures.delete(target);
				} else {
					const count = (this.failures.get(target)?.count ?? 0) + 1;
					this.failures.set(target, {
						reason: 'ErrImagePull',
						message: `no ${action.image}`,
						count,
						at: this.now,
					});
				}
				return;
			case 'CreateSandbox':
				this.sandboxes.unshift(
					this.#make('POD', action.attempt, { role: 'infra', hash: sandboxHash(this.pod) }),
				);
				return;
			case 'StartSandbox': {
				const one = this.sandboxes.find(({ id }) => id === action.id);
				if (one !== undefined)
					Object.assign(one, { state: 'running', startedAt: this.now, ip: '10.201.0.2' });
				return;
			}
			case 'CreateContainer':
				this.#create(action);
				return;
			case 'StartContainer':
				this.#start(action.id);
				return;
			case 'SignalContainer': {
				const one = this.#byID(action.id);
				if (one?.state !== 'running') return;
				if (action.signal === 'SIGKILL') this.#die(one, 137);
				else {
					const { endsInMs } = this.programs(one.name, one.attempt);
					const at = this.now + (endsInMs ?? Number.POSITIVE_INFINITY);
					const before = this.#ends.get(one.id)?.at ?? Number.POSITIVE_INFINITY;
					if (endsInMs !== undefined && at < before) this.#ends.set(one.id, { at, code: 0 });
				}
				return;
			}
			case 'RemoveContainer':
				this.#drop(action.id);
				return;
			case 'ReadMessage': {
				const one = this.#byID(action.id);
				if (one !== undefined) one.message = '';
				return;
			}
			case 'UpdateResources': {
				const one = this.#byID(action.id);
				const spec = this.#spec(action.container);
				if (one !== undefined && spec !== undefined) one.resourcesHash = resourcesHash(spec);
				return;
			}
			case 'UnpauseContainer': {
				const one = this.#byID(action.id);
				if (one === undefined) return;
				one.state = 'running';
				if (!this.#ends.has(one.id)) this.#goOn(one);
				return;
			}
			case 'RemovePod':
				this.containers.clear();
				this.sandboxes = [];
				this.#ends.clear();
				this.removed = true;
				return;
			case 'RunHook':
				return;
		}
	}

	#create(action: Extract<Action, { type: 'CreateContainer' }>): void {
		const spec = this.#spec(action.container);
		if (spec === undefined) return;
		const before = this.containers.get(action.container) ?? [];
		if (before.some(({ state }) => state === 'running')) throw new Error(`${action.container} runs already`);
		const one = this.#make(action.container, action.attempt, {
			role: 'app',
			hash: containerHash(this.pod, spec),
			resourcesHash: resourcesHash(spec),
			backoffMs: action.backoffMs,
			sandboxID: action.sandboxID,
		});
		this.containers.set(action.container, [one, ...before]);
	}

	#start(id: string): void {
		const one = this.#byID(id);
		const pause = this.sandboxes.find((p) => p.id === one?.sandboxID && p.state === 'running');
		if (one === undefined) return;
		const program = this.programs(one.name, one.attempt);
		const error =
			program.startError ??
			(pause === undefined ? 'cannot join network of a non running container' : undefined);
		if (error !== undefined) {
			Object.assign(one, { exitCode: 127, error });
			const target = `container:${one.name}`;
			this.failures.set(target, { reason: 'RunContainerError', message: error, count: 1, at: this.now });
			return;
		}
		this.failures.delete(`container:${one.name}`);
		Object.assign(one, { state: 'running', startedAt: this.now });
		if (program.runsMs !== undefined) {
			this.#ends.set(id, { at: this.now + program.runsMs, code: program.exitCode ?? 0 });
		}
	}

	#die(one: Mutable, code: number, at = this.now): void {
		Object.assign(one, { state: 'exited', exitCode: code, finishedAt: at });
		this.#ends.delete(one.id);
	}

	#drop(id: string): void {
		this.sandboxes = this.sandboxes.filter((one) => one.id !== id);
		for (const [name, list] of this.containers) {
			const left = list.filter((one) => one.id !== id);
			if (left.length === 0) this.containers.delete(name);
			else this.containers.set(name, left);
		}
		this.#ends.delete(id);
	}

	#make(name: string, attempt: number, more: Partial<ObservedContainer>): Mutable {
		this.#next += 1;
		return {
			id: `${name}-${attempt}-${this.#next}`,
			name,
			role: 'app',
			attempt,
			hash: '',
			resourcesHash: '',
			backoffMs: 0,
			state: 'created',
			image: 'busybox:1.36',
			imageID: 'sha256:b',
			createdAt: this.now,
			oomKilled: false,
			...more,
		};
	}

	#byID(id: string): Mutable | undefined {
		return [...this.sandboxes, ...[...this.containers.values()].flat()].find((one) => one.id === id);
	}

	#spec(name: string) {
		const { initContainers = [], containers } = this.pod.spec;
		return [...initContainers, ...containers].find((spec) => spec.name === name);
	}

	#verdicts(): ObservedPod['probes'] {
		const running = [...this.containers.values()].flat().filter(({ state }) => state !== 'exited');
		return new Map(
			running.map((one) => {
				const { startsInMs = 0, failsInMs, fails = 'liveness' } = this.programs(one.name, one.attempt);
				const age = this.now - (one.startedAt ?? 0);
				const dead = failsInMs !== undefined && age >= failsInMs;
				const up = age >= startsInMs;
				return [one.id, { started: up, ready: up, ...(dead ? { live: false, failed: fails } : {}) }];
			}),
		);
	}

	#probeTimes(): number[] {
		const running = [...this.containers.values()].flat().filter(({ state }) => state === 'running');
		return running.flatMap((one) => {
			const { startsInMs = 0, failsInMs = 0 } = this.programs(one.name, one.attempt);
			return [startsInMs, failsInMs].map((ms) => (one.startedAt ?? 0) + ms);
		});
	}
}

/** The log without times, causes and ids. */
export function deedsOf(world: World): string[] {
	return world.log.map((line) => {
		const [, type = '', ...rest] = line.split(' ');
		const field = (name: string) => rest.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
		const who = field('container') ?? field('image') ?? '';
		return [type, who, field('signal') ?? field('hook') ?? ''].filter(Boolean).join(' ');
	});
}
