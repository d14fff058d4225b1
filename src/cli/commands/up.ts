/**
 * `podrun up`: applies a manifest, shows how its pods start, and then either follows their logs until they end
 * or Ctrl-C stops them, or (-d) returns when they are Ready or Completed.
 */
import { ApiError } from '../../api/errors.ts';
import type { KubeObject, Pod } from '../../api/types.ts';
import type { Client } from '../../client/client.ts';
import { type Io, say } from '../io.ts';
import { type FileOptions, type Manifest, sourcesOf } from '../manifests.ts';
import { parseDuration } from '../output/age.ts';
import { statusText, usage } from '../output/errors.ts';
import { isNotFound, requestDelete, untilGone } from '../removal.ts';
import { withClient } from '../session.ts';
import { attach } from '../up/attached.ts';
import { waitDetached } from '../up/detached.ts';
import { PodFeed, type PodKey } from '../up/feed.ts';
import { podTarget, type StartedPod, undo } from '../up/started.ts';
import { announce } from '../watch/announce.ts';
import { Staging } from '../watch/initial-sync.ts';
import { attemptIds } from '../watch/readiness.ts';
import { buildAll, loadWatched, replaceBuilt, startWatch } from '../watch/start.ts';
import { Teller } from '../watch/teller.ts';
import { type Applied, applyObject, createNew, livingOf, outcomeLine } from './apply.ts';

export interface UpOptions extends FileOptions {
	readonly watch?: boolean;
	readonly detach?: boolean;
	readonly wait?: boolean;
	readonly waitTimeout?: string;
	readonly pull?: 'always' | 'missing' | 'never';
	readonly forceRecreate?: boolean;
	readonly abortOnContainerExit?: boolean;
	readonly exitCodeFrom?: string;
	readonly logPrefix?: boolean;
	readonly timestamps?: boolean;
	readonly progress: string;
}

export async function run(io: Io, options: UpOptions, args: readonly string[]): Promise<number> {
	if (args.length > 0) {
		throw usage(`up takes no arguments: ${args.join(' ')}`, 'name manifests with -f');
	}
	const detached = Boolean(options.detach || options.wait || options.waitTimeout);
	if (detached && (options.exitCodeFrom || options.abortOnContainerExit)) {
		throw usage('--exit-code-from and --abort-on-container-exit follow the pods, so they exclude --detach');
	}
	if (detached && options.watch) {
		throw usage(
			'--watch follows the pods, so it excludes --detach',
			'podrun watch attaches to pods that run',
		);
	}
	const timeout =
		options.waitTimeout === undefined ? undefined : parseDuration(options.waitTimeout, '--wait-timeout');
	const sources = sourcesOf(io, options, 'up');
	const loaded = await loadWatched(io, sources, options);
	const prepare = (manifest: Manifest) => withPullPolicy(manifest, options.pull);
	const manifests = loaded.manifests.map(prepare);
	const config = { ...loaded, manifests };
	checkExitCodeFrom(manifests, options.exitCodeFrom);
	return withClient(io, async (client) => {
		const teller = new Teller(io, options.progress);
		if (!(await buildAll(io, client, config, teller))) {
			return 1;
		}
		const staging = options.watch ? new Staging({ client, config, teller }) : undefined;
		const started = await applyAll(io, client, manifests, options, staging);
		if (started === undefined) {
			return 1;
		}
		await replaceBuilt(client, config);
		const feed = new PodFeed(client, started);
		try {
			await feed.start();
			if (detached) {
				return await waitDetached(io, client, feed, started, { progress: options.progress, timeout });
			}
			if (!options.watch) {
				return await attach(io, client, feed, started, options);
			}
			teller.hold();
			const quit = () => io.raise?.('SIGINT');
			const brought = await staging?.brought();
			const parts = { io, client, feed, sources, options, teller, config, prepare, brought, quit };
			const watch = startWatch(parts);
			const steady = () => teller.release();
			try {
				return await Promise.race([
					attach(watch.io, client, feed, started, { ...options, steady }),
					watch.ended.then(() => 1),
				]);
			} finally {
				await watch.close();
			}
		} finally {
			feed.close();
		}
	});
}

