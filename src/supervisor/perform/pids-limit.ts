/**
 * How many processes and threads a container may have, as a kubelet's podPidsLimit, but for each container: without
 * it one that forks without end takes the whole machine with it. PODRUN_PIDS_LIMIT says another number, 0 for none.
 */
const DEFAULT = 4096;

/** Throws nothing: what is no number counts as not said. */
export function pidsLimitOf(env: NodeJS.ProcessEnv): { readonly pidsLimit?: number } {
	const said = env['PODRUN_PIDS_LIMIT'] ?? '';
	const limit = /^\d{1,9}$/.test(said) ? Number(said) : DEFAULT;
	return limit === 0 ? {} : { pidsLimit: limit };
}
