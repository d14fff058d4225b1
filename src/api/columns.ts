/**
 * The columns of `get`: those that the API server's printers give to kubectl, for Tables on the wire and for the
 * CLI's own. Columns of priority 1 are those of `-o wide`. Times are told as ages. Pure.
 */
import { age } from './duration.ts';
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
} from './types.ts';
import { statusWord } from './words.ts';

export interface Column {
	readonly name: string;
	readonly type: 'string' | 'integer';
	readonly format: string;
	readonly description: string;
	/** 1: shown in `-o wide` only. */
	readonly priority: 0 | 1;
}

export type Cell = string | number;

export interface Columns {
	readonly definitions: readonly Column[];
	/** One for each definition. */
	cells(object: KubeObject, now: Instant): Cell[];
}

/** The columns of a kind; name and age for one that has none of its own. */
export function columnsOf(kind: string): Columns {
	return Object.hasOwn(COLUMNS, kind) ? (COLUMNS[kind] ?? PLAIN) : PLAIN;
}

/** When an event was last seen: series and new-style events keep it elsewhere than the old ones. */
export function lastSeen(event: Event): string | undefined {
	return event.series?.lastObservedTime || event.lastTimestamp || firstSeen(event);
}

function firstSeen(event: Event): string | undefined {
	return event.firstTimestamp || event.eventTime || event.metadata.creationTimestamp;
}

function column(name: string, priority: 0 | 1 = 0, type: Column['type'] = 'string'): Column {
	return { name, type, format: name === 'Name' ? 'name' : '', description: '', priority };
}

const NONE = '<none>';
const UNSET = '<unset>';

function podCells(object: KubeObject, now: Instant): Cell[] {
	const pod = object as unknown as Pod;
	const { ready, status, restarts } = statusWord(pod, now);
	const gates = pod.spec.readinessGates ?? [];
	const met = gates.filter((gate) =>
		pod.status?.conditions?.some((c) => c.type === gate.conditionType && c.status === 'True'),
	);
	return [
		pod.metadata.name,
		ready,
		status,
		restarts,
		age(pod.metadata.creationTimestamp, now),
		pod.status?.podIP || NONE,
		pod.spec.nodeName || NONE,
		pod.status?.nominatedNodeName || NONE,
		gates.length === 0 ? NONE : `${met.length}/${gates.length}`,
	];
}

function configMapCells(object: KubeObject, now: Instant): Cell[] {
	const map = object as unknown as ConfigMap;
	const keys = Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length;
	return [map.metadata.name, keys, age(map.metadata.creationTimestamp, now)];
}

function secretCells(object: KubeObject, now: Instant): Cell[] {
	const secret = object as unknown as Secret;
	const keys = Object.keys(secret.data ?? {}).length;
	return [secret.metadata.name, secret.type ?? 'Opaque', keys, age(secret.metadata.creationTimestamp, now)];
}

const ACCESS_MODES: Readonly<Record<string, string>> = {
	ReadWriteOnce: 'RWO',
	ReadOnlyMany: 'ROX',
	ReadWriteMany: 'RWX',
	ReadWriteOncePod: 'RWOP',
};

function claimCells(object: KubeObject, now: Instant): Cell[] {
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
		claim.spec?.volumeAttributesClassName ?? UNSET,
		age(claim.metadata.creationTimestamp, now),
		claim.spec?.volumeMode ?? UNSET,
	];
}

function namespaceCells(object: KubeObject, now: Instant): Cell[] {
	const namespace = object as unknown as Namespace;
	return [
		namespace.metadata.name,
		namespace.status?.phase ?? 'Active',
		age(namespace.metadata.creationTimestamp, now),
	];
}

function eventCells(object: KubeObject, now: Instant): Cell[] {
	const event = object as unknown as Event;
	const about: Partial<Event['involvedObject']> = event.involvedObject ?? {};
	const source = [event.source?.component ?? event.reportingComponent, event.source?.host].filter(Boolean);
	return [
		age(lastSeen(event), now),
		event.type ?? '',
		event.reason ?? '',
		`${(about.kind ?? '').toLowerCase()}/${about.name ?? ''}`,
		about.fieldPath ?? '',
		source.join(', '),
		(event.message ?? '').trim(),
		age(firstSeen(event), now),
		event.series?.count ?? event.count ?? 1,
		event.metadata.name,
	];
}

function nodeCells(object: KubeObject, now: Instant): Cell[] {
	const node = object as unknown as Node;
	const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
	const prefix = 'node-role.kubernetes.io/';
	const roles = Object.keys(node.metadata.labels ?? {})
		.filter((label) => label.startsWith(prefix))
		.map((label) => label.slice(prefix.length));
	const address = (type: string) => node.status?.addresses?.find((one) => one.type === type)?.address ?? NONE;
	const info = node.status?.nodeInfo;
	return [
		node.metadata.name,
		`${ready?.status === 'True' ? 'Ready' : ready ? 'NotReady' : 'Unknown'}${node.spec?.unschedulable ? ',SchedulingDisabled' : ''}`,
		roles.join(',') || NONE,
		age(node.metadata.creationTimestamp, now),
		info?.kubeletVersion ?? '',
		address('InternalIP'),
		address('ExternalIP'),
		info?.osImage ?? '<unknown>',
		info?.kernelVersion ?? '<unknown>',
		info?.containerRuntimeVersion ?? '<unknown>',
	];
}

const PLAIN: Columns = {
	definitions: [column('Name'), column('Age')],
	cells: (object, now) => [object.metadata.name, age(object.metadata.creationTimestamp, now)],
};

const COLUMNS: Readonly<Record<string, Columns>> = {
	Pod: {
		definitions: [
			column('Name'),
			column('Ready'),
			column('Status'),
			column('Restarts'),
			column('Age'),
			column('IP', 1),
			column('Node', 1),
			column('Nominated Node', 1),
			column('Readiness Gates', 1),
		],
		cells: podCells,
	},
	ConfigMap: {
		definitions: [column('Name'), column('Data', 0, 'integer'), column('Age')],
		cells: configMapCells,
	},
	Secret: {
		definitions: [column('Name'), column('Type'), column('Data', 0, 'integer'), column('Age')],
		cells: secretCells,
	},
	PersistentVolumeClaim: {
		definitions: [
			column('Name'),
			column('Status'),
			column('Volume'),
			column('Capacity'),
			column('Access Modes'),
			column('StorageClass'),
			column('VolumeAttributesClass'),
			column('Age'),
			column('VolumeMode', 1),
		],
		cells: claimCells,
	},
	Namespace: {
		definitions: [column('Name'), column('Status'), column('Age')],
		cells: namespaceCells,
	},
	Event: {
		definitions: [
			column('Last Seen'),
			column('Type'),
			column('Reason'),
			column('Object'),
			column('Subobject', 1),
			column('Source', 1),
			column('Message'),
			column('First Seen', 1),
			column('Count', 1, 'integer'),
			column('Name', 1),
		],
		cells: eventCells,
	},
	Node: {
		definitions: [
			column('Name'),
			column('Status'),
			column('Roles'),
			column('Age'),
			column('Version'),
			column('Internal-IP', 1),
			column('External-IP', 1),
			column('OS-Image', 1),
			column('Kernel-Version', 1),
			column('Container-Runtime', 1),
		],
		cells: nodeCells,
	},
};
