/** Waiting for pods to be what they were: done (nothing left to do), and Ready again with new attempts. */
import type { Pod } from '../../api/types.ts';
import type { Client } from '../../client/client.ts';
import { statusesOf } from '../containers.ts';
import { keyText, type PodFeed, type PodKey } from '../up/feed.ts';
import { type Verdict, verdictOf } from '../up/verdict.ts';
import { podPath } from './transfer.ts';

/** The pod as the feed knows it; undefined before it was seen. */
export function podOf(feed: PodFeed, key: PodKey): Pod | undefined {
	return feed
		.pods()
		.find(
			({ metadata }) =>
				keyText({ namespace: metadata.namespace ?? 'default', name: metadata.name }) === keyText(key),
		);
}

/** Ids of the attempts of these containers, to know later which are new. */
export function attemptIds(pod: Pod | undefined, containers: readonly string[]): ReadonlyMap<string, string> {
	const statuses = pod === undefined ? [] : statusesOf(pod);
	return new Map(
		statuses
			.filter(({ name }) => containers.includes(name))
			.map(({ name, containerID = '' }) => [name, containerID] as const),
	);
}

/** Resolves when the supervisor has nothing left to do for the pod at once. */
export async function untilSettled(client: Client, key: PodKey, signal: AbortSignal): Promise<void> {
	await client.request('GET', `${podPath(key)}/settled`, { signal });
}

/**
 * Resolves when the containers of `before` run as other attempts (init containers: have ended), then with the pod's verdict.
 * `onRunning` is called in between.
 */
export async function untilReadyAgain(
	feed: PodFeed,
	key: PodKey,
	before: ReadonlyMap<string, string>,
	onRunning: () => void,
	signal: AbortSignal,
): Promise<Verdict> {
	let running = false;
	return feed.until(() => {
		const pod = podOf(feed, key);
		if (pod === undefined) return { type: 'failed', kind: 'end', cause: 'it was deleted' } as const;
		const verdict = verdictOf(pod, feed.eventsOf(pod));
		if (verdict.type === 'failed') return verdict;
		if (!running) {
			running = statusesOf(pod).every(({ name, containerID, state }) => {
				const old = before.get(name);
				return (
					old === undefined || (containerID !== old && (state?.running ?? state?.terminated) !== undefined)
				);
			});
			if (running) onRunning();
		}
		return running && verdict.type !== 'pending' ? verdict : undefined;
	}, signal);
}
