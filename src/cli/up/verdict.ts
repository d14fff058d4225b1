/**
 * What `up` waits for: is a pod what was asked (Ready or Completed), can it not be, or is it on its way. A
 * function of the pod and its events, so that every reader of them comes to the same end. Pure.
 */
import type { ContainerStatus, Event, Pod } from '../../api/types.ts';
import { statusesOf } from '../containers.ts';

/**
 * Of a failure: `start` can't be overcome by trying again as it stands (image, configuration, ports), `crash`
 * is tried again by the restart policy, `end` is a pod that has failed for good.
 */
export type FailureKind = 'start' | 'crash' | 'end';

export interface PodFailure {
	readonly type: 'failed';
	readonly kind: FailureKind;
	/** One sentence: what failed and why. */
	readonly cause: string;
	/** The container whose log tells more. */
	readonly container?: string;
	/** The pod never got as far as its sandbox: nothing of it can run. */
	readonly sandbox?: boolean;
}

export type Verdict = { readonly type: 'pending' | 'ready' | 'completed' } | PodFailure;

const PENDING: Verdict = { type: 'pending' };

/** Reasons to wait that do not pass by waiting. */
const STUCK = new Set([
	'ErrImagePull',
	'ImagePullBackOff',
	'ErrImageNeverPull',
	'InvalidImageName',
	'ImageInspectError',
	'CreateContainerConfigError',
	'CreateContainerError',
	'RunContainerError',
	'PreCreateHookError',
]);

/** `events` are those of this pod (by uid), of this `up`. */
export function verdictOf(pod: Pod, events: readonly Event[]): Verdict {
	const { status, metadata } = pod;
	const seen = status?.observedGeneration;
	if (seen !== undefined && metadata.generation !== undefined && seen < metadata.generation) {
		return PENDING;
	}
	if (metadata.deletionTimestamp) {
		return { type: 'failed', kind: 'end', cause: 'it is being deleted' };
	}
	switch (status?.phase) {
		case 'Succeeded':
			return { type: 'completed' };
		case 'Failed':
			return failedForGood(pod);
	}
	const ready = status?.conditions?.find(({ type }) => type === 'Ready');
	if (ready?.status === 'True') {
		return { type: 'ready' };
	}
	return unschedulable(pod) ?? stuckContainer(pod) ?? failedSandbox(events) ?? PENDING;
}

function unschedulable(pod: Pod): Verdict | undefined {
	const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
	if (scheduled?.status !== 'False') {
		return undefined;
	}
	return {
		type: 'failed',
		kind: 'start',
		cause: `it does not fit on the engine: ${scheduled.message || scheduled.reason}`,
	};
}

function stuckContainer(pod: Pod): Verdict | undefined {
	for (const status of statusesOf(pod)) {
		const waiting = status.state?.waiting;
		const word = kindWord(pod, status.name);
		if (waiting?.reason === 'CrashLoopBackOff') {
			return { type: 'failed', kind: 'crash', cause: crashText(word, status), container: status.name };
		}
		if (waiting?.reason && STUCK.has(waiting.reason)) {
			const why = waiting.message ? `: ${waiting.message}` : '';
			return {
				type: 'failed',
				kind: 'start',
				cause: `${word} "${status.name}" can't start: ${waiting.reason}${why}`,
			};
		}
	}
	return undefined;
}

function crashText(word: string, status: ContainerStatus): string {
	const last = status.lastState?.terminated;
	const restarts = `${status.restartCount} restart${status.restartCount === 1 ? '' : 's'}`;
	if (!last) {
		return `${word} "${status.name}" keeps failing (${restarts})`;
	}
	return `${word} "${status.name}" ${endText(last.exitCode, last.reason)} and is in back-off after ${restarts}`;
}

function endText(exitCode: number, reason: string | undefined): string {
	const why = reason && reason !== 'Error' && reason !== 'Completed' ? ` (${reason})` : '';
	return exitCode === 0 ? 'ended with exit code 0' : `failed with exit code ${exitCode}${why}`;
}

function failedForGood(pod: Pod): Verdict {
	for (const status of statusesOf(pod)) {
		const end = status.state?.terminated;
		if (end && end.exitCode !== 0) {
			const message = end.message ? `: ${end.message.trim()}` : '';
			return {
				type: 'failed',
				kind: 'end',
				cause: `${kindWord(pod, status.name)} "${status.name}" ${endText(end.exitCode, end.reason)}${message}`,
				container: status.name,
			};
		}
	}
	const { reason, message } = pod.status ?? {};
	return { type: 'failed', kind: 'end', cause: [reason, message].filter(Boolean).join(': ') || 'it failed' };
}

/** A sandbox that can't be made is told in events only; a mount may wait for an object that is on its way. */
function failedSandbox(events: readonly Event[]): Verdict | undefined {
	for (const event of events) {
		if (event.type !== 'Warning') {
			continue;
		}
		const message = (event.message ?? '').trim();
		if (event.reason === 'FailedCreatePodSandBox') {
			return { type: 'failed', kind: 'start', cause: sandboxCause(message), sandbox: true };
		}
		if (event.reason === 'FailedMount' && (event.count ?? 1) > 1) {
			return { type: 'failed', kind: 'start', cause: message };
		}
	}
	return undefined;
}

/** The engine's words of a taken port are long; what matters is the port. */
function sandboxCause(message: string): string {
	const port =
		/listen (?:tcp|udp)\d? \S*?:(\d+): bind: address already in use/.exec(message)?.[1] ??
		/Bind for \S*?:(\d+) failed: port is already allocated/.exec(message)?.[1] ??
		// Docker 28: "for 0.0.0.0:8080:172.17.0.2:80/tcp", or without the container's half.
		/failed to bind host port (?:for )?(?:\[\S*?\]|[^\s:]*):(\d+)[:/]/.exec(message)?.[1];
	return port === undefined
		? message
		: `port ${port} of the host is in use: stop what uses it, or choose another hostPort`;
}

function kindWord(pod: Pod, name: string): string {
	return pod.spec.initContainers?.some((one) => one.name === name) ? 'init container' : 'container';
}
