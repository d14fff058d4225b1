/** The status of one container: its state, the end before it, and what else a kubelet tells of it. */
import type { Container, ContainerState, ContainerStatus } from '../api/types.ts';
import {
	attemptsOf,
	type Context,
	containerID,
	endedAt,
	isPristine,
	isRunning,
	type Member,
	previousStatus,
	startFailed,
} from './context.ts';
import { isStarted } from './init.ts';
import type { ObservedContainer } from './observed.ts';
import type { Plan } from './plan.ts';
import { exitCodeOf } from './restart.ts';
import { awaitsPostStart } from './running.ts';
import { rfc3339 } from './time.ts';
import { defaultWaiting, waitingOf } from './waiting.ts';

type Terminated = NonNullable<ContainerState['terminated']>;

/** Of the termination messages of all containers of a pod. */
const MESSAGES_BYTES = 12 * 1024;

/** What is told of a container that somebody has removed. */
const UNKNOWN_END: Terminated = {
	exitCode: 137,
	reason: 'ContainerStatusUnknown',
	message: 'The container could not be located when the pod was deleted.  The container used to be Running',
};

/** The status of one container, from its newest attempts and what was published before. */
export function containerStatus(context: Context, plan: Plan, member: Member): ContainerStatus {
	// A container that was made but never started is not yet there.
	const [newest, older] = attemptsOf(context, member.name).filter((attempt) => !isPristine(attempt));
	if (newest === undefined) return unseen(context, plan, member);
	const { state, previousEnd } = stateOf(context, plan, member, newest);
	const end = previousEnd ?? (older === undefined ? rememberedEnd(context, newest) : endOf(context, older));
	return {
		name: member.name,
		state,
		lastState: end === undefined ? {} : { terminated: end },
		ready: isReady(context, member, newest, state),
		started: state.running !== undefined && (member.role === 'init' || isStarted(context, member, newest)),
		restartCount: newest.attempt,
		image: newest.image,
		imageID: newest.imageID,
		containerID: containerID(newest),
		...resourcesOf(context, member, newest, state),
		...stopSignalOf(newest),
		...userOf(context, member),
		...mountsOf(member.spec),
	};
}

/** The engine has no attempt of it: never made, or removed by somebody. */
function unseen(context: Context, plan: Plan, member: Member): ContainerStatus {
	const before = previousStatus(context, member.name);
	if (before?.state?.terminated !== undefined) return before;
	if (member.role === 'ephemeral' && before?.containerID !== undefined) {
		return { ...before, ready: false, started: false, state: { terminated: UNKNOWN_END } };
	}
	const vanished = before?.containerID !== undefined;
	const deleted = context.pod.metadata.deletionTimestamp !== undefined;
	const end = before?.state?.running === undefined ? before?.lastState?.terminated : UNKNOWN_END;
	const waiting =
		waitingOf(context, plan, member) ??
		(deleted ? before?.state?.waiting : undefined) ??
		defaultWaiting(context);
	return {
		name: member.name,
		state: { waiting: { ...waiting } },
		lastState: end === undefined ? {} : { terminated: end },
		ready: false,
		started: false,
		restartCount: (before?.restartCount ?? 0) + (vanished && !deleted ? 1 : 0),
		image: member.spec.image ?? '',
		imageID: '',
		...mountsOf(member.spec),
	};
}

function stateOf(
	context: Context,
	plan: Plan,
	member: Member,
	newest: ObservedContainer,
): { readonly state: ContainerState; readonly previousEnd?: Terminated } {
	if (isRunning(newest)) {
		// A kubelet tells that it runs once its postStart hook is through.
		if (awaitsPostStart(context, member, newest))
			return { state: { waiting: { ...defaultWaiting(context) } } };
		return { state: { running: { startedAt: rfc3339(newest.startedAt ?? newest.createdAt) } } };
	}
	const waiting = waitingOf(context, plan, member);
	if (waiting === undefined) return { state: { terminated: endOf(context, newest) } };
	return { state: { waiting: { ...waiting } }, previousEnd: endOf(context, newest) };
}

/** The end of an attempt. Of a program that never started, a kubelet tells the epoch as its start. */
function endOf(context: Context, dead: ObservedContainer): Terminated {
	const failed = startFailed(dead);
	const message = shortened(context, failed ? dead.error : dead.message || rememberedMessage(context, dead));
	return {
		exitCode: exitCodeOf(dead),
		reason: failed ? 'StartError' : endReason(dead),
		...(message === '' ? {} : { message }),
		startedAt: rfc3339(failed ? 0 : (dead.startedAt ?? dead.createdAt)),
		finishedAt: rfc3339(endedAt(dead)),
		containerID: containerID(dead),
	};
}

