/**
 * What a pod says about watching, in its annotations podrun.dev/watch and podrun.dev/build: strict, every fault
 * with its line. A manifest with them stays a valid manifest for any cluster. Reads no disk.
 */
import { isAbsolute, resolve } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { Diagnostic } from '../../manifest/diagnostic.ts';
import type { LoadedObject } from '../../manifest/document.ts';
import { AnnotationReader, type Item, type Origin } from './annotation-reader.ts';

export const WATCH = 'podrun.dev/watch';
export const BUILD = 'podrun.dev/build';

const ACTIONS = ['sync', 'restart', 'sync+restart', 'sync+exec', 'exec', 'rebuild'] as const;
export type WatchAction = (typeof ACTIONS)[number];

export interface PodName {
	readonly namespace: string;
	readonly name: string;
}

export interface WatchRule {
	readonly pod: PodName;
	readonly container: string;
	/** Absolute, on the host; undefined for a rule about a ConfigMap or Secret. */
	readonly path?: string;
	/** Instead of a path: a change of this object's contents. */
	readonly object?: { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string };
	/** Absolute, in the container. */
	readonly target?: string;
	readonly action: WatchAction;
	/** Lines of .dockerignore syntax, relative to the path. */
	readonly ignore: readonly string[];
	readonly command?: readonly string[];
	readonly initialSync: boolean;
}

export interface BuildRule {
	readonly pod: PodName;
	readonly image: string;
	/** Absolute folder. */
	readonly context: string;
	/** Relative to the context. */
	readonly dockerfile: string;
	readonly target?: string;
	readonly args: Readonly<Record<string, string>>;
	/** False: an image that is there is taken as it is, until something of the context changes. */
	readonly initialBuild: boolean;
}

export interface Annotated {
	readonly rules: readonly WatchRule[];
	readonly builds: readonly BuildRule[];
	readonly diagnostics: readonly Diagnostic[];
}

/** What is wrong with the rules and builds of an object, if it has any. */
export function annotationFaults({ object, source, position }: LoadedObject): readonly Diagnostic[] {
	const { annotations } = object.metadata;
	if (object.kind !== 'Pod' || (annotations?.[WATCH] === undefined && annotations?.[BUILD] === undefined))
		return [];
	const pod = object as unknown as Pod;
	// A pod that is wrong itself is told so first.
	if (!Array.isArray(pod.spec?.containers)) return [];
	return readAnnotations(pod, { source, folder: '/', position }).diagnostics;
}

/** The rules and builds of one pod. */
export function readAnnotations(pod: Pod, origin: Origin): Annotated {
	const diagnostics: Diagnostic[] = [];
	const name = { namespace: pod.metadata.namespace ?? 'default', name: pod.metadata.name };
	const items = (key: string): Item[] => {
		const text = pod.metadata.annotations?.[key];
		return text === undefined ? [] : new AnnotationReader(key, text, origin, diagnostics).items();
	};
	const builds = items(BUILD).map((item) => buildOf(item, name, origin));
	const rules = items(WATCH).map((item) => ruleOf(item, pod, name, origin, builds));
	return {
		rules: rules.filter((rule) => rule !== undefined),
		builds: builds.filter((build) => build !== undefined),
		diagnostics: diagnostics.sort((a, b) => a.line - b.line || a.column - b.column),
	};
}

function buildOf(item: Item, pod: PodName, origin: Origin): BuildRule | undefined {
	item.only(['image', 'context', 'dockerfile', 'target', 'args', 'initialBuild']);
	const image = item.text('image', true);
	const context = item.text('context') ?? '.';
	const args = item.texts('args');
	const target = item.text('target');
	const initialBuild = item.flag('initialBuild') ?? true;
	if (image === undefined) return undefined;
	return {
		pod,
		image,
		context: resolve(origin.folder, context),
		dockerfile: item.text('dockerfile') ?? 'Dockerfile',
		...(target === undefined ? {} : { target }),
		args,
		initialBuild,
	};
}

function ruleOf(
	item: Item,
	pod: Pod,
	name: PodName,
	origin: Origin,
	builds: readonly (BuildRule | undefined)[],
): WatchRule | undefined {
	item.only([
		'container',
		'path',
		'configMap',
		'secret',
		'target',
		'action',
		'ignore',
		'exec',
		'initialSync',
	]);
	const names = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((one) => one.name);
	const container = item.text('container') ?? (pod.spec.containers.length === 1 ? names.at(-1) : undefined);
	if (container === undefined) item.fault('container', `Required value: one of ${names.join(', ')}`);
	else if (!names.includes(container)) {
		item.fault('container', `Not found: "${container}"; the pod has ${names.join(', ')}`);
	}
	const action = item.choice('action', ACTIONS, 'sync');
	const [path, configMap, secret] = [item.text('path'), item.text('configMap'), item.text('secret')];
	const given = [path, configMap, secret].filter((one) => one !== undefined);
	if (given.length === 0) item.fault('path', 'Required value: what to watch (or configMap, or secret)');
	if (given.length > 1) item.fault('path', 'Invalid value: a rule has one of path, configMap and secret');
	const syncs = action?.startsWith('sync') === true;
	if (syncs && path === undefined && given.length > 0) {
		item.fault(
			'action',
			`Invalid value: "${action}": an object's contents are swapped by themselves; use exec or restart`,
		);
	}
	const target = item.text('target');
	if (syncs && target === undefined)
		item.fault('target', 'Required value: where the files go in the container');
	if (target !== undefined && (!isAbsolute(target) || /(^|\/)\.\.?(\/|$)/.test(target) || target === '/')) {
		item.fault('target', `Invalid value: "${target}": must be an absolute path without .. below /`);
	}
	if (!syncs && target !== undefined) item.fault('target', `Forbidden: action ${action} copies nothing`);
	const command = item.command('exec');
	const execs = action === 'exec' || action === 'sync+exec';
	if (execs && command === undefined) item.fault('exec', 'Required value: exec: {command: [...]}');
	if (!execs && command !== undefined) item.fault('exec', `Forbidden: action ${action} runs nothing`);
	const image = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].find(
		(one) => one.name === container,
	)?.image;
	if (action === 'rebuild' && !builds.some((build) => build?.image === image)) {
		item.fault('action', `Invalid value: "rebuild": ${BUILD} has no build of image "${image ?? ''}"`);
	}
	const ignore = item.list('ignore');
	const initialSync = item.flag('initialSync') ?? true;
	if (item.faulty || container === undefined || action === undefined) return undefined;
	const object =
		configMap !== undefined
			? ({ kind: 'ConfigMap', name: configMap } as const)
			: secret !== undefined
				? ({ kind: 'Secret', name: secret } as const)
				: undefined;
	return {
		pod: name,
		container,
		...(path === undefined ? {} : { path: resolve(origin.folder, path) }),
		...(object === undefined ? {} : { object }),
		...(target === undefined ? {} : { target: targetPath(target, path ?? '') }),
		action,
		ignore,
		...(command === undefined ? {} : { command }),
		initialSync,
	};
}

/** A target that ends with a slash is a folder that takes the path under its own name; else it is what the path becomes. */
function targetPath(target: string, path: string): string {
	const plain = target.replace(/\/+$/g, '').replace(/\/{2,}/g, '/');
	const isFile = /\.[^./]+$/.test(path) && !path.endsWith('/');
	return target.endsWith('/') && isFile ? `${plain}/${path.split('/').at(-1)}` : plain;
}
