/** Objects other than pods, described: their metadata, what they hold, their events. Pure. */
import type {
	ConfigMap,
	Event,
	Instant,
	KubeObject,
	Node,
	PersistentVolumeClaim,
	Secret,
} from '../../api/types.ts';
import { eventLines, field, keyValues, timeText } from './describe-parts.ts';
import { toYaml } from './serialize.ts';

/** The lines of `describe` for a kind without a page of its own: metadata, data, status, events. */
export function describeObject(
	object: KubeObject,
	events: readonly Event[],
	now: Instant,
): readonly string[] {
	const { metadata } = object;
	return [
		field('Name', metadata.name),
		...(metadata.namespace ? [field('Namespace', metadata.namespace)] : []),
		...keyValues('Labels', metadata.labels, '='),
		...keyValues(
			'Annotations',
			Object.fromEntries(
				Object.entries(metadata.annotations ?? {}).filter(
					([key]) => !key.endsWith('/last-applied-configuration'),
				),
			),
			': ',
		),
		...(metadata.creationTimestamp && object.kind === 'Node'
			? [field('CreationTimestamp', timeText(metadata.creationTimestamp))]
			: []),
		...body(object),
		...eventLines(events, now),
	];
}

function body(object: KubeObject): readonly string[] {
	switch (object.kind) {
		case 'ConfigMap':
			return configMap(object as unknown as ConfigMap);
		case 'Secret':
			return secret(object as unknown as Secret);
		case 'PersistentVolumeClaim':
			return claim(object as unknown as PersistentVolumeClaim);
		case 'Node':
			return node(object as unknown as Node);
		case 'Namespace':
			return [field('Status', (object.status as { phase?: string } | undefined)?.phase ?? 'Active'), ''];
		default: {
			const { apiVersion: _, kind: __, metadata: ___, ...rest } = object;
			return toYaml(rest).split('\n');
		}
	}
}

function configMap(map: ConfigMap): string[] {
	return [
		'',
		'Data',
		'====',
		...Object.entries(map.data ?? {}).flatMap(([key, value]) => [`${key}:`, '----', value, '']),
		'',
		'BinaryData',
		'====',
		...Object.entries(map.binaryData ?? {}).map(([key, value]) => `${key}: ${bytes(value)} bytes`),
		'',
	];
}

/** Sizes only: a Secret's values are not for the screen. */
function secret({ type, data }: Secret): string[] {
	return [
		'',
		`Type:  ${type ?? 'Opaque'}`,
		'',
		'Data',
		'====',
		...Object.entries(data ?? {}).map(([key, value]) => `${key}:  ${bytes(value)} bytes`),
		'',
	];
}

function bytes(base64: string): number {
	return Buffer.from(base64, 'base64').length;
}

function claim({ spec, status }: PersistentVolumeClaim): string[] {
	return [
		field('StorageClass', spec?.storageClassName ?? ''),
		field('Status', status?.phase ?? ''),
		field('Volume', spec?.volumeName ?? ''),
		field('Capacity', String(status?.capacity?.storage ?? '')),
		field('Access Modes', (status?.accessModes ?? []).join(',')),
		field('VolumeMode', spec?.volumeMode ?? ''),
	];
}

function node({ status }: Node): string[] {
	const amounts = (title: string, list: Readonly<Record<string, unknown>> | undefined) => [
		`${title}:`,
		...Object.entries(list ?? {}).map(([name, value]) => `  ${`${name}:`.padEnd(20)}${String(value)}`),
	];
	return [
		'Conditions:',
		...(status?.conditions ?? []).map(
			({ type, status: is, message }) => `  ${type.padEnd(18)}${is.padEnd(8)}${message ?? ''}`,
		),
		'Addresses:',
		...(status?.addresses ?? []).map(({ type, address }) => `  ${type}:  ${address}`),
		...amounts('Capacity', status?.capacity),
		...amounts('Allocatable', status?.allocatable),
		'System Info:',
		...Object.entries(status?.nodeInfo ?? {}).map(
			([name, value]) => `  ${`${name}:`.padEnd(26)}${String(value)}`,
		),
	];
}
