/** A changed manifest: compared with what lives, announced, applied, and waited for until it is Ready again. */
import { ApiError } from '../../api/errors.ts';
import { sameJson } from '../../api/object.ts';
import type { KubeObject } from '../../api/types.ts';
import type { Client } from '../../client/client.ts';
import { resourcePath } from '../../client/client.ts';
import { applyObject } from '../commands/apply.ts';
import type { Manifest } from '../manifests.ts';
import { statusText } from '../output/errors.ts';
import { resourceOfKind } from '../resources.ts';
import type { PodFeed } from '../up/feed.ts';
import { announce } from './announce.ts';
import type { WatchConfig } from './config.ts';
import { attemptIds, podOf, untilReadyAgain, untilSettled } from './readiness.ts';
import type { Teller } from './teller.ts';
import { told } from './teller.ts';

export interface ApplyContext {
	readonly client: Client;
	readonly feed: PodFeed;
	readonly teller: Teller;
	readonly signal: AbortSignal;
}

export interface ChangedObject {
	readonly kind: string;
	readonly namespace: string;
	readonly name: string;
}

/** Longest wait for a pod to be Ready again before watching goes on; it is told when it is. */
const PATIENCE = 120_000;

/** Applies what differs from `before`. Resolves with the ConfigMaps and Secrets whose contents changed. */
export async function applyManifests(
	context: ApplyContext,
	before: readonly Manifest[],
	config: WatchConfig,
	since: number,
): Promise<ChangedObject[]> {
	const { client, teller } = context;
	const old = new Map(before.map(({ object }) => [idOf(object), object] as const));
	const contents: ChangedObject[] = [];
	for (const manifest of config.manifests) {
		const { object } = manifest;
		const known = old.get(idOf(object));
		old.delete(idOf(object));
		if (known !== undefined && sameJson(known, object)) continue;
		try {
			const changed = await applyOne(context, manifest, since);
			if (changed && (object.kind === 'ConfigMap' || object.kind === 'Secret')) {
				const { namespace = 'default', name } = object.metadata;
				contents.push({ kind: object.kind, namespace, name });
			}
		} catch (error) {
			if (!(error instanceof ApiError)) throw error;
			teller.always('invalid', statusText(error.status), { message: error.status.message });
		}
	}
	for (const id of old.keys()) {
		teller.tell('changed', `${id} is not in the manifest any more: it stays until podrun down or delete`, {
			id,
		});
	}
	if (contents.length > 0) {
		for (const { metadata } of context.feed.pods()) {
			await untilSettled(
				client,
				{ namespace: metadata.namespace ?? 'default', name: metadata.name },
				context.signal,
			);
		}
		const names = contents.map(({ kind, name }) => `${kind.toLowerCase()}/${name}`);
		const milliseconds = Date.now() - since;
		teller.tell('applied', `${names.join(', ')} done in ${told(milliseconds)}`, {
			objects: names,
			milliseconds,
		});
	}
	return contents;
}

async function applyOne(context: ApplyContext, manifest: Manifest, since: number): Promise<boolean> {
	const { client, feed, teller, signal } = context;
	const { object } = manifest;
	const live = await liveOf(client, object);
	const planned = await applyObject(client, manifest, 'server');
	const { lines, restarts } = announce(live, planned.object);
	for (const line of lines) teller.tell('changed', line, { object: idOf(object), change: line });
	const key = { namespace: object.metadata.namespace ?? 'default', name: object.metadata.name };
	const pod = object.kind === 'Pod' ? podOf(feed, key) : undefined;
	const attempts = attemptIds(pod, restarts);
	await applyObject(client, manifest);
	if (object.kind !== 'Pod') return lines.length > 0;
	await untilSettled(client, key, signal);
	if (lines.length > 0) await tellReady(context, key, attempts, since);
	return true;
}

/** Tells when it is done and when the pod is Ready again, or why it is not. */
export async function tellReady(
	{ feed, teller, signal }: Omit<ApplyContext, 'client'>,
	key: { readonly namespace: string; readonly name: string },
	attempts: ReadonlyMap<string, string>,
	since: number,
): Promise<void> {
	const patience = new AbortController();
	const timer = setTimeout(() => patience.abort(), PATIENCE);
	let done = 0;
	try {
		const verdict = await untilReadyAgain(
			feed,
			key,
			attempts,
			() => {
				done = Date.now() - since;
				teller.tell('applied', '', { pod: key.name, milliseconds: done });
			},
			AbortSignal.any([signal, patience.signal]),
		);
		const milliseconds = Date.now() - since;
		if (verdict.type === 'failed') {
			teller.always('failed', `pod/${key.name}: ${verdict.cause}`, { pod: key.name, message: verdict.cause });
			return;
		}
		const word = verdict.type === 'ready' ? 'Ready again' : 'Completed';
		teller.tell('ready again', `pod/${key.name} done in ${told(done)}, ${word} after ${told(milliseconds)}`, {
			pod: key.name,
			milliseconds,
		});
	} catch (error) {
		if (signal.aborted || !patience.signal.aborted) throw error;
		teller.always(
			'failed',
			`pod/${key.name} is not Ready after ${told(PATIENCE)}: podrun describe pod ${key.name}`,
			{
				pod: key.name,
			},
		);
	} finally {
		clearTimeout(timer);
	}
}

async function liveOf(client: Client, object: KubeObject): Promise<KubeObject | undefined> {
	const resource = resourceOfKind(object.kind);
	if (!resource) return undefined;
	const namespace = resource.namespaced ? object.metadata.namespace : undefined;
	try {
		return await client.request<KubeObject>(
			'GET',
			resourcePath(resource.plural, namespace, object.metadata.name),
		);
	} catch (error) {
		if (error instanceof ApiError && error.status.code === 404) return undefined;
		throw error;
	}
}

function idOf(object: KubeObject): string {
	return `${object.kind.toLowerCase()}/${object.metadata.name}`;
}
