/**
 * The resources that the API serves, as discovery tells them to clients and as the routes are made of them.
 * One handler set serves all that are stored; what differs between kinds stands in this table.
 */
import type { StoredKind } from '../api/backend.ts';

export interface Resource {
	readonly kind: StoredKind | 'Node';
	/** Plural: the word in paths and in messages. */
	readonly name: string;
	readonly singular: string;
	readonly shortNames: readonly string[];
	readonly namespaced: boolean;
	/** `kubectl get all` lists it. */
	readonly categories?: readonly string[];
	/** False: read only, and computed. */
	readonly stored: boolean;
}

export interface StoredResource extends Resource {
	readonly kind: StoredKind;
}

const STORED: readonly StoredResource[] = [
	{
		kind: 'Pod',
		name: 'pods',
		singular: 'pod',
		shortNames: ['po'],
		namespaced: true,
		categories: ['all'],
		stored: true,
	},
	{
		kind: 'ConfigMap',
		name: 'configmaps',
		singular: 'configmap',
		shortNames: ['cm'],
		namespaced: true,
		stored: true,
	},
	{ kind: 'Secret', name: 'secrets', singular: 'secret', shortNames: [], namespaced: true, stored: true },
	{
		kind: 'PersistentVolumeClaim',
		name: 'persistentvolumeclaims',
		singular: 'persistentvolumeclaim',
		shortNames: ['pvc'],
		namespaced: true,
		stored: true,
	},
	{ kind: 'Event', name: 'events', singular: 'event', shortNames: ['ev'], namespaced: true, stored: true },
	{
		kind: 'Namespace',
		name: 'namespaces',
		singular: 'namespace',
		shortNames: ['ns'],
		namespaced: false,
		stored: true,
	},
];

const NODE: Resource = {
	kind: 'Node',
	name: 'nodes',
	singular: 'node',
	shortNames: ['no'],
	namespaced: false,
	stored: false,
};

export const STORED_RESOURCES = STORED;
export const RESOURCES: readonly Resource[] = [...STORED, NODE];

/** Subresources of pods: [name, kind of the body, verbs]. */
export const POD_SUBRESOURCES = [
	['attach', 'PodAttachOptions', ['create', 'get']],
	['ephemeralcontainers', 'Pod', ['get', 'patch', 'update']],
	['eviction', 'Eviction', ['create']],
	['exec', 'PodExecOptions', ['create', 'get']],
	['log', 'Pod', ['get']],
	['portforward', 'PodPortForwardOptions', ['create', 'get']],
	['resize', 'Pod', ['get', 'patch', 'update']],
	['status', 'Pod', ['get', 'patch', 'update']],
] as const;
