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
import { keyText, type PodFeed, type PodKey } from '../up/feed.ts';
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
	/** Begins a wait beside other work; another one for the same pod takes its place. */
	readonly later: (pod: string, wait: (signal: AbortSignal) => Promise<void>) => void;
}

export interface ChangedObject {
	readonly kind: string;
	readonly namespace: string;
	readonly name: string;
}

/** Longest wait for a pod to be Ready again before watching goes on; it is told when it is. */
const PATIENCE = 120_000;
/** ms in which volumes are swapped, unless a pod is busy with something else. */
const SWAP_WITHIN = 15_000;

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
		const within = AbortSignal.any([context.signal, AbortSignal.timeout(SWAP_WITHIN)]);
		for (const { metadata } of context.feed.pods()) {
			const key = { namespace: metadata.namespace ?? 'default', name: metadata.name };
			await untilSettled(client, key, within).catch((error: unknown) => {
				// A pod that is busy with something else (a long pull) must not hold up the next save.
				if (context.signal.aborted || !within.aborted) throw error;
			});
		}
		const names = contents.map(({ kind, name }) => `${kind.toLowerCase()}/${name}`);
		const milliseconds = Date.now() - since;
		teller.tell('applied', `${names.join(', ')} swapped`, {
			objects: names,
			milliseconds,
		});
	}
	return contents;
}

async function applyOne(context: ApplyContext, manifest: Manifest, since: number): Promise<boolean> {
	const { client, feed, teller } = context;
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
	if (lines.length > 0) tellReady(context, key, attempts, since);
	return true;
}

/**
 * Tells when it is done and when the pod is Ready again, or why it is not. Resolves as soon as the new attempts
 * run or can't; the rest is waited for beside other work, since the next save may be the repair.
 */
export function tellReady(
	context: Pick<ApplyContext, 'feed' | 'teller' | 'later'>,
	key: PodKey,
	attempts: ReadonlyMap<string, string>,
	since: number,
): Promise<void> {
	const { feed, teller } = context;
	const running = Promise.withResolvers<void>();
	let done = 0;
	const onRunning = (): void => {
		done = Date.now() - since;
		teller.tell('applied', '', { pod: key.name, milliseconds: done });
		running.resolve();
	};
	const wait = async (signal: AbortSignal): Promise<void> => {
		const patience = AbortSignal.timeout(PATIENCE);
		try {
			const both = AbortSignal.any([signal, patience]);
			const verdict = await untilReadyAgain(feed, key, attempts, onRunning, both);
			const milliseconds = Date.now() - since;
			if (verdict.type === 'failed') {
				const { cause } = verdict;
				teller.always('failed', `pod/${key.name}: ${cause}`, { pod: key.name, message: cause });
				return;
			}
			const word = verdict.type === 'ready' ? 'Ready again' : 'Completed';
			teller.tell('ready again', '', { pod: key.name, milliseconds });
			teller.summary(done, `pod/${key.name} done, ${word} after ${told(milliseconds)}`);
		} catch (error) {
			if (signal.aborted || !patience.aborted) throw error;
			const line = `pod/${key.name} is not Ready after ${told(PATIENCE)}: podrun describe pod ${key.name} tells more`;
			teller.always('failed', line, { pod: key.name });
		} finally {
			running.resolve();
		}
	};
	context.later(keyText(key), wait);
	return running.promise;
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
