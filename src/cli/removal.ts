/** Deleting objects and waiting until they are gone: what `delete`, `down` and a Ctrl-C of `up` share. */
import { ApiError } from '../api/errors.ts';
import type { KubeObject } from '../api/types.ts';
import { type Client, resourcePath } from '../client/client.ts';
import type { Resource } from './resources.ts';

export interface Target {
	readonly resource: Resource;
	readonly namespace: string | undefined;
	readonly name: string;
}

export interface DeleteParameters {
	/** Seconds; undefined: what the object says. */
	readonly gracePeriodSeconds?: number;
	readonly dryRun?: boolean;
}

/** The object's path in the API. */
export function targetPath({ resource, namespace, name }: Target): string {
	return resourcePath(resource.plural, resource.namespaced ? namespace : undefined, name);
}

/** Asks for the deletion; the uid of what is being deleted, where the answer tells it. Throws ApiError. */
export async function requestDelete(
	client: Client,
	target: Target,
	parameters: DeleteParameters = {},
): Promise<string | undefined> {
	const answer = await client.request<KubeObject & { details?: { uid?: string } }>(
		'DELETE',
		targetPath(target),
		{
			body: {
				kind: 'DeleteOptions',
				apiVersion: 'v1',
				propagationPolicy: 'Background',
				...(parameters.gracePeriodSeconds === undefined
					? {}
					: { gracePeriodSeconds: parameters.gracePeriodSeconds }),
				...(parameters.dryRun ? { dryRun: ['All'] } : {}),
			},
			repeatable: true,
		},
	);
	return answer?.kind === 'Status' ? answer.details?.uid : answer?.metadata?.uid;
}

/**
 * Resolves when the object (of this uid, where it is known) is gone. Rejects with the signal's reason when
 * that comes first.
 */
export async function untilGone(
	client: Client,
	{ resource, namespace, name }: Target,
	uid: string | undefined,
	signal: AbortSignal,
): Promise<void> {
	const path = resourcePath(resource.plural, resource.namespaced ? namespace : undefined);
	const stop = new AbortController();
	const both = AbortSignal.any([signal, stop.signal]);
	let there = false;
	const same = (object: KubeObject) =>
		object.metadata.name === name && (uid === undefined || object.metadata.uid === uid);
	try {
		const query = { fieldSelector: `metadata.name=${name}` };
		for await (const event of client.watch(path, { query, signal: both })) {
			if (event.type === 'BOOKMARK' && !there) {
				return;
			}
			if (event.type === 'DELETED' && same(event.object)) {
				return;
			}
			if (event.type === 'ADDED' || event.type === 'MODIFIED') {
				if (same(event.object)) {
					there = true;
				} else if (event.object.metadata.name === name) {
					// Another object took the name, so ours has gone.
					return;
				}
			}
		}
	} finally {
		stop.abort();
	}
	signal.throwIfAborted();
}

/** Whether the API has answered that there is no such object. */
export function isNotFound(error: unknown): error is ApiError {
	return error instanceof ApiError && error.status.code === 404;
}