/** The messages of a pod share 12 KiB, each container has its part of them. */
function shortened({ members }: Context, message = ''): string {
	const bytes = Buffer.from(message);
	const most = Math.floor(MESSAGES_BYTES / members.length);
	// A character that is cut in two is left out.
	return bytes.length <= most
		? message
		: bytes
				.subarray(0, most)
				.toString()
				.replace(/\uFFFD$/, '');
}

/** The message that was published of it, when the one who has read it is gone. */
function rememberedMessage(context: Context, dead: ObservedContainer): string | undefined {
	const before = previousStatus(context, dead.name);
	return [before?.state?.terminated, before?.lastState?.terminated].find(
		(end) => end?.containerID === containerID(dead),
	)?.message;
}

/** As container runtimes tell it: whoever was killed for memory, a child even, the container was OOMKilled. */
function endReason(dead: ObservedContainer): string {
	if (dead.oomKilled) return 'OOMKilled';
	return exitCodeOf(dead) === 0 ? 'Completed' : 'Error';
}

/** The end before an attempt whose predecessor is gone from the engine: what was published of it. */
function rememberedEnd(context: Context, newest: ObservedContainer): Terminated | undefined {
	const before = previousStatus(context, newest.name);
	if (before === undefined || newest.attempt === 0) return undefined;
	if (before.containerID === containerID(newest)) {
		const own = before.lastState?.terminated;
		return own?.containerID === containerID(newest) ? undefined : own;
	}
	return before.state?.terminated ?? before.lastState?.terminated;
}

function isReady(
	context: Context,
	member: Member,
	newest: ObservedContainer,
	state: ContainerState,
): boolean {
	if (member.role === 'init') return state.terminated?.exitCode === 0;
	if (member.role === 'ephemeral' || state.running === undefined) return false;
	if (!isStarted(context, member, newest)) return false;
	if (member.spec.readinessProbe === undefined) return true;
	const { ready } = context.observed.probes.get(newest.id) ?? {};
	if (ready !== undefined) return ready;
	const before = previousStatus(context, member.name);
	return before?.containerID === containerID(newest) && before.ready;
}

/** What a running container may use: the spec's numbers once they are in force, the former ones until then. */
function resourcesOf(
	context: Context,
	member: Member,
	newest: ObservedContainer,
	state: ContainerState,
): Pick<ContainerStatus, 'allocatedResources' | 'resources'> {
	if (state.running === undefined || member.role === 'ephemeral') return {};
	const wanted = member.spec.resources ?? {};
	const before = previousStatus(context, member.name);
	const inForce = newest.resourcesHash === member.resourcesHash;
	const known = before?.containerID === containerID(newest) ? before.resources : undefined;
	const { limits, requests } = (inForce ? wanted : (known ?? wanted)) as Container['resources'] & object;
	return {
		...(wanted.requests === undefined ? {} : { allocatedResources: wanted.requests }),
		resources: {
			...(limits === undefined ? {} : { limits }),
			...(requests === undefined ? {} : { requests }),
		},
	};
}

/** The signal that will stop it, by name. An image may name it without its SIG, or by a number, which is not told. */
function stopSignalOf({ stopSignal = '' }: ObservedContainer): Pick<ContainerStatus, 'stopSignal'> {
	const name = /^(?:SIG)?([A-Z][A-Z0-9+-]*)$/.exec(stopSignal)?.[1];
	return name === undefined ? {} : { stopSignal: `SIG${name}` as NonNullable<ContainerStatus['stopSignal']> };
}

/** Who its first process is, where the spec alone decides that: groups that an image has are not known here. */
function userOf({ pod }: Context, { spec }: Member): Pick<ContainerStatus, 'user'> {
	const whole = pod.spec.securityContext ?? {};
	const uid = spec.securityContext?.runAsUser ?? whole.runAsUser;
	const gid = spec.securityContext?.runAsGroup ?? whole.runAsGroup;
	if (uid === undefined || gid === undefined || whole.supplementalGroupsPolicy !== 'Strict') return {};
	const { fsGroup, supplementalGroups = [] } = whole;
	const groups = new Set([gid, ...(fsGroup === undefined ? [] : [fsGroup]), ...supplementalGroups]);
	return { user: { linux: { uid, gid, supplementalGroups: [...groups] } } };
}

function mountsOf(spec: Container): Pick<ContainerStatus, 'volumeMounts'> {
	if (spec.volumeMounts === undefined || spec.volumeMounts.length === 0) return {};
	return {
		volumeMounts: spec.volumeMounts.map(({ name, mountPath, readOnly, recursiveReadOnly }) => ({
			name,
			mountPath,
			...(readOnly
				? { readOnly, recursiveReadOnly: recursiveReadOnly === 'Enabled' ? 'Enabled' : 'Disabled' }
				: {}),
		})),
	};
}
