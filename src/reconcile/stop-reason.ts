/** Why a container is made to end: kept with the deed (`deeds.stopping.reason`), told in its Killing event. */

export interface StopReason {
	/** The text of the Killing event. */
	readonly told: (container: string, restarts: boolean) => string;
	/** It is followed by another attempt whatever the policy. */
	readonly replaces?: boolean;
	/** A probe or hook has failed: the container counts as failed, whatever its exit code. */
	readonly failure?: boolean;
}

const STOPPING = (container: string) => `Stopping container ${container}`;
const because = (why: string) => (container: string, restarts: boolean) =>
	`Container ${container} ${why}${restarts ? ', will be restarted' : ''}`;

export const REASONS: Readonly<Record<string, StopReason>> = {
	PodDeleted: { told: STOPPING },
	PodFinished: { told: STOPPING },
	DeadlineExceeded: { told: STOPPING },
	/** The node takes back what the pod should not have used: at once, whatever the pod's grace period. */
	Evicted: { told: STOPPING },
	/** The pause is gone. */
	SandboxChanged: { told: STOPPING },
	/** The pause is to be made anew, since the pod's own fields have changed. */
	SandboxReplaced: { told: because('lives in a sandbox whose definition changed'), replaces: true },
	Removed: { told: STOPPING },
	SpecChanged: { told: because('definition changed'), replaces: true },
	ResourcesChanged: { told: because('resize requires restart'), replaces: true },
	/** A rule RestartAllContainers has been met. */
	AllRestarted: { told: because('is restarted with all containers of the pod'), replaces: true },
	RestartRequested: { told: because('restart requested'), replaces: true },
	LivenessFailed: { told: because('failed liveness probe'), failure: true },
	StartupFailed: { told: because('failed startup probe'), failure: true },
	PostStartFailed: { told: () => 'FailedPostStartHook', failure: true },
};

/** Whether what was stopped for this reason is followed by another attempt whatever the policy. */
export function isReplacing(reason: string | undefined): boolean {
	return reason !== undefined && REASONS[reason]?.replaces === true;
}
