/**
 * How many processes and threads a container may have, as a kubelet's podPidsLimit, but for each container: without
 * it one that forks without end takes the whole machine with it. PODRUN_PIDS_LIMIT says another number, 0 for none.
 */
import type { Profile } from '../../api/types.ts';

const DEFAULT = 4096;

/** In profile kubernetes there is none unless it is said, as on a kubelet. What is no number counts as not said. */
export function pidsLimitOf(env: NodeJS.ProcessEnv, profile: Profile): { readonly pidsLimit?: number } {
	const said = env['PODRUN_PIDS_LIMIT'] ?? '';
	const limit = /^\d{1,9}$/.test(said) ? Number(said) : profile === 'kubernetes' ? 0 : DEFAULT;
	return limit === 0 ? {} : { pidsLimit: limit };
}
