/**
 * Localhost seccomp profiles: JSON files of this machine, named relative to the kubelet's folder for them
 * (or PODRUN_SECCOMP_ROOT). The engine takes a profile's text, so the file need not be on its machine.
 */
import { readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import type { Pod } from '../../api/types.ts';
import { allContainers } from '../../translate/volumes.ts';

const KUBELET_ROOT = '/var/lib/kubelet/seccomp';

/** Contents by localhostProfile; one that is not there is left out, and the translation says so. */
export async function seccompProfiles(
	pod: Pod,
	env: NodeJS.ProcessEnv,
): Promise<ReadonlyMap<string, string>> {
	const contexts = [
		pod.spec.securityContext,
		...allContainers(pod).map(({ securityContext }) => securityContext),
	];
	const names = new Set(contexts.flatMap((context) => context?.seccompProfile?.localhostProfile ?? []));
	const found = new Map<string, string>();
	for (const name of names) {
		const relative = normalize(`/${name}`);
		const content = await readFile(join(env['PODRUN_SECCOMP_ROOT'] || KUBELET_ROOT, relative), 'utf8').catch(
			() => undefined,
		);
		if (content !== undefined) found.set(name, content);
	}
	return found;
}
