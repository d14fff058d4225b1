/**
 * A deed that did not succeed, in the kubelet's words: the reason that a waiting state or an event shows,
 * the message, and the events that it is worth. Whatever else is thrown while an action is performed is
 * translated here by the kind of the action.
 */
import type { Action, EventNote } from '../reconcile/action.ts';
import { ENGINE_AWAY } from '../reconcile/observed.ts';
import { isUnreachable } from './engine-link.ts';

export class DeedError extends Error {
	readonly reason: string;
	readonly notes: readonly EventNote[];

	constructor(reason: string, message: string, notes: readonly EventNote[] = [], cause?: unknown) {
		super(message, cause === undefined ? {} : { cause });
		this.name = 'DeedError';
		this.reason = reason;
		this.notes = notes;
	}

	/** No engine answered: no fault of the pod's, and no event of it. */
	get isAbsence(): boolean {
		return this.reason === ENGINE_AWAY;
	}

	/** The error as a failure of `action`. */
	static of(error: unknown, action: Action): DeedError {
		const cause = error instanceof DeedError ? error.cause : error;
		if (isUnreachable(cause)) return new DeedError(ENGINE_AWAY, cause.message, [], cause);
		if (error instanceof DeedError) return error;
		const text = error instanceof Error ? error.message : String(error);
		const { reason, event, message } = told(action, text);
		return new DeedError(
			reason,
			text,
			[{ type: 'Warning', reason: event, message, ...about(action) }],
			error,
		);
	}
}

function told(action: Action, text: string): { reason: string; event: string; message: string } {
	switch (action.type) {
		case 'CreateVolumes':
		case 'WriteVolumes':
			return { reason: 'FailedMount', event: 'FailedMount', message: text };
		case 'CreateSandbox':
		case 'StartSandbox': {
			const message = `Failed to create pod sandbox: ${text}`;
			return { reason: 'FailedCreatePodSandBox', event: 'FailedCreatePodSandBox', message };
		}
		case 'PullImage':
			return {
				reason: 'ErrImagePull',
				event: 'Failed',
				message: `Failed to pull image "${action.image}": ${text}`,
			};
		case 'CreateContainer':
			return { reason: 'CreateContainerError', event: 'Failed', message: `Error: ${text}` };
		case 'StartContainer':
			return {
				reason: 'RunContainerError',
				event: 'Failed',
				message: `Error: failed to start container "${action.container}": ${text}`,
			};
		case 'RunHook': {
			const event = action.hook === 'postStart' ? 'FailedPostStartHook' : 'FailedPreStopHook';
			return { reason: event, event, message: text };
		}
		case 'SignalContainer':
		case 'RemoveContainer':
		case 'UnpauseContainer':
			return { reason: 'FailedKillPod', event: 'FailedKillPod', message: `error killing pod: ${text}` };
		case 'RemovePod':
			return { reason: 'FailedKillPod', event: 'FailedKillPod', message: `error removing pod: ${text}` };
		case 'UpdateResources':
			return { reason: 'ResizeError', event: 'ResizeError', message: text };
		case 'ReadMessage':
			return { reason: 'FailedReadMessage', event: 'FailedReadMessage', message: text };
	}
}

function about(action: Action): { fieldPath?: string } {
	return 'container' in action ? { fieldPath: `spec.containers{${action.container}}` } : {};
}
