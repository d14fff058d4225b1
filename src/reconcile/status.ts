/** Observed → PodStatus: the whole status, as a kubelet writes it. */
import { qosClass } from '../api/qos.ts';
import type { ContainerStatus, PodStatus } from '../api/types.ts';
import { conditionsOf, unscheduledConditions } from './conditions.ts';
import { containerStatus } from './container-status.ts';
import type { Context } from './context.ts';
import { outcomeOf } from './outcome.ts';
import { type Phase, phaseOf } from './phase.ts';
import type { Plan } from './plan.ts';
import { rfc3339 } from './time.ts';

const DEADLINE_MESSAGE = 'Pod was active on the node longer than the specified deadline';
/** Of the condition PodScheduled, while a gate is left. */
export const GATED_MESSAGE = 'Scheduling is blocked due to non-empty scheduling gates';

/** The status at the instant of the observation; what it takes over from before is in `context.previous`. */
export function podStatus(context: Context, plan: Plan): PodStatus {
	return unscheduled(context) ?? scheduled(context, plan);
}

function scheduled(context: Context, plan: Plan): PodStatus {
	const { pod, previous, now } = context;
	const all = context.members.map((member) => containerStatus(context, plan, member));
	const of = (members: readonly { readonly name: string }[]) =>
		all.filter(({ name }) => members.some((member) => member.name === name));
	const statuses = new Map(all.map((status) => [status.name, status]));
	const phase = phaseOf(context, statuses);
	return {
		...generationOf(context),
		phase,
		...reasonOf(context, phase),
		conditions: conditionsOf(context, phase, statuses),
		...addressesOf(context),
		startTime: previous.startTime ?? rfc3339(now),
		...listed('initContainerStatuses', of(context.inits)),
		...listed('containerStatuses', of(context.apps)),
		...listed('ephemeralContainerStatuses', of(context.ephemerals)),
		qosClass: previous.qosClass ?? qosClass(pod),
	};
}

/** Undefined when there is room for the pod, or when it has begun. */
function unscheduled(context: Context): PodStatus | undefined {
	const { pod, observed, previous } = context;
	if (previous.startTime !== undefined || observed.sandboxes.length > 0 || observed.containers.size > 0) {
		return undefined;
	}
	const gated = (pod.spec.schedulingGates ?? []).length > 0;
	const { admission } = observed;
	if (admission.admitted && !gated) return undefined;
	const { reason, message } =
		gated || admission.admitted ? { reason: 'SchedulingGated', message: GATED_MESSAGE } : admission;
	return {
		...generationOf(context),
		phase: 'Pending',
		conditions: unscheduledConditions(context, reason, message),
		qosClass: previous.qosClass ?? qosClass(pod),
	};
}

/** Why a pod has failed, when its containers don't tell; it stays with the phase that it belongs to. */
function reasonOf(context: Context, phase: Phase): Pick<PodStatus, 'reason' | 'message'> {
	const { previous } = context;
	if (phase === 'Failed' && previous.phase !== 'Failed') {
		const late = outcomeOf(context)?.reason === 'DeadlineExceeded';
		return late ? { reason: 'DeadlineExceeded', message: DEADLINE_MESSAGE } : {};
	}
	if (phase !== previous.phase) return {};
	return {
		...(previous.reason === undefined ? {} : { reason: previous.reason }),
		...(previous.message === undefined ? {} : { message: previous.message }),
	};
}

function generationOf({ pod }: Context): Pick<PodStatus, 'observedGeneration'> {
	const { generation } = pod.metadata;
	return generation === undefined ? {} : { observedGeneration: generation };
}

/** The pod's IP is told once its sandbox is ready (a kubelet mounts the volumes before it makes one), and then never taken back. */
function addressesOf(context: Context): Pick<PodStatus, 'hostIP' | 'hostIPs' | 'podIP' | 'podIPs'> {
	const { pod, observed, previous, sandbox, volumesReady } = context;
	const { hostIP } = observed;
	const own = volumesReady ? sandbox?.ip || observed.podIP : previous.podIP;
	const podIP = pod.spec.hostNetwork ? hostIP : own;
	return {
		...(hostIP === '' ? {} : { hostIP, hostIPs: [{ ip: hostIP }] }),
		...(podIP === undefined || podIP === '' ? {} : { podIP, podIPs: [{ ip: podIP }] }),
	};
}

function listed<K extends 'initContainerStatuses' | 'containerStatuses' | 'ephemeralContainerStatuses'>(
	key: K,
	statuses: ContainerStatus[],
): Partial<Record<K, ContainerStatus[]>> {
	return statuses.length === 0 ? {} : ({ [key]: statuses } as Record<K, ContainerStatus[]>);
}
