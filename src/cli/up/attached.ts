/**
 * `up` in the foreground: progress until the pods stand (or need a look), then their logs until they have
 * ended. Ctrl-C stops them gracefully, a second one kills them.
 */
import type { ContainerState, Pod } from '../../api/types.ts';
import type { Client } from '../../client/client.ts';
import { statusesOf } from '../containers.ts';
import { type Io, say } from '../io.ts';
import { rowsOf } from '../output/progress.ts';
import { isNotFound, requestDelete } from '../removal.ts';
import { tellFailures, verdictsOf } from './detached.ts';
import { tellExits } from './exits.ts';
import type { PodFeed } from './feed.ts';
import { LogFollower } from './log-follower.ts';
import { openScreen, progressKind } from './screen.ts';
import { podTarget, type StartedPod } from './started.ts';
import type { PodFailure } from './verdict.ts';

export interface AttachedOptions {
	readonly progress: string;
	readonly logPrefix?: boolean;
	readonly timestamps?: boolean;
	readonly abortOnContainerExit?: boolean;
	readonly exitCodeFrom?: string;
	/** Set while files are watched: called when the screen is free; what fails is told and waits for its repair. */
	readonly steady?: () => void;
}

/** ms that live rows stay once a container runs: logs are worth more than a spinner. */
const LOGS_AFTER = 3000;
/** ms within which two Ctrl-C are one: a launcher may pass on what the terminal sent to both. */
const SAME_PRESS = 150;

type End =
	| { readonly type: 'exit'; readonly code: number; readonly stop: boolean }
	| { readonly type: 'failed'; readonly failures: readonly { key: StartedPod; verdict: PodFailure }[] };

/**
 * Shows progress, then logs, until every pod has ended or somebody interrupts. The exit code: 0, 1 after a failure, what
 * `--exit-code-from` asks for.
 */
export async function attach(
	io: Io,
	client: Client,
	feed: PodFeed,
	started: readonly StartedPod[],
	options: AttachedOptions,
): Promise<number> {
	const interrupt = new Interrupt(io, client, started);
	const kind = progressKind(io, options.progress);
	const look = () => feed.pods().flatMap((pod) => rowsOf(pod, feed.eventsOf(pod)));
	const screen = openScreen(io, kind, feed, look);
	let follower: LogFollower | undefined;
	let quiet: (() => void) | undefined;
	try {
		if (kind === 'tty') {
			await untilLogsMatter(feed, started, interrupt);
			await screen.end();
		}
		// The other kinds of progress tell every change anyway.
		if (kind === 'tty') quiet = tellExits(io, feed);
		options.steady?.();
		follower = new LogFollower(io, client, feed, {
			prefix: options.logPrefix !== false,
			timestamps: Boolean(options.timestamps),
		});
		const end = await feed.until(() => endOf(feed, started, options, interrupt));
		if (end.type === 'failed') {
			await follower.drain();
			await tellFailures(io, client, feed, end.failures);
			return 1;
		}
		if (end.stop) {
			await follower.drainEnded();
			await interrupt.stopPods();
			await feed.until(() => (feed.pods().length === 0 ? true : undefined));
		}
		await follower.drain();
		if (end.stop || interrupt.stopping) {
			say(io, `${namesOf(started)} stopped and removed`);
		}
		return end.code;
	} finally {
		quiet?.();
		follower?.close();
		await screen.end();
		interrupt.close();
	}
}

/** Until every pod stands or one has something to say, or its containers have run for a while. */
async function untilLogsMatter(
	feed: PodFeed,
	started: readonly StartedPod[],
	interrupt: Interrupt,
): Promise<void> {
	const patience = new AbortController();
	let timer: NodeJS.Timeout | undefined;
	try {
		await feed.until(
			() => {
				const verdicts = verdictsOf(feed, started);
				const runs = feed.pods().some((pod) => statusesOf(pod).some(({ state }) => state?.running));
				if (runs && timer === undefined) {
					timer = setTimeout(() => patience.abort(), LOGS_AFTER);
				}
				const all = verdicts.every(({ type }) => type !== 'pending');
				const some = verdicts.some(({ type }) => type === 'failed');
				return all || some || interrupt.stopping ? true : undefined;
			},
			AbortSignal.any([patience.signal, interrupt.signal]),
		);
	} catch (error) {
		if (!patience.signal.aborted && !interrupt.signal.aborted) {
			throw error;
		}
	} finally {
		clearTimeout(timer);
	}
}

