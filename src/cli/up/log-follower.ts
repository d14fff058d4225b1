/**
 * The logs of all containers of pods, mixed line by line on stdout, each with its name before it. A container
 * that is restarted is followed into its next attempt.
 */
import type { ContainerStatus, Pod } from '../../api/types.ts';
import type { Client } from '../../client/client.ts';
import { openLog } from '../commands/logs.ts';
import { containersOf, statusesOf } from '../containers.ts';
import { colourful, type Io } from '../io.ts';
import { type Paint, painter, prefixPaint } from '../output/colours.ts';
import { LineSplitter } from '../output/lines.ts';
import type { PodFeed } from './feed.ts';

export interface FollowOptions {
	readonly prefix: boolean;
	readonly timestamps: boolean;
}

interface Attempt {
	/** The engine's id of the attempt: followed once. */
	readonly id: string;
	/** Whether it is the attempt before the current one. */
	readonly previous: boolean;
}

/** The attempts of a container that have a log, oldest first. */
export function attemptsOf(status: ContainerStatus): readonly Attempt[] {
	const before = status.lastState?.terminated?.containerID;
	const ended = status.state?.terminated;
	const current = status.state?.running
		? status.containerID
		: ended?.startedAt
			? ended.containerID
			: undefined;
	// While the next attempt waits, the log of the container is that of the one that ended.
	const attempts: Attempt[] = before ? [{ id: before, previous: current !== undefined }] : [];
	if (current && current !== before) {
		attempts.push({ id: current, previous: false });
	}
	return attempts;
}

export class LogFollower {
	readonly #io: Io;
	readonly #client: Client;
	readonly #feed: PodFeed;
	readonly #options: FollowOptions;
	/** By the engine's id of the attempt. */
	readonly #copies = new Map<string, Promise<void>>();
	readonly #running = new Map<string, Promise<void>>();
	readonly #paints = new Map<string, Paint>();
	readonly #off: () => void;
	readonly #stop = new AbortController();

	constructor(io: Io, client: Client, feed: PodFeed, options: FollowOptions) {
		this.#io = io;
		this.#client = client;
		this.#feed = feed;
		this.#options = options;
		this.#off = feed.onChange(() => this.#look());
		this.#look();
	}

	/** Resolves when what was begun has been printed to its end: of pods that have ended, everything. */
	async drain(): Promise<void> {
		this.#look();
		while (this.#running.size > 0) {
			await Promise.all(this.#running.values());
		}
	}

	/** Resolves when the attempts that have ended have been printed to their end: with their pod their logs will go. */
	async drainEnded(): Promise<void> {
		this.#look();
		const ends = this.#feed
			.pods()
			.flatMap((pod) =>
				statusesOf(pod).flatMap(({ state, lastState }) => [
					state?.terminated?.containerID,
					lastState?.terminated?.containerID,
				]),
			);
		await Promise.all(ends.map((id) => this.#copies.get(id ?? '')));
	}

	close(): void {
		this.#off();
		this.#stop.abort();
	}

	#look(): void {
		for (const pod of this.#feed.pods()) {
			for (const status of statusesOf(pod)) {
				const fresh = attemptsOf(status).filter(({ id }) => !this.#copies.has(id));
				for (const attempt of fresh) {
					this.#copies.set(attempt.id, this.#enqueue(pod, status.name, attempt));
				}
			}
		}
	}

	/** Attempts of one container one after the other, so that their lines keep their order. */
	#enqueue(pod: Pod, container: string, attempt: Attempt): Promise<void> {
		const key = `${pod.metadata.uid}/${container}`;
		const before = this.#running.get(key) ?? Promise.resolve();
		const next = before
			.then(() => this.#copy(pod, container, attempt))
			.finally(() => {
				if (this.#running.get(key) === next) {
					this.#running.delete(key);
				}
			});
		this.#running.set(key, next);
		return next;
	}

	async #copy(pod: Pod, container: string, attempt: Attempt): Promise<void> {
		const source = { pod: pod.metadata.name, namespace: pod.metadata.namespace ?? 'default', container };
		const query = {
			follow: attempt.previous ? undefined : true,
			previous: attempt.previous ? true : undefined,
			timestamps: this.#options.timestamps ? true : undefined,
			containerID: attempt.id,
		};
		const prefix = this.#options.prefix ? this.#prefixOf(pod, container) : '';
		const splitter = new LineSplitter();
		try {
			for await (const chunk of await openLog(this.#client, source, query, this.#stop.signal)) {
				for (const line of splitter.push(chunk as Buffer)) {
					await this.#write(prefix, line);
				}
			}
		} catch {
			// The log went away with its container; what was there has been printed.
		}
		const rest = splitter.end();
		if (rest.length > 0) {
			await this.#write(prefix, Buffer.concat([rest, Buffer.from('\n')]));
		}
	}

	async #write(prefix: string, line: Buffer): Promise<void> {
		const { stdout } = this.#io;
		if (!stdout.write(prefix === '' ? line : Buffer.concat([Buffer.from(prefix), line]))) {
			await new Promise<void>((resolve) => stdout.once('drain', resolve));
		}
	}

	/** `name | `, padded to the widest name; with several pods the pod's name stands before. */
	#prefixOf(pod: Pod, container: string): string {
		const pods = this.#feed.pods();
		const label = (of: Pod, name: string) => (pods.length > 1 ? `${of.metadata.name}/${name}` : name);
		const labels = pods.flatMap((one) => containersOf(one).map(({ name }) => label(one, name)));
		const mine = label(pod, container);
		const width = Math.max(mine.length, ...labels.map(({ length }) => length));
		const coloured = colourful(this.#io, this.#io.stdout);
		let paint = this.#paints.get(mine);
		if (!paint) {
			paint = coloured ? prefixPaint(this.#paints.size, true) : painter(0, false);
			this.#paints.set(mine, paint);
		}
		return paint(`${mine.padEnd(width)} | `);
	}
}
