/** A pod in the layout of `kubectl describe pod`: what it is, how its containers are, and its events. Pure. */
import type { AnyContainer, ContainerStatus, Event, Instant, Pod } from '../../api/types.ts';
import { describeContainer } from './describe-container.ts';
import { eventLines, field, keyValues, timeText } from './describe-parts.ts';
import { describeVolumes } from './describe-volumes.ts';

/** Lines; `events` are those of this pod. */
export function describePod(pod: Pod, events: readonly Event[], now: Instant): readonly string[] {
	return [
		...head(pod),
		...addresses(pod),
		...containers(pod),
		...conditions(pod),
		...describeVolumes(pod),
		...tail(pod),
		...eventLines(events, now),
	];
}

function head(pod: Pod): string[] {
	const { metadata, spec, status } = pod;
	const deleted = metadata.deletionTimestamp;
	const grace = metadata.deletionGracePeriodSeconds;
	return [
		field('Name', metadata.name),
		field('Namespace', metadata.namespace ?? 'default'),
		field('Priority', String(spec.priority ?? 0)),
		...(spec.runtimeClassName ? [field('Runtime Class Name', spec.runtimeClassName)] : []),
		field('Service Account', spec.serviceAccountName ?? 'default'),
		field('Node', status?.hostIP ? `${spec.nodeName ?? ''}/${status.hostIP}` : (spec.nodeName ?? '<none>')),
		...(status?.startTime ? [field('Start Time', timeText(String(status.startTime)))] : []),
		...keyValues('Labels', metadata.labels, '='),
		...keyValues('Annotations', visible(metadata.annotations), ': '),
		...(deleted
			? [
					field('Status', `Terminating (since ${timeText(deleted)})`),
					field('Termination Grace Period', `${grace ?? 0}s`),
				]
			: [field('Status', status?.phase ?? 'Pending')]),
		...(status?.reason ? [field('Reason', status.reason)] : []),
		...(status?.message ? [field('Message', status.message)] : []),
		...(spec.securityContext?.seccompProfile
			? [field('SeccompProfile', spec.securityContext.seccompProfile.type)]
			: []),
	];
}

/** The configuration of the last apply repeats the whole manifest: kubectl leaves it out as well. */
function visible(annotations: Readonly<Record<string, string>> | undefined) {
	return Object.fromEntries(
		Object.entries(annotations ?? {}).filter(
			([key]) => key !== 'kubectl.kubernetes.io/last-applied-configuration',
		),
	);
}

function addresses(pod: Pod): string[] {
	const ips = pod.status?.podIPs ?? [];
	return [
		field('IP', pod.status?.podIP ?? ''),
		...(ips.length === 0 ? ['IPs:           <none>'] : ['IPs:', ...ips.map(({ ip }) => `  IP:  ${ip}`)]),
	];
}

function containers(pod: Pod): string[] {
	const { spec, status } = pod;
	const groups: readonly (readonly [string, readonly AnyContainer[], readonly ContainerStatus[]])[] = [
		['Init Containers', spec.initContainers ?? [], status?.initContainerStatuses ?? []],
		['Containers', spec.containers, status?.containerStatuses ?? []],
		['Ephemeral Containers', spec.ephemeralContainers ?? [], status?.ephemeralContainerStatuses ?? []],
	];
	return groups.flatMap(([title, list, statuses]) => {
		if (list.length === 0) {
			return [];
		}
		const byName = new Map(statuses.map((one) => [one.name, one] as const));
		return [`${title}:`, ...list.flatMap((one) => describeContainer(one, byName.get(one.name)))];
	});
}

function conditions(pod: Pod): string[] {
	const all = pod.status?.conditions ?? [];
	if (all.length === 0) {
		return [];
	}
	const width = Math.max(...all.map(({ type }) => type.length), 'Type'.length);
	const line = (type: string, status: string) => `  ${type.padEnd(width)}   ${status} `;
	return ['Conditions:', line('Type', 'Status'), ...all.map(({ type, status }) => line(type, status))];
}

function tail(pod: Pod): string[] {
	const { spec, status } = pod;
	const tolerations = (spec.tolerations ?? []).map((one) => {
		const value = one.value ? `=${one.value}` : '';
		const effect = one.effect ? `:${one.effect}` : '';
		const operator = one.operator === 'Exists' && one.key ? ' op=Exists' : '';
		const seconds = one.tolerationSeconds === undefined ? '' : ` for ${one.tolerationSeconds}s`;
		return `${one.key ?? ''}${value}${effect}${operator}${seconds}`;
	});
	return [
		wide('QoS Class', status?.qosClass ?? 'BestEffort'),
		...wideList(
			'Node-Selectors',
			Object.entries(spec.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`),
		),
		...wideList('Tolerations', tolerations),
	];
}

function wide(name: string, value: string): string {
	return `${`${name}:`.padEnd(29)}${value}`;
}

function wideList(name: string, values: readonly string[]): string[] {
	if (values.length === 0) {
		return [wide(name, '<none>')];
	}
	return values.map((value, index) => (index === 0 ? wide(name, value) : `${' '.repeat(29)}${value}`));
}
