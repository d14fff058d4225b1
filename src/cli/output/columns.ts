/** The columns of each resource, as `kubectl get` shows them. */
import type {
	ConfigMap,
	Event,
	Instant,
	KubeObject,
	Namespace,
	Node,
	PersistentVolumeClaim,
	Pod,
	Secret,
} from '../../api/types.ts';
import { statusWord } from '../../api/words.ts';
import { age } from './age.ts';

export interface Columns {
	readonly headers: readonly string[];
	/** Additional ones of `-o wide`. */
	readonly wide: readonly string[];
	/** Cells of headers and wide ones. */
	cells(object: KubeObject, now: Instant): readonly string[];
}

const none = '<none>';

const pods: Columns = {
	headers: ['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE'],
	wide: ['IP', 'NODE', 'NOMINATED NODE', 'READINESS GATES'],
	cells(object, now) {
		const pod = object as unknown as Pod;
		const { ready, status, restarts } = statusWord(pod, now);
		const gates = pod.spec.readinessGates ?? [];
		const met = gates.filter((gate) =>
			pod.status?.conditions?.some((one) => one.type === gate.conditionType && one.status === 'True'),
		);
		return [
			pod.metadata.name,
			ready,
			status,
			restarts,
			age(pod.metadata.creationTimestamp, now),
			pod.status?.podIP || none,
			pod.spec.nodeName || none,
			pod.status?.nominatedNodeName || none,
			gates.length === 0 ? none : `${met.length}/${gates.length}`,
		];
	},
};

const configMaps: Columns = {
	headers: ['NAME', 'DATA', 'AGE'],
	wide: [],
	cells(object, now) {
		const map = object as unknown as ConfigMap;
		const count = Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length;
		return [map.metadata.name, String(count), age(map.metadata.creationTimestamp, now)];
	},
};

const secrets: Columns = {
	headers: ['NAME', 'TYPE', 'DATA', 'AGE'],
	wide: [],
	cells(object, now) {
		const secret = object as unknown as Secret;
		const count = Object.keys(secret.data ?? {}).length;
		return [
			secret.metadata.name,
			secret.type ?? 'Opaque',
			String(count),
			age(secret.metadata.creationTimestamp, now),
		];
	},
};

const ACCESS_MODES: Readonly<Record<string, string>> = {
	ReadWriteOnce: 'RWO',
	ReadOnlyMany: 'ROX',
	ReadWriteMany: 'RWX',
	ReadWriteOncePod: 'RWOP',
};

const claims: Columns = {
	headers: [
		'NAME',
		'STATUS',
		'VOLUME',
		'CAPACITY',
		'ACCESS MODES',
		'STORAGECLASS',
		'VOLUMEATTRIBUTESCLASS',
		'AGE',
	],
	wide: ['VOLUMEMODE'],
	cells(object, now) {
		const claim = object as unknown as PersistentVolumeClaim;
		const bound = Boolean(claim.spec?.volumeName);
		const modes = claim.status?.accessModes ?? [];
		return [
			claim.metadata.name,
			claim.metadata.deletionTimestamp ? 'Terminating' : (claim.status?.phase ?? ''),
			claim.spec?.volumeName ?? '',
			bound ? String(claim.status?.capacity?.storage ?? '') : '',
			bound ? modes.map((mode) => ACCESS_MODES[mode] ?? mode).join(',') : '',
			claim.spec?.storageClassName ?? '',
			claim.spec?.volumeAttributesClassName ?? '<unset>',
			age(claim.metadata.creationTimestamp, now),
			claim.spec?.volumeMode ?? '<unset>',
		];
	},
};

/** When an event was last seen: series and new-style events keep it elsewhere than the old ones. */
export function lastSeen(event: Event): string | undefined {
	const series = event.series?.lastObservedTime;
	return (
		series ||
		event.lastTimestamp ||
		event.eventTime ||
		event.firstTimestamp ||
		event.metadata.creationTimestamp
	);
}

const events: Columns = {
	headers: ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'],
	wide: [],
	cells(object, now) {
		const event = object as unknown as Event;
		const about = event.involvedObject;
		return [
			age(lastSeen(event), now),
			event.type ?? '',
			event.reason ?? '',
			`${(about.kind ?? '').toLowerCase()}/${about.name ?? ''}`,
			(event.message ?? '').trim(),
		];
	},
};

const nodes: Columns = {
	headers: ['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION'],
	wide: ['INTERNAL-IP', 'EXTERNAL-IP', 'OS-IMAGE', 'KERNEL-VERSION', 'CONTAINER-RUNTIME'],
	cells(object, now) {
		const node = object as unknown as Node;
		const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
		const roles = Object.keys(node.metadata.labels ?? {})
			.filter((label) => label.startsWith('node-role.kubernetes.io/'))
			.map((label) => label.slice('node-role.kubernetes.io/'.length));
		const address = (type: string) =>
			node.status?.addresses?.find((one) => one.type === type)?.address ?? none;
		const info = node.status?.nodeInfo;
		return [
			node.metadata.name,
			ready?.status === 'True' ? 'Ready' : ready ? 'NotReady' : 'Unknown',
			roles.join(',') || none,
			age(node.metadata.creationTimestamp, now),
			info?.kubeletVersion ?? '',
			address('InternalIP'),
			address('ExternalIP'),
			info?.osImage ?? '<unknown>',
			info?.kernelVersion ?? '<unknown>',
			info?.containerRuntimeVersion ?? '<unknown>',
		];
	},
};

const namespaces: Columns = {
	headers: ['NAME', 'STATUS', 'AGE'],
	wide: [],
	cells(object, now) {
		const namespace = object as unknown as Namespace;
		return [
			namespace.metadata.name,
			namespace.status?.phase ?? 'Active',
			age(namespace.metadata.creationTimestamp, now),
		];
	},
};

/** By plural name. */
export const COLUMNS: Readonly<Record<string, Columns>> = {
	pods,
	configmaps: configMaps,
	secrets,
	persistentvolumeclaims: claims,
	events,
	nodes,
	namespaces,
};
