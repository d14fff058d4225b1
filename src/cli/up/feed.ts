/**
 * The pods that an `up` is about and their events, kept current by watches. Readers look at the whole picture
 * after each change; nothing is told twice and nothing is missed.
 */
import type { Event, KubeObject, Pod } from '../../api/types.ts';
import { type Client, resourcePath } from '../../client/client.ts';

export interface PodKey {
	readonly namespace: string;
	readonly name: string;
}

/** `namespace/name` */
export function keyText({ namespace, name }: PodKey): string {
	return `${namespace}/${name}`;
}

export class PodFeed {
	readonly #client: Client;
	readonly #keys: readonly PodKey[];
	readonly #pods = new Map<string, Pod>();
	readonly #events = new Map<string, Event>();
	readonly #listeners = new Set<() => void>();
	readonly #stop = new AbortController();
	#failure: unknown;

	constructor(client: Client, keys: readonly PodKey[]) {
		this.#client = client;
		this.#keys = keys;
	}

	/** Resolves when the first picture is complete. */
	async start(): Promise<void> {
		const namespaces = [...new Set(this.#keys.map(({ namespace }) => namespace))];
		await Promise.all(
			namespaces.flatMap((namespace) => [this.#watchPods(namespace), this.#watchEvents(namespace)]),
		);
	}

	/** The pods that exist, in the order of the manifest. */
	pods(): readonly Pod[] {
		return this.#keys.flatMap((key) => this.#pods.get(keyText(key)) ?? []);
	}

	/** Events of a pod (of its uid), oldest first. */
	eventsOf(pod: Pod): readonly Event[] {
		return [...this.#events.values()].filter((event) => event.involvedObject.uid === pod.metadata.uid);
	}

	/** Calls the listener after every change, until the returned function is called. */
	onChange(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Resolves with the first answer that is not undefined; looks again after every change. */
	until<T>(look: () => T | undefined, signal?: AbortSignal): Promise<T> {
		return new Promise<T>((resolve, reject) => {
			const end = (work: () => void) => {
				off();
				signal?.removeEventListener('abort', onAbort);
				work();
			};
			const onAbort = () => end(() => reject(signal?.reason));
			const check = () => {
				const answer = look();
				if (this.#failure !== undefined) {
					end(() => reject(this.#failure));
				} else if (answer !== undefined) {
					end(() => resolve(answer));
				}
			};
			const off = this.onChange(check);
			signal?.addEventListener('abort', onAbort, { once: true });
			if (signal?.aborted) {
				onAbort();
			} else {
				check();
			}
		});
	}

	close(): void {
		this.#stop.abort();
	}

	#watchPods(namespace: string): Promise<void> {
		return this.#watch('pods', namespace, 'metadata.name', (type, object) => {
			const key = keyText({ namespace, name: object.metadata.name });
			if (!this.#keys.some((wanted) => keyText(wanted) === key)) {
				return;
			}
			if (type === 'DELETED') {
				this.#pods.delete(key);
			} else {
				this.#pods.set(key, object as unknown as Pod);
			}
		});
	}

	#watchEvents(namespace: string): Promise<void> {
		return this.#watch('events', namespace, 'involvedObject.name', (type, object) => {
			const key = `${namespace}/${object.metadata.name}`;
			// An event that counts on moves to the end: it is the last thing that happened.
			this.#events.delete(key);
			if (type !== 'DELETED') {
				this.#events.set(key, object as unknown as Event);
			}
		});
	}

	/** `nameField` is where such objects tell the pod's name. */
	#watch(
		plural: string,
		namespace: string,
		nameField: string,
		take: (type: string, object: KubeObject) => void,
	): Promise<void> {
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		const names = this.#keys.filter((key) => key.namespace === namespace).map(({ name }) => name);
		// A field selector names one object; of several pods, everything in the namespace is looked through.
		const query = names.length === 1 ? { fieldSelector: `${nameField}=${names[0]}` } : {};
		const follow = async () => {
			const path = resourcePath(plural, namespace);
			for await (const { type, object } of this.#client.watch(path, { query, signal: this.#stop.signal })) {
				if (type === 'BOOKMARK') {
					resolve();
				} else {
					take(type, object);
				}
				this.#tell();
			}
		};
		follow().catch((error: unknown) => {
			if (!this.#stop.signal.aborted) {
				this.#failure = error;
				reject(error);
				this.#tell();
			}
		});
		return promise;
	}

	#tell(): void {
		for (const listener of [...this.#listeners]) {
			listener();
		}
	}
}
