/** `up -d`: returns when every pod is Ready or Completed, or tells why one can't be. */

import type { Pod } from '../../api/types.ts';
import type { Client } from '../../client/client.ts';
import { statusesOf } from '../containers.ts';
import { type Io, say } from '../io.ts';
import { humanDuration } from '../output/age.ts';
import { plain } from '../output/plain.ts';
import { rowsOf } from '../output/progress.ts';
import { failureLines } from './failure.ts';
import { keyText, type PodFeed } from './feed.ts';
import { openScreen, progressKind } from './screen.ts';
import { type StartedPod, undo } from './started.ts';
import { type PodFailure, type Verdict, verdictOf } from './verdict.ts';

export interface DetachedOptions {
	readonly progress: string;
	/** ms; undefined: as long as it takes. */
	readonly timeout: number | undefined;
}

/**
 * Shows progress until every pod is Ready or Completed, or the first has failed. The exit code: 0, 1 for a failure or
 * a timeout, 130 for an interrupt; pods that go on are left as they are.
 */
export async function waitDetached(
	io: Io,
	client: Client,
	feed: PodFeed,
	started: readonly StartedPod[],
	options: DetachedOptions,
): Promise<number> {
	const stop = new AbortController();
	const off = io.onSignal(['SIGINT', 'SIGTERM'], (signal) => stop.abort(signal));
	const timer =
		options.timeout === undefined ? undefined : setTimeout(() => stop.abort('timeout'), options.timeout);
	const look = () => feed.pods().flatMap((pod) => rowsOf(pod, feed.eventsOf(pod)));
	const screen = openScreen(io, progressKind(io, options.progress), feed, look);
	try {
		const verdicts = await feed.until(() => settled(feed, started), stop.signal);
		await screen.end();
		return await tellVerdicts(io, client, feed, started, verdicts);
	} catch (error) {
		await screen.end();
		if (!stop.signal.aborted) {
			throw error;
		}
		if (stop.signal.reason !== 'timeout') {
			say(io, 'interrupted; the pods go on in the background (podrun down stops them)');
			return 130;
		}
		tellTimeout(io, feed, started, options.timeout ?? 0);
		return 1;
	} finally {
		clearTimeout(timer);
		off();
	}
}

/** All verdicts, once every pod has one or the first has failed. */
function settled(feed: PodFeed, started: readonly StartedPod[]): readonly Verdict[] | undefined {
	const verdicts = verdictsOf(feed, started);
	const failed = verdicts.some(({ type }) => type === 'failed');
	return failed || verdicts.every(({ type }) => type !== 'pending') ? verdicts : undefined;
}

/** The change was taken, but a container that it replaces has not gone yet. */
function isStillOld(pod: Pod, { replaced }: StartedPod): boolean {
	return statusesOf(pod).some(
		({ name, containerID }) => containerID !== undefined && replaced?.get(name) === containerID,
	);
}

/** In the order of `started`. */
export function verdictsOf(feed: PodFeed, started: readonly StartedPod[]): readonly Verdict[] {
	const pods = new Map<string, Pod>(
		feed.pods().map((pod) => [`${pod.metadata.namespace}/${pod.metadata.name}`, pod] as const),
	);
	return started.map((key) => {
		const pod = pods.get(keyText(key));
		if (pod) {
			const verdict = verdictOf(pod, feed.eventsOf(pod));
			return verdict.type === 'ready' && isStillOld(pod, key) ? { type: 'pending' } : verdict;
		}
		return { type: 'failed', kind: 'end', cause: 'it was deleted' };
	});
}

async function tellVerdicts(
	io: Io,
	client: Client,
	feed: PodFeed,
	started: readonly StartedPod[],
	verdicts: readonly Verdict[],
): Promise<number> {
	const failures = started.flatMap((key, index) => {
		const verdict = verdicts[index];
		return verdict?.type === 'failed' ? [{ key, verdict }] : [];
	});
	await tellFailures(io, client, feed, failures);
	return failures.length === 0 ? 0 : 1;
}

/** Says what failed; pods that this `up` made and that can't even have a sandbox are removed again. */
export async function tellFailures(
	io: Io,
	client: Client,
	feed: PodFeed,
	failures: readonly { readonly key: StartedPod; readonly verdict: PodFailure }[],
): Promise<void> {
	for (const { key, verdict } of failures) {
		const pod = feed
			.pods()
			.find(({ metadata }) => metadata.name === key.name && metadata.namespace === key.namespace);
		const lines = pod
			? await failureLines(client, pod, verdict)
			: [plain(`error: pod/${key.name}: ${verdict.cause}`)];
		for (const line of lines) {
			say(io, line);
		}
	}
	await undo(
		io,
		client,
		failures.filter(({ verdict }) => verdict.sandbox).map(({ key }) => key),
	);
}

function tellTimeout(io: Io, feed: PodFeed, started: readonly StartedPod[], timeout: number): void {
	const verdicts = verdictsOf(feed, started);
	const waiting = started.filter((_, index) => verdicts[index]?.type === 'pending');
	say(
		io,
		`error: not ready after ${humanDuration(timeout)}: ${waiting.map(({ name }) => `pod/${name}`).join(', ')}`,
	);
	for (const pod of feed.pods()) {
		for (const row of rowsOf(pod, feed.eventsOf(pod))) {
			if (row.status !== 'done' && row.parent) {
				say(io, `  ${row.parent} ${row.name}: ${row.text}${row.details ? ` (${row.details})` : ''}`);
			}
		}
	}
	say(io, '  the pods go on in the background: podrun describe pod NAME tells more, podrun down stops them');
}