/** Undefined after a refusal that has been told; what was created before it is removed again. */
async function applyAll(
	io: Io,
	client: Client,
	manifests: readonly Manifest[],
	options: UpOptions,
	staging: Staging | undefined,
): Promise<readonly StartedPod[] | undefined> {
	const started: StartedPod[] = [];
	for (const manifest of manifests) {
		const { object } = manifest;
		try {
			const applied = await applyOne(client, manifest, options, staging);
			if (object.kind === 'Pod') {
				started.push({
					...keyOf(object),
					created: applied.outcome === 'created',
					replaced: replacedBy(applied),
				});
			}
			if (options.progress !== 'quiet' && options.progress !== 'json') {
				say(io, outcomeLine(object, applied.outcome, 'none'));
			}
		} catch (error) {
			if (!(error instanceof ApiError)) {
				throw error;
			}
			say(io, statusText(error.status));
			await undo(io, client, started);
			return undefined;
		}
	}
	return started;
}

async function applyOne(
	client: Client,
	manifest: Manifest,
	options: UpOptions,
	staging: Staging | undefined,
): Promise<Applied> {
	const { object } = manifest;
	const isPod = object.kind === 'Pod';
	const key = keyOf(object);
	// Most are new: one call in place of two. What is staged has to be there before the pod is.
	const created =
		options.forceRecreate || staging !== undefined ? undefined : await createNew(client, manifest);
	if (created !== undefined) {
		return created;
	}
	let live = await livingOf(client, object);
	if (live && isPod && (options.forceRecreate || isOver(live))) {
		await removeFirst(client, key);
		live = undefined;
	}
	if (isPod && live === undefined) {
		await staging?.leave(key);
	}
	const applied = await applyObject(client, manifest, 'none', { live }).catch(async (error: unknown) => {
		await staging?.taken(key, undefined);
		throw error;
	});
	await staging?.taken(key, applied.object.metadata.uid);
	return applied;
}

function keyOf({ metadata }: KubeObject): PodKey {
	return { namespace: metadata.namespace ?? 'default', name: metadata.name };
}

/** The attempts that will give way to others. */
function replacedBy({ before, object }: Applied): ReadonlyMap<string, string> {
	return attemptIds(before as Pod | undefined, announce(before, object).restarts);
}

/** A pod that has ended, or is about to go, can't be brought up again: up means a new one. */
function isOver({ metadata, status }: KubeObject): boolean {
	const phase = (status as Pod['status'])?.phase;
	return phase === 'Succeeded' || phase === 'Failed' || metadata.deletionTimestamp !== undefined;
}

async function removeFirst(client: Client, key: PodKey): Promise<void> {
	try {
		const uid = await requestDelete(client, podTarget(key));
		await untilGone(client, podTarget(key), uid, new AbortController().signal);
	} catch (error) {
		if (!isNotFound(error)) {
			throw error;
		}
	}
}

const POLICIES = { always: 'Always', missing: 'IfNotPresent', never: 'Never' } as const;

/** --pull overrides the manifest's pull policies. */
function withPullPolicy(manifest: Manifest, pull: UpOptions['pull']): Manifest {
	const spec = manifest.object.spec as Record<string, unknown> | undefined;
	if (!pull || manifest.object.kind !== 'Pod' || !spec) {
		return manifest;
	}
	const policy = POLICIES[pull];
	const pulled = (list: unknown) =>
		Array.isArray(list) ? list.map((container: object) => ({ ...container, imagePullPolicy: policy })) : list;
	const object: KubeObject = {
		...manifest.object,
		spec: {
			...spec,
			containers: pulled(spec.containers),
			...(spec.initContainers === undefined ? {} : { initContainers: pulled(spec.initContainers) }),
		},
	};
	return { ...manifest, object };
}

function checkExitCodeFrom(manifests: readonly Manifest[], container: string | undefined): void {
	if (container === undefined) {
		return;
	}
	const names = manifests.flatMap(({ object }) => {
		const spec = object.spec as { containers?: { name: string }[] } | undefined;
		return object.kind === 'Pod' ? (spec?.containers ?? []).map(({ name }) => name) : [];
	});
	if (!names.includes(container)) {
		throw usage(`--exit-code-from: no container "${container}"`, `the pods have: ${names.join(', ')}`);
	}
}
