/** Pods of busybox in few words, and how to read their statuses. */
import type { Container, ContainerStatus, Pod, PodSpec } from '../../src/api/types.ts';

export const BUSYBOX = 'busybox:1.36';

/** A container that runs a shell script. */
export function sh(name: string, script: string, more: Partial<Container> = {}): Container {
	return { name, image: BUSYBOX, command: ['sh', '-c', script], ...more };
}

/** A container that runs until it is asked to end, which it does at once with exit code 0. */
export function server(name: string, more: Partial<Container> = {}): Container {
	return sh(name, 'trap "exit 0" TERM; echo up; sleep 3600 & wait', more);
}

/** A pod that takes no longer to end than it must. */
export function pod(
	name: string,
	spec: Partial<PodSpec> & Pick<PodSpec, 'containers'>,
	annotations?: Record<string, string>,
): Pod {
	return {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name, ...(annotations && { annotations }) },
		spec: { terminationGracePeriodSeconds: 2, ...spec },
	};
}

/** Status of a container, be it an init container or not; throws when the pod has none of that name. */
export function statusOf(pod: Pod, container: string): ContainerStatus {
	const all = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
	const found = all.find(({ name }) => name === container);
	if (!found) {
		throw new Error(`pod "${pod.metadata.name}" has no status of container "${container}"`);
	}
	return found;
}

/** Whether the condition of this type is True. */
export function holds(pod: Pod, type: string): boolean {
	return pod.status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
}

/** `docker://abc` → `abc`. */
export function engineId(pod: Pod, container: string): string {
	return (statusOf(pod, container).containerID ?? '').replace('docker://', '');
}

/** Seconds from one time of a status to another. */
export function seconds(from: string | undefined, to: string | undefined): number {
	return (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1000;
}
