/** The pods that an `up` has sent, and taking them back when they can't start. */
import type { Client } from '../../client/client.ts';
import { type Io, say } from '../io.ts';
import { isNotFound, requestDelete, type Target, untilGone } from '../removal.ts';
import { findResource, type Resource } from '../resources.ts';
import type { PodKey } from './feed.ts';

/** A pod that this `up` is about. */
export interface StartedPod extends PodKey {
	/** It was not there before: what fails to start may be removed again. */
	readonly created: boolean;
	/** Ids of the attempts that the change replaces, by container: while one of them is shown, the pod is not there yet. */
	readonly replaced?: ReadonlyMap<string, string>;
}

const POD = findResource('pods') as Resource;

/** The pod as `requestDelete` and `awaitGone` take it. */
export function podTarget({ namespace, name }: PodKey): Target {
	return { resource: POD, namespace, name };
}

/** Removes the pods that this `up` has created: a start that failed leaves nothing half-started. */
export async function undo(io: Io, client: Client, started: readonly StartedPod[]): Promise<void> {
	for (const pod of started.filter(({ created }) => created)) {
		try {
			const uid = await requestDelete(client, podTarget(pod), { gracePeriodSeconds: 1 });
			await untilGone(client, podTarget(pod), uid, new AbortController().signal);
			say(io, `pod/${pod.name} removed again`);
		} catch (error) {
			if (!isNotFound(error)) {
				throw error;
			}
		}
	}
}
