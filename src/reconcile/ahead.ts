/**
 * The attempt that is made while the crash back-off before it runs, so that only its start is left when the time
 * has come. Nobody sees it: the status goes on telling of the dead one. A kubelet makes a container from what is
 * true at its start; so nothing is made ahead that reads other objects or needs a pull, and what was made is
 * thrown away when the restart it was made for does not come, or comes on other terms.
 */
import { attemptsOf, type Context, isPristine, type Member } from './context.ts';
import { imageNeed, pullPolicyOf } from './images.ts';
import type { ObservedContainer } from './observed.ts';
import { isRestarted, restartOf } from './restart.ts';

/** May this attempt be made before its time, with the same outcome as at its time? */
export function mayBeMadeAhead(context: Context, member: Member, attempt: number): boolean {
	const { envFrom = [], env = [], volumeMounts = [] } = member.spec;
	const readsOthers = envFrom.length > 0 || env.some(({ valueFrom }) => valueFrom !== undefined);
	const images = new Set(
		(context.pod.spec.volumes ?? []).filter(({ image }) => image).map(({ name }) => name),
	);
	const looksIntoVolumes = volumeMounts.some(
		({ name, subPath, subPathExpr }) => subPath || subPathExpr || images.has(name),
	);
	return (
		!readsOthers &&
		!looksIntoVolumes &&
		context.volumesReady &&
		pullPolicyOf(member) !== 'Always' &&
		imageNeed(context, member, attempt).ready &&
		!context.observed.failures.has(`container:${member.name}`)
	);
}

/** Was it made for a restart after a crash? Every other attempt is made with no back-off in its label. */
export function isMadeForRestart(made: ObservedContainer): boolean {
	return made.backoffMs !== 0;
}

/** Why the restart that an attempt was made for is not the one that is to come. */
export function outdated(context: Context, member: Member, made: ObservedContainer): string | undefined {
	const dead = attemptsOf(context, member.name).find((attempt) => !isPristine(attempt));
	if (!isMadeForRestart(made) || dead === undefined) return undefined;
	if (!isRestarted(context, member, dead)) return 'it is not to be restarted any more';
	const restart = restartOf(context, member);
	if (made.backoffMs !== restart.backoffMs) return 'its back-off has changed';
	const image = context.observed.images.get(member.spec.image ?? '')?.id;
	// Looked at once, when its time has come: what was made after that is made from the image of now.
	const isDue = context.now >= restart.at && made.createdAt < restart.at;
	return isDue && image !== undefined && image !== made.imageID ? 'its image has changed' : undefined;
}
