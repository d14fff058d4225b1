/** Which OCI runtime a pod runs on: its runtimeClassName, else the user's default, else the engine's. */
import type { Pod } from '../../api/types.ts';
import { DeedError } from '../deed-error.ts';
import type { PerformerParts } from './performer.ts';

/** Undefined: the engine's own. Throws DeedError when the engine has no runtime of that name. */
export function runtimeOf(parts: PerformerParts, pod: Pod): string | undefined {
	const wanted = pod.spec.runtimeClassName ?? (parts.env['PODRUN_RUNTIME'] || undefined);
	if (wanted === undefined || parts.info.runtimes.includes(wanted)) return wanted;
	const message = `Failed to create pod sandbox: the engine has no runtime "${wanted}", only ${parts.info.runtimes.join(', ')}`;
	throw new DeedError('FailedCreatePodSandBox', message, [
		{ type: 'Warning', reason: 'FailedCreatePodSandBox', message },
	]);
}
