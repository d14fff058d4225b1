/**
 * v1 Events about pods, with counts: the same news about the same thing raises `count` and `lastTimestamp`
 * of one object instead of making another, as client-go's correlator does. Events live an hour, two hundred a
 * pod and three thousand in all at most; story.ts keeps them on disk: they are a story for people, not state.
 */
import type { Event, Pod } from '../api/types.ts';
import type { EventNote } from '../reconcile/action.ts';
import type { Clock } from './clock.ts';
import type { Store } from './store.ts';

const LIFETIME = 3_600_000;
const MOST_PER_POD = 200;
const MOST_IN_ALL = 3_000;

export class Recorder {
	readonly #store: Store;
	readonly #host: string;
	/** Correlation key → name of the event object; and the names of each pod, oldest first. */
	#last = 0n;
	readonly #names = new Map<string, string>();
	/** Events in all of `#byPod`. */
	#kept = 0;
	readonly #byPod = new Map<string, { name: string; namespace: string; key: string; at: number }[]>();

	/** By the clock, whose leaps age no event. */
	readonly #clock: Pick<Clock, 'leaps'>;
	#leaps: number;

	/** Goes on with the events that are stored. */
	constructor(store: Store, host: string, clock: Pick<Clock, 'leaps'> = {}) {
		this.#store = store;
		this.#host = host;
		this.#clock = clock;
		this.#leaps = clock.leaps?.() ?? 0;
		for (const event of store.list<Event>('Event').items) {
			const { name, namespace = 'default' } = event.metadata;
			// Of clients, and of whoever wrote into the state folder.
			const { uid = '', fieldPath = '' } = event.involvedObject ?? {};
			const key = [uid, event.type, event.reason, event.message, fieldPath].join('\n');
			this.#names.set(key, name);
			const told = this.#byPod.get(uid) ?? [];
			told.push({ name, namespace, key, at: Date.parse(event.lastTimestamp ?? '') || 0 });
			this.#byPod.set(uid, told);
			this.#kept += 1;
		}
	}

	/** Tells `note` of `pod` at `now` (ms). Reporting component is `kubelet`, so that scripts find what they look for. */
	record(pod: Pod, note: EventNote, now: number): void {
		this.#follow();
		const namespace = pod.metadata.namespace ?? 'default';
		const uid = pod.metadata.uid ?? '';
		const key = [uid, note.type, note.reason, note.message, note.fieldPath ?? ''].join('\n');
		const time = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
		const name = this.#names.get(key);
		const known = name === undefined ? undefined : this.#store.get<Event>('Event', namespace, name);
		if (known !== undefined) {
			this.#store.update({
				...known,
				kind: 'Event',
				apiVersion: 'v1',
				count: (known.count ?? 1) + 1,
				lastTimestamp: time,
			});
			return;
		}
		const component =
			note.reason === 'FailedScheduling' || note.reason === 'Scheduled' ? 'default-scheduler' : 'kubelet';
		const created = this.#store.create({
			apiVersion: 'v1',
			kind: 'Event',
			metadata: {
				name: `${pod.metadata.name}.${this.#stamp(now)}`,
				namespace,
				uid: crypto.randomUUID(),
				creationTimestamp: time,
			},
			involvedObject: {
				apiVersion: 'v1',
				kind: 'Pod',
				name: pod.metadata.name,
				namespace,
				uid,
				resourceVersion: pod.metadata.resourceVersion,
				...(note.fieldPath === undefined ? {} : { fieldPath: note.fieldPath }),
			},
			reason: note.reason,
			message: note.message,
			type: note.type,
			source: component === 'kubelet' ? { component, host: this.#host } : { component },
			firstTimestamp: time,
			lastTimestamp: time,
			count: 1,
			reportingComponent: component,
			reportingInstance: component === 'kubelet' ? this.#host : '',
		});
		this.#names.set(key, created.metadata.name);
		const told = this.#byPod.get(uid) ?? [];
		told.push({ name: created.metadata.name, namespace, key, at: now });
		this.#byPod.set(uid, told);
		while (told.length > MOST_PER_POD || (told[0] !== undefined && now - told[0].at > LIFETIME))
			this.#forget(told);
		if (++this.#kept > MOST_IN_ALL) this.#forgetOldest();
	}

	/** How far the deed of an event is (`podrun.dev/progress`), for those who watch. */
	progress(pod: Pod, message: string, progress: string): void {
		const told = this.#byPod.get(pod.metadata.uid ?? '') ?? [];
		const namespace = pod.metadata.namespace ?? 'default';
		const name = told.findLast(({ key }) => key.split('\n')[3] === message)?.name;
		const event = name === undefined ? undefined : this.#store.get<Event>('Event', namespace, name);
		if (event === undefined) return;
		const annotations = { ...event.metadata.annotations, 'podrun.dev/progress': progress };
		this.#store.update({
			...event,
			kind: 'Event',
			apiVersion: 'v1',
			metadata: { ...event.metadata, annotations },
		});
	}

	/** Drops events older than an hour, of pods that are gone too. Called now and then. */
	expire(now: number): void {
		this.#follow();
		for (const [uid, told] of this.#byPod) {
			while (told[0] !== undefined && now - told[0].at > LIFETIME) this.#forget(told);
			if (told.length === 0) this.#byPod.delete(uid);
		}
	}

	/** Moves the instants along when the clock has leapt: what is an hour old is told by time that has passed. */
	#follow(): void {
		const leaps = this.#clock.leaps?.() ?? 0;
		const by = leaps - this.#leaps;
		if (by === 0) return;
		this.#leaps = leaps;
		for (const told of this.#byPod.values()) for (const one of told) one.at += by;
	}

	/** Nanoseconds in hex, as in Kubernetes, and never the same twice: lists in order of names are in order of time. */
	#stamp(now: number): string {
		const wanted = BigInt(Math.floor(now)) * 1_000_000n;
		this.#last = wanted > this.#last ? wanted : this.#last + 1n;
		return this.#last.toString(16).padStart(16, '0');
	}

	/** Of all pods, whether they are still there or not. */
	#forgetOldest(): void {
		let oldest: { name: string; namespace: string; key: string; at: number }[] | undefined;
		for (const [uid, told] of this.#byPod) {
			if (told[0] === undefined) this.#byPod.delete(uid);
			else if (oldest?.[0] === undefined || told[0].at < oldest[0].at) oldest = told;
		}
		if (oldest !== undefined) this.#forget(oldest);
	}

	#forget(told: { name: string; namespace: string; key: string }[]): void {
		const oldest = told.shift();
		if (oldest === undefined) return;
		this.#kept -= 1;
		this.#names.delete(oldest.key);
		this.#store.remove('Event', oldest.namespace, oldest.name);
	}
}
