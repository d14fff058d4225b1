/**
 * The conditions of a pod, in the order and the words of a kubelet. lastTransitionTime stays while the
 * status stays; conditions of others (readiness gates) are kept as they are.
 */
import type { ContainerStatus, PodCondition } from '../api/types.ts';
import { attemptsOf, type Context, isRunning } from './context.ts';
import { hasContainerStarted, type Phase, type Statuses } from './phase.ts';
import { isRestartingAll, mayRestartAll } from './restart-rules.ts';
import { rfc3339 } from './time.ts';

interface Verdict {
	readonly status: 'True' | 'False';
	readonly reason?: string;
	readonly message?: string;
}

const TRUE: Verdict = { status: 'True' };
const OWN = new Set([
	'PodReadyToStartContainers',
	'Initialized',
	'Ready',
	'ContainersReady',
	'PodScheduled',
	'PodResizeInProgress',
	'AllContainersRestarting',
]);

/** All conditions of a pod that has been admitted. */
export function conditionsOf(context: Context, phase: Phase, statuses: Statuses): PodCondition[] {
	const containersReady = containersReadyOf(context, phase, statuses);
	const verdicts: [string, Verdict][] = [
		['PodReadyToStartContainers', context.volumesReady ? TRUE : { status: 'False' }],
		['Initialized', initializedOf(context, phase, statuses)],
		['Ready', containersReady.status === 'True' ? gatesOf(context) : containersReady],
		['ContainersReady', containersReady],
		['PodScheduled', TRUE],
		...resizing(context),
		...restartingAll(context, phase),
	];
	return stamp(context, verdicts);
}

/** Of a pod that waits for room, or for its scheduling gates. */
export function unscheduledConditions(context: Context, reason: string, message: string): PodCondition[] {
	return stamp(context, [['PodScheduled', { status: 'False', reason, message }]]);
}

function stamp(context: Context, verdicts: readonly [string, Verdict][]): PodCondition[] {
	const before = context.previous.conditions ?? [];
	const generation = context.pod.metadata.generation;
	const foreign = before.filter(({ type }) => !OWN.has(type));
	const own = verdicts.map(([type, verdict]) => {
		const old = before.find((condition) => condition.type === type);
		const kept = old?.status === verdict.status ? old.lastTransitionTime : undefined;
		return {
			type,
			...(generation === undefined ? {} : { observedGeneration: generation }),
			status: verdict.status,
			lastTransitionTime: kept ?? rfc3339(context.now),
			...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
			...(verdict.message === undefined ? {} : { message: verdict.message }),
		};
	});
	return [...foreign, ...own];
}

/** Limits that are about to change in a running container; there is no such condition when none are. */
function resizing(context: Context): [string, Verdict][] {
	const waiting = context.members.filter(({ name, role, resourcesHash }) => {
		const running = attemptsOf(context, name).find(isRunning);
		return role !== 'ephemeral' && running !== undefined && running.resourcesHash !== resourcesHash;
	});
	if (waiting.length === 0) return [];
	const failure = waiting
		.map(({ name }) => context.observed.failures.get(`container:${name}`))
		.find((one) => one?.reason === 'ResizeError');
	const told = failure === undefined ? {} : { reason: 'Error', message: failure.message };
	return [['PodResizeInProgress', { status: 'True', ...told }]];
}

/** Of a pod with a rule RestartAllContainers: whether it is on its way down, to begin anew. */
function restartingAll(context: Context, phase: Phase): [string, Verdict][] {
	if (!mayRestartAll(context)) return [];
	const over = { Succeeded: 'PodCompleted', Failed: 'PodFailed' }[phase as string];
	if (over !== undefined) return [['AllContainersRestarting', { status: 'False', reason: over }]];
	return [['AllContainersRestarting', { status: isRestartingAll(context) ? 'True' : 'False' }]];
}

function initializedOf(context: Context, phase: Phase, statuses: Statuses): Verdict {
	if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
	if (hasContainerStarted(context, statuses)) return TRUE;
	const incomplete = context.inits
		.filter(({ name, role }) => {
			const status = statuses.get(name);
			return role === 'sidecar' ? status?.started !== true : status?.ready !== true;
		})
		.map(({ name }) => name);
	if (incomplete.length === 0) return TRUE;
	return {
		status: 'False',
		reason: 'ContainersNotInitialized',
		message: `containers with incomplete status: [${incomplete.join(' ')}]`,
	};
}

function containersReadyOf(context: Context, phase: Phase, statuses: Statuses): Verdict {
	if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
	if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
	const lasting = [...context.inits.filter(({ role }) => role === 'sidecar'), ...context.apps];
	const unready = lasting.map(({ name }) => name).filter((name) => !isReady(statuses.get(name)));
	if (unready.length === 0) return TRUE;
	return {
		status: 'False',
		reason: 'ContainersNotReady',
		message: `containers with unready status: [${unready.join(' ')}]`,
	};
}

function isReady(status: ContainerStatus | undefined): boolean {
	return status?.ready === true;
}

function gatesOf(context: Context): Verdict {
	const conditions = context.previous.conditions ?? [];
	const told = (context.pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
		const condition = conditions.find(({ type }) => type === conditionType);
		if (condition === undefined) {
			return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
		}
		if (condition.status === 'True') return [];
		return [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`];
	});
	if (told.length === 0) return TRUE;
	return { status: 'False', reason: 'ReadinessGatesNotReady', message: told.join(', ') };
}
