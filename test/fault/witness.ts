/**
 * One who watches all pods and remembers what it was told, and, if asked, what the engine says of their containers:
 * so that a change which was lost, told twice or told late shows.
 */
import type { Readable } from 'node:stream';
import type { KubeObject, Pod } from '../../src/api/types.ts';
import type { Client } from '../../src/client/client.ts';
import { docker } from '../support/checks.ts';

/** A start or an end that the engine told and no status has told yet. */
interface Deed {
	readonly id: string;
	readonly action: 'start' | 'die';
	readonly pod: string;
	readonly uid: string;
	readonly container: string;
	readonly at: number;
}

/** So many of the slowest are remembered. */
const SLOWEST = 5;

function describe({ id, action, pod, container, at }: Deed): string {
	return `${action} of ${pod}/${container} ${id.slice(0, 12)} at ${new Date(at).toISOString()}`;
}

export class Witness {
	readonly #client: Client;
	readonly #signal: AbortSignal;
	readonly #pods = new Map<string, Pod>();
	/** Every change as `revision type name`. */
	readonly #told: string[] = [];
	readonly #wrong: string[] = [];
	readonly #pending = new Map<string, Deed>();
	/** Ids of containers that some status has shown. */
	readonly #shown = new Set<string | undefined>();
	#revision = 0;
	#latest: string | undefined;
	readonly #slowest: { readonly lag: number; readonly deed: Deed }[] = [];
	/** ms from the engine's word to the status, for each start and end. */
	readonly lags: number[] = [];

	constructor(client: Client, signal: AbortSignal) {
		this.#client = client;
		this.#signal = signal;
	}

	get changes(): number {
		return this.#told.length;
	}

	pods(): readonly Pod[] {
		return [...this.#pods.values()];
	}

	pod(name: string): Pod | undefined {
		return this.#pods.get(name);
	}

	/** What was told latest, the worst first. */
	slowest(): readonly string[] {
		return this.#slowest.map(({ lag, deed }) => `${describe(deed)}: ${lag} ms`);
	}

	/** Id of the container that was started last. */
	get latest(): string | undefined {
		return this.#latest;
	}

	/** Starts and ends that no status has told yet. */
	pending(): readonly string[] {
		return [...this.#pending.values()].map(describe);
	}

	/** Begins to watch; resolves when it knows what is there. */
	watchPods(): Promise<void> {
		const { promise, resolve, reject } = Promise.withResolvers<void>();
		const watch = async (): Promise<void> => {
			for await (const { type, object } of this.#client.watch<KubeObject>('/api/v1/namespaces/default/pods', {
				signal: this.#signal,
			})) {
				if (type === 'BOOKMARK') resolve();
				else this.#hear(type, object as unknown as Pod);
			}
		};
		watch().catch((error: unknown) => {
			this.#wrong.push(`the watch ended: ${String(error)}`);
			reject(error);
		});
		return promise;
	}

	/** Begins to compare with the engine's own events. */
	async watchEngine(instance: string): Promise<void> {
		const filters = {
			type: ['container'],
			event: ['start', 'die'],
			label: [`podrun.dev/instance=${instance}`],
		};
		const stream = (await docker.getEvents({ filters: JSON.stringify(filters) })) as Readable;
		this.#signal.addEventListener('abort', () => stream.destroy());
		let rest = '';
		stream.on('error', () => {});
		stream.on('data', (chunk: Buffer) => {
			const lines = `${rest}${chunk}`.split('\n');
			rest = lines.pop() ?? '';
			for (const line of lines) if (line.trim() !== '') this.#engineSaid(JSON.parse(line));
		});
	}

	/** What one of two was told and the other was not. */
	compare(other: Witness): readonly string[] {
		const [mine, theirs] = [new Set(this.#told), new Set(other.#told)];
		return [
			...this.#told
				.filter((change) => !theirs.has(change))
				.map((change) => `the second was not told: ${change}`),
			...other.#told
				.filter((change) => !mine.has(change))
				.map((change) => `the first was not told: ${change}`),
		];
	}

	/** Where it differs from a list at this revision, and what it was told that can't be. */
	differences(items: readonly KubeObject[], revision: string): readonly string[] {
		const listed = new Map(items.map((item) => [item.metadata.name, item.metadata.resourceVersion]));
		const found: string[] = [...this.#wrong];
		for (const [name, version] of listed) {
			const known = this.#pods.get(name)?.metadata.resourceVersion;
			// It may have heard of what came after the list.
			if (known !== version && !(Number(known) > Number(revision))) {
				found.push(`${name} is at ${version} in the list and at ${known} in the watch`);
			}
		}
		for (const name of this.#pods.keys()) {
			if (!listed.has(name)) found.push(`${name} is in the watch only`);
		}
		return found;
	}

	#hear(type: string, pod: Pod): void {
		const { name, resourceVersion = '' } = pod.metadata;
		const revision = Number(resourceVersion);
		if (revision <= this.#revision) this.#wrong.push(`${name}: ${revision} came after ${this.#revision}`);
		this.#revision = revision;
		this.#told.push(`${resourceVersion} ${type} ${name}`);
		if (type === 'DELETED') this.#pods.delete(name);
		else this.#pods.set(name, pod);
		for (const { containerID } of pod.status?.containerStatuses ?? []) this.#shown.add(containerID);
		for (const deed of [...this.#pending.values()]) if (deed.pod === name) this.#settle(deed);
	}

	#engineSaid(event: { Action: string; Actor: { ID: string; Attributes: Record<string, string> } }): void {
		const { ID: id, Attributes: labels } = event.Actor;
		const container = labels['io.kubernetes.container.name'] ?? '';
		// The pause is in no status.
		if (container === 'POD' || (event.Action !== 'start' && event.Action !== 'die')) return;
		const pod = labels['io.kubernetes.pod.name'] ?? '';
		const uid = labels['io.kubernetes.pod.uid'] ?? '';
		if (event.Action === 'start') this.#latest = id;
		const deed: Deed = { id, action: event.Action, pod, uid, container, at: Date.now() };
		this.#pending.set(`${deed.action} ${id}`, deed);
		this.#settle(deed);
	}

	#settle(deed: Deed): void {
		const pod = this.#pods.get(deed.pod);
		const statuses = pod?.status?.containerStatuses ?? [];
		const status = statuses.find(({ name }) => name === deed.container);
		const id = `docker://${deed.id}`;
		const hasEnded =
			status?.state?.terminated?.containerID === id || status?.lastState?.terminated?.containerID === id;
		const isShown = this.#shown.has(id);
		const isPast = pod?.metadata.uid !== deed.uid || (isShown && status?.containerID !== id);
		if (!(hasEnded || isPast || (deed.action === 'start' && isShown))) return;
		this.#pending.delete(`${deed.action} ${deed.id}`);
		const lag = Date.now() - deed.at;
		this.lags.push(lag);
		this.#slowest.push({ lag, deed });
		this.#slowest.sort((a, b) => b.lag - a.lag).splice(SLOWEST);
	}
}
