/**
 * The care of a container that runs: what ends it (its spec has changed, a probe or hook has failed, its
 * sandbox is gone, a user asks), and what is done to it while it lives (postStart, a change of limits).
 */
import { type Context, containerID, isJoined, type Member, podGraceMs, previousStatus } from './context.ts';
import { changedResources } from './hash.ts';
import type { ObservedContainer } from './observed.ts';
import type { Plan } from './plan.ts';
import { isRestarted } from './restart.ts';
import { isSuperseded } from './restart-rules.ts';
import { stopContainer, stopDeadline } from './stop.ts';

/** Does what a running container needs now. True: it stays. */
export function tend(context: Context, plan: Plan, member: Member, container: ObservedContainer): boolean {
	const end = endingOf(context, member, container);
	if (end !== undefined) {
		const restarts = isRestarted(context, member, { ...container, exitCode: container.exitCode ?? 137 });
		const deadline = stopDeadline(context, container, end.graceMs);
		stopContainer(context, plan, container, member, {
			reason: end.reason,
			deadline,
			restarts: restarts || end.restarts === true,
			...(end.force ? { force: true } : {}),
		});
		return false;
	}
	const { id, name } = container;
	if (container.state === 'paused') {
		plan.act({ type: 'UnpauseContainer', container: name, id, cause: 'somebody has paused it' });
		return true;
	}
	if (awaitsPostStart(context, member, container)) {
		if (context.observed.deeds.get(id)?.postStart === undefined) {
			plan.act({
				type: 'RunHook',
				container: name,
				id,
				hook: 'postStart',
				cause: 'the container has started',
			});
		}
		return true;
	}
	if (container.resourcesHash !== member.resourcesHash) {
		plan.act({ type: 'UpdateResources', container: name, id, cause: 'resources have changed' });
	}
	return true;
}

/**
 * A postStart hook that has not ended: until then a kubelet does not say that the container runs. A container
 * that was seen running by an earlier supervisor has had its hook.
 */
export function awaitsPostStart(context: Context, member: Member, container: ObservedContainer): boolean {
	if (member.spec.lifecycle?.postStart === undefined) return false;
	const hook = context.observed.deeds.get(container.id)?.postStart;
	if (hook !== undefined) return hook.endedAt === undefined;
	const before = previousStatus(context, member.name);
	return !(before?.containerID === containerID(container) && before.state?.running !== undefined);
}

interface Ending {
	readonly reason: string;
	readonly graceMs?: number;
	readonly restarts?: boolean;
	/** No hook, no signal but KILL. */
	readonly force?: boolean;
}

function endingOf(context: Context, member: Member, container: ObservedContainer): Ending | undefined {
	const { observed, pod } = context;
	const deeds = observed.deeds.get(container.id);
	if (isSuperseded(context, container)) return { reason: 'AllRestarted', restarts: true, force: true };
	if (deeds?.stopping !== undefined) return { reason: deeds.stopping.reason };
	if (!isJoined(context, container)) return { reason: 'SandboxChanged' };
	if (observed.restartRequested.has(container.id)) return { reason: 'RestartRequested', restarts: true };
	// An ephemeral container can't be changed, and nothing of it is probed.
	if (member.role === 'ephemeral') return undefined;
	// A kubelet lets an init container that has begun end by itself.
	const replaceable = member.role !== 'init' || context.settings.profile === 'local';
	if (replaceable && container.hash !== member.hash) {
		return { reason: 'SpecChanged', restarts: true };
	}
	if (needsRestart(member, container)) return { reason: 'ResourcesChanged', restarts: true };
	if (deeds?.postStart?.ok === false) return { reason: 'PostStartFailed' };
	const verdicts = observed.probes.get(container.id);
	if (verdicts?.live !== false) return undefined;
	const startup = verdicts.failed === 'startup';
	const probe = startup ? member.spec.startupProbe : member.spec.livenessProbe;
	const seconds = probe?.terminationGracePeriodSeconds;
	return {
		reason: startup ? 'StartupFailed' : 'LivenessFailed',
		graceMs: seconds === undefined ? podGraceMs(pod) : seconds * 1000,
	};
}

/** resizePolicy RestartContainer for a resource that has changed. */
function needsRestart(member: Member, container: ObservedContainer): boolean {
	const changed = changedResources(container.resourcesHash, member.resourcesHash);
	return (member.spec.resizePolicy ?? []).some(
		({ resourceName, restartPolicy }) =>
			restartPolicy === 'RestartContainer' && changed.some((name) => name === resourceName),
	);
}
