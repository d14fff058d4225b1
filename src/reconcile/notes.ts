/**
 * The events that a change of status is worth, each told once: in the decision in which the published status
 * and the new one differ. What deeds are worth is told where they are done.
 */
import type { ContainerStatus, PodStatus } from '../api/types.ts';
import { type Context, type Member, podLabel } from './context.ts';
import type { Plan } from './plan.ts';

/** Notes the events that tell what is new in `status` since it was last published. */
export function noteChanges(context: Context, plan: Plan, status: PodStatus): void {
	noteScheduling(context, plan, status);
	const { previous } = context;
	if (status.reason === 'DeadlineExceeded' && previous.reason !== status.reason) {
		plan.note({ type: 'Normal', reason: 'DeadlineExceeded', message: status.message ?? '' });
	}
	const before = statusesOf(previous);
	const after = statusesOf(status);
	for (const member of context.members) {
		noteWaiting(context, plan, member, before.get(member.name), after.get(member.name));
	}
}

function statusesOf(status: PodStatus): ReadonlyMap<string, ContainerStatus> {
	const all = [
		...(status.initContainerStatuses ?? []),
		...(status.containerStatuses ?? []),
		...(status.ephemeralContainerStatuses ?? []),
	];
	return new Map(all.map((one) => [one.name, one]));
}

function noteScheduling(context: Context, plan: Plan, status: PodStatus): void {
	const scheduled = (of: PodStatus) => of.conditions?.find(({ type }) => type === 'PodScheduled');
	const [before, after] = [scheduled(context.previous), scheduled(status)];
	const { metadata, spec } = context.pod;
	if (after?.status === 'True' && before?.status !== 'True') {
		const node = spec.nodeName ?? context.settings.nodeName ?? 'podrun';
		const message = `Successfully assigned ${metadata.namespace ?? 'default'}/${metadata.name} to ${node}`;
		plan.note({ type: 'Normal', reason: 'Scheduled', message });
	}
	const refused = after?.status === 'False' && after.reason !== 'SchedulingGated';
	if (refused && after.message !== before?.message) {
		plan.note({ type: 'Warning', reason: 'FailedScheduling', message: after.message ?? '' });
	}
}

function noteWaiting(
	context: Context,
	plan: Plan,
	member: Member,
	before: ContainerStatus | undefined,
	after: ContainerStatus | undefined,
): void {
	const waiting = after?.state?.waiting;
	if (waiting?.reason === undefined) return;
	const same =
		before?.state?.waiting?.reason === waiting.reason && before.restartCount === after?.restartCount;
	if (same) return;
	const { fieldPath, name, spec } = member;
	const warn = (reason: string, message: string) =>
		plan.note({ type: 'Warning', reason, message, fieldPath });
	switch (waiting.reason) {
		case 'CrashLoopBackOff':
			warn('BackOff', `Back-off restarting failed container ${name} in pod ${podLabel(context.pod)}`);
			return;
		case 'ImagePullBackOff':
			plan.note({
				type: 'Normal',
				reason: 'BackOff',
				// An image volume's image may be meant, not the container's own.
				message: (waiting.message ?? `Back-off pulling image "${spec.image}"`).replace(
					/: ErrImagePull.*/s,
					'',
				),
				fieldPath,
			});
			warn('Failed', 'Error: ImagePullBackOff');
			return;
		case 'ErrImageNeverPull':
			warn('ErrImageNeverPull', waiting.message ?? '');
			warn('Failed', 'Error: ErrImageNeverPull');
			return;
		case 'InvalidImageName':
			warn('InspectFailed', waiting.message ?? '');
			warn('Failed', 'Error: InvalidImageName');
	}
}