function endOf(
	feed: PodFeed,
	started: readonly StartedPod[],
	options: AttachedOptions,
	interrupt: Interrupt,
): End | undefined {
	const pods = feed.pods();
	if (interrupt.stopping) {
		return pods.length === 0 ? { type: 'exit', code: 0, stop: false } : undefined;
	}
	if (options.steady !== undefined) {
		return undefined;
	}
	const watched = exitOfWatched(pods, options);
	if (watched !== undefined) {
		return { type: 'exit', code: watched, stop: true };
	}
	const verdicts = verdictsOf(feed, started);
	const failures = started.flatMap((key, index) => {
		const verdict = verdicts[index];
		return verdict?.type === 'failed' ? [{ key, verdict }] : [];
	});
	// A crash is tried again while we look on; what can't start or has ended is told.
	const hopeless = failures.filter(({ verdict }) => verdict.kind === 'start');
	if (hopeless.length > 0) {
		return { type: 'failed', failures: hopeless };
	}
	const ended = verdicts.every(
		(verdict) => verdict.type === 'completed' || (verdict.type === 'failed' && verdict.kind === 'end'),
	);
	if (!ended) {
		return undefined;
	}
	// Deleted by somebody else: that is no failure of the pod.
	const told = failures.filter(({ key }) =>
		pods.some(
			({ metadata }) =>
				metadata.name === key.name && metadata.namespace === key.namespace && !metadata.deletionTimestamp,
		),
	);
	if (told.length > 0) {
		return { type: 'failed', failures: told };
	}
	return pods.some(({ metadata }) => metadata.deletionTimestamp)
		? undefined
		: { type: 'exit', code: 0, stop: false };
}

/** The exit code that ends the `up`: of --exit-code-from's container, or of any with --abort-on-container-exit. */
function exitOfWatched(pods: readonly Pod[], options: AttachedOptions): number | undefined {
	if (!options.exitCodeFrom && !options.abortOnContainerExit) {
		return undefined;
	}
	for (const pod of pods) {
		for (const status of pod.status?.containerStatuses ?? []) {
			const end = endedState(status.state) ?? endedState(status.lastState);
			if (!end) {
				continue;
			}
			if (!options.exitCodeFrom || status.name === options.exitCodeFrom) {
				return end.exitCode;
			}
			if (options.abortOnContainerExit) {
				return end.exitCode;
			}
		}
	}
	return undefined;
}

function endedState(state: ContainerState | undefined) {
	return state?.terminated;
}

function namesOf(started: readonly StartedPod[]): string {
	return started.map(({ name }) => `pod/${name}`).join(', ');
}

/** Ctrl-C: once asks the pods to stop, twice kills them. */
class Interrupt {
	readonly #io: Io;
	readonly #client: Client;
	readonly #started: readonly StartedPod[];
	readonly #off: () => void;
	readonly #first = new AbortController();
	#last = 0;

	constructor(io: Io, client: Client, started: readonly StartedPod[]) {
		this.#io = io;
		this.#client = client;
		this.#started = started;
		this.#off = io.onSignal(['SIGINT', 'SIGTERM'], () => this.#press());
	}

	get stopping(): boolean {
		return this.#first.signal.aborted;
	}

	get signal(): AbortSignal {
		return this.#first.signal;
	}

	close(): void {
		this.#off();
	}

	/** Asks for the deletion of all pods with their own grace, or this one. */
	async stopPods(gracePeriodSeconds?: number): Promise<void> {
		const parameters = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
		await Promise.all(
			this.#started.map(async (pod) => {
				try {
					await requestDelete(this.#client, podTarget(pod), parameters);
				} catch (error) {
					if (!isNotFound(error)) {
						throw error;
					}
				}
			}),
		);
	}

	#press(): void {
		const now = Date.now();
		if (now - this.#last <= SAME_PRESS) {
			return;
		}
		this.#last = now;
		const force = this.stopping;
		const names = namesOf(this.#started);
		say(this.#io, force ? `Killing ${names}` : `\nStopping ${names} gracefully (press Ctrl+C again to kill)`);
		this.#first.abort();
		this.stopPods(force ? 0 : undefined).catch((error: unknown) => {
			say(this.#io, `error: ${error instanceof Error ? error.message : String(error)}`);
		});
	}
}
