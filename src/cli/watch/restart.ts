/** The key r of a watch: the pods' containers run anew, without anything having changed. */

import { tellReady } from './manifest-change.ts';
import { attemptIds } from './readiness.ts';
import { podPath } from './transfer.ts';
import type { WorkContext } from './work.ts';

/** Restarts all containers of all pods, with what was synced. What can't be done is told; nothing is thrown. */
export async function restartPods(context: Omit<WorkContext, 'builds'>): Promise<void> {
	const { client, feed, teller, signal } = context;
	const since = Date.now();
	for (const pod of feed.pods()) {
		const { metadata, spec } = pod;
		const key = { namespace: metadata.namespace ?? 'default', name: metadata.name };
		const before = attemptIds(
			pod,
			spec.containers.map(({ name }) => name),
		);
		teller.tell('changed', `pod/${key.name} restarts, IP kept`, { pod: key.name });
		try {
			await client.request('POST', `${podPath(key)}/restart`, { signal });
			tellReady(context, key, before, since);
		} catch (error) {
			if (signal.aborted) return;
			const message = error instanceof Error ? error.message : String(error);
			teller.always('failed', `restarting pod/${key.name}: ${message}`, { pod: key.name, message });
		}
	}
}
