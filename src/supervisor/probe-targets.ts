/** Which containers of a pod are to be probed now: those that run in the pause in force, with their specs. */
import type { Container, ContainerStatus, Pod } from '../api/types.ts';
import type { ObservedPod } from '../reconcile/observed.ts';
import type { ProbeTarget } from './prober.ts';

/** None while the pause does not run. */
export function probeTargets(pod: Pod, observed: ObservedPod): ProbeTarget[] {
	const sandbox = observed.sandboxes[0];
	if (sandbox === undefined || sandbox.state !== 'running') return [];
	const { initContainers = [], containers } = pod.spec;
	const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
	const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
	const place = (container: Container): string =>
		`spec.${containers.includes(container) ? 'containers' : 'initContainers'}{${container.name}}`;
	return [...sidecars, ...containers].flatMap((container): ProbeTarget[] => {
		const running = observed.containers.get(container.name)?.find(({ state }) => state === 'running');
		if (running?.startedAt === undefined) return [];
		// Until its postStart hook is over a container has not started, and nothing asks it anything.
		const hook = observed.deeds.get(running.id)?.postStart;
		if (hook !== undefined && hook.endedAt === undefined) return [];
		const status = [...initContainerStatuses, ...containerStatuses].find(
			({ containerID }: ContainerStatus) => containerID === `docker://${running.id}`,
		);
		return [
			{
				containerID: running.id,
				container,
				startedAt: running.seen?.startedAt ?? running.startedAt,
				sandboxID: sandbox.id,
				podIP: observed.podIP,
				terminating: pod.metadata.deletionTimestamp !== undefined,
				...(status?.started === true ? { started: true } : {}),
				fieldPath: place(container),
			},
		];
	});
}
