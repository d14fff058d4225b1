/** `podrun down`: stops and removes pods, and what else their manifest brought; returns when all is gone. */
import type { KubeObject, Pod } from '../../api/types.ts';
import { type Client, resourcePath } from '../../client/client.ts';
import { type Io, say } from '../io.ts';
import { type FileOptions, loadNames, sourcesOf } from '../manifests.ts';
import { parseDuration } from '../output/age.ts';
import { usage } from '../output/errors.ts';
import type { GlobalOptions } from '../program.ts';
import { isNotFound, requestDelete, type Target, untilGone } from '../removal.ts';
import { findResource, podName, type Resource, resourceOfKind } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';

export interface DownOptions extends FileOptions, GlobalOptions {
	readonly volumes?: boolean;
	readonly all?: boolean;
	readonly timeout?: string;
}

const POD = findResource('pods') as Resource;
const CLAIM = findResource('pvc') as Resource;

export async function run(io: Io, options: DownOptions, args: readonly string[]): Promise<number> {
	if ((options.filename?.length || options.example !== undefined) && args.length > 0) {
		throw usage('down takes pods or -f, not both');
	}
	const grace =
		options.timeout === undefined ? undefined : Math.ceil(parseDuration(options.timeout, '--timeout') / 1000);
	const fromFiles = args.length > 0 || options.all ? undefined : await targetsOfFiles(io, options);
	return withClient(io, async (client) => {
		const pods = fromFiles
			? fromFiles.filter(({ resource }) => resource.kind === 'Pod')
			: await namedPods(client, args, options);
		const others = (fromFiles ?? []).filter(
			({ resource }) => resource.kind !== 'Pod' && resource.kind !== 'PersistentVolumeClaim',
		);
		const claims = options.volumes
			? await claimsOf(client, pods, fromFiles ?? [], options.all ? namespaceOf(options) : undefined)
			: [];
		const removed = await removeAll(io, client, pods, grace);
		// What pods refer to goes after them, so that none of them misses it while it ends.
		const rest = await removeAll(io, client, [...others.reverse(), ...claims], undefined);
		if (removed + rest === 0) {
			say(io, args.length > 0 ? `no such pod: ${args.join(', ')}` : 'nothing to remove');
			return args.length > 0 ? 1 : 0;
		}
		return 0;
	});
}

async function targetsOfFiles(io: Io, options: DownOptions): Promise<readonly Target[]> {
	const manifests = await loadNames(io, sourcesOf(io, options, 'down'), options);
	return manifests.flatMap(({ object }) => {
		const resource = resourceOfKind(object.kind);
		const { namespace, name } = object.metadata;
		return resource ? [{ resource, namespace, name }] : [];
	});
}

async function namedPods(
	client: Client,
	args: readonly string[],
	options: DownOptions,
): Promise<readonly Target[]> {
	const namespace = namespaceOf(options);
	if (!options.all) {
		return args.map((argument) => ({ resource: POD, namespace, name: podName(argument) }));
	}
	const list = await client.list(resourcePath('pods', namespace));
	return list.items.map(({ metadata }) => ({ resource: POD, namespace, name: metadata.name }));
}

/** --volumes: the claims of the manifest and those that the pods mount. */
async function claimsOf(
	client: Client,
	pods: readonly Target[],
	fromFiles: readonly Target[],
	everyOf: string | undefined,
): Promise<readonly Target[]> {
	const claims = new Map<string, Target>();
	const add = (namespace: string | undefined, name: string) =>
		claims.set(`${namespace}/${name}`, { resource: CLAIM, namespace, name });
	for (const target of fromFiles) {
		if (target.resource.kind === 'PersistentVolumeClaim') {
			add(target.namespace, target.name);
		}
	}
	if (everyOf !== undefined) {
		const { items } = await client.list<KubeObject>(resourcePath(CLAIM.plural, everyOf));
		for (const { metadata } of items) add(everyOf, metadata.name);
	}
	for (const { namespace, name } of pods) {
		const pod = await lookUp(client, resourcePath('pods', namespace, name));
		for (const volume of (pod as unknown as Pod | undefined)?.spec.volumes ?? []) {
			if (volume.persistentVolumeClaim) {
				add(namespace, volume.persistentVolumeClaim.claimName);
			}
		}
	}
	return [...claims.values()];
}

async function lookUp(client: Client, path: string): Promise<KubeObject | undefined> {
	try {
		return await client.request<KubeObject>('GET', path);
	} catch (error) {
		if (isNotFound(error)) {
			return undefined;
		}
		throw error;
	}
}

/** Deletes at the same time and waits for all; how many there were. */
async function removeAll(
	io: Io,
	client: Client,
	targets: readonly Target[],
	gracePeriodSeconds: number | undefined,
): Promise<number> {
	const never = new AbortController().signal;
	const results = await Promise.all(
		targets.map(async (target) => {
			try {
				const began = Date.now();
				const parameters = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
				const uid = await requestDelete(client, target, parameters);
				await untilGone(client, target, uid, never);
				const seconds = ((Date.now() - began) / 1000).toFixed(1);
				say(io, `${target.resource.singular}/${target.name} removed (${seconds}s)`);
				return 1;
			} catch (error) {
				if (isNotFound(error)) {
					return 0;
				}
				throw error;
			}
		}),
	);
	return results.reduce<number>((sum, one) => sum + one, 0);
}
