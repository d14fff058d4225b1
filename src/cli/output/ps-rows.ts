/** The rows of `podrun ps`: pods from the point of view of their containers. Pure. */
import type { ContainerStatus, Instant, Pod } from '../../api/types.ts';
import { statusWord } from '../../api/words.ts';
import { containersOf } from '../containers.ts';
import { age, humanDuration } from './age.ts';

export interface PsOptions {
	readonly now: Instant;
	readonly namespaces: boolean;
}

/** One row a container; the pod's name and IP stand on each, so that grep and awk work. */
export function processRows(
	pods: readonly Pod[],
	options: PsOptions,
): { headers: readonly string[]; rows: readonly (readonly string[])[] } {
	const headers = [
		...(options.namespaces ? ['NAMESPACE'] : []),
		'POD',
		'CONTAINER',
		'STATUS',
		'RESTARTS',
		'AGE',
		'IP',
		'PORTS',
	];
	const rows = pods.flatMap((pod) => {
		const statuses = statusByName(pod);
		return containersOf(pod).map((container) => {
			const status = statuses.get(container.name);
			return [
				...(options.namespaces ? [pod.metadata.namespace ?? ''] : []),
				pod.metadata.name,
				container.role === 'init' && !container.sidecar ? `${container.name} (init)` : container.name,
				containerWord(pod, status),
				String(status?.restartCount ?? 0),
				sinceText(pod, status, options.now),
				pod.status?.podIP ?? '-',
				portsText(pod, container.name),
			];
		});
	});
	return { headers, rows };
}

function statusByName(pod: Pod): ReadonlyMap<string, ContainerStatus> {
	const { containerStatuses, initContainerStatuses, ephemeralContainerStatuses } = pod.status ?? {};
	const all = [
		...(containerStatuses ?? []),
		...(initContainerStatuses ?? []),
		...(ephemeralContainerStatuses ?? []),
	];
	return new Map(all.map((status) => [status.name, status] as const));
}

/** One word or two for a container: its reason to wait, how it ended, or that it runs. */
function containerWord(pod: Pod, status: ContainerStatus | undefined): string {
	const { waiting, running, terminated } = status?.state ?? {};
	if (running) {
		if (pod.metadata.deletionTimestamp) {
			return 'Terminating';
		}
		return status?.ready || !takesTraffic(pod, status) ? 'Running' : 'Running (not ready)';
	}
	if (terminated) {
		const code = terminated.exitCode;
		return code === 0 ? 'Completed' : `${terminated.reason || 'Error'} (${code})`;
	}
	return waiting?.reason || statusWord(pod, 0).status;
}

/** Only containers of the pod's own list and sidecars are ready or not; init containers just run. */
function takesTraffic(pod: Pod, status: ContainerStatus | undefined): boolean {
	const isIt = ({ name }: { readonly name: string }) => name === status?.name;
	const init = pod.spec.initContainers?.find(isIt);
	return init ? init.restartPolicy === 'Always' : !pod.spec.ephemeralContainers?.some(isIt);
}

function sinceText(pod: Pod, status: ContainerStatus | undefined, now: Instant): string {
	const { running, terminated } = status?.state ?? {};
	if (running?.startedAt) {
		return age(String(running.startedAt), now);
	}
	if (terminated?.finishedAt) {
		return `${humanDuration(now - Date.parse(String(terminated.finishedAt)))} ago`;
	}
	return age(pod.metadata.creationTimestamp, now);
}

function portsText(pod: Pod, name: string): string {
	const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
		(one) => one.name === name,
	);
	const ports = (container?.ports ?? []).map((port) => {
		const protocol = (port.protocol ?? 'TCP').toLowerCase();
		const inside = `${port.containerPort}/${protocol}`;
		if (port.hostPort === undefined) {
			return inside;
		}
		const host = port.hostIP && port.hostIP !== '0.0.0.0' ? `${port.hostIP}:` : '';
		return `${host}${port.hostPort}->${inside}`;
	});
	return ports.join(', ') || '-';
}
