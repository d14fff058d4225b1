/** What the environment in which the supervisor was started says about all pods. */
import { durationMs } from '../api/duration.ts';

export interface SupervisorSettings {
	/** An image that is there, in place of the one that is built in. */
	readonly infraImage: string | undefined;
	/** Of the pods' network, e.g. 10.88.0.0/16. */
	readonly subnet: string | undefined;
	/** Volumes are written through the engine's archive calls only, as on an engine that is elsewhere. */
	readonly archiveOnly: boolean;
	/** As a kubelet's --allowed-unsafe-sysctls: names or `kernel.msg*`. */
	readonly unsafeSysctls: readonly string[];
	readonly maxRestartBackoffMs: number;
}

/** ms: the kubelet's. */
const MAX_BACKOFF = 300_000;

/** Reads the variables; what is no duration counts as not set. */
export function readSettings(env: NodeJS.ProcessEnv): SupervisorSettings {
	const maxBackoff = durationMs(env['PODRUN_MAX_RESTART_BACKOFF'] ?? '') ?? MAX_BACKOFF;
	return {
		infraImage: env['PODRUN_INFRA_IMAGE'] || undefined,
		subnet: env['PODRUN_SUBNET'] || undefined,
		archiveOnly: env['PODRUN_VOLUMES'] === 'archive',
		unsafeSysctls: (env['PODRUN_ALLOWED_UNSAFE_SYSCTLS'] ?? '').split(',').filter((name) => name !== ''),
		maxRestartBackoffMs: Math.min(Math.max(maxBackoff, 1000), MAX_BACKOFF),
	};
}
