/**
 * What a container's image needs before the container can be made: nothing, a pull, or time. By pull policy,
 * and by profile: locally a `:latest` that can't be pulled may be the one that the engine has.
 */
import { parseImageRef } from '../api/image-ref.ts';
import type { Instant } from '../api/types.ts';
import type { PullImage } from './action.ts';
import { attemptsOf, type Context, isPristine, type Member, overSince } from './context.ts';
import { type Plan, pullRetryAt } from './plan.ts';

/** ErrImagePull is shown for this long after a failed pull, then ImagePullBackOff until the next. */
const ERROR_SHOWN = 3_000;

export interface Waiting {
	readonly reason: string;
	readonly message?: string;
}

export interface ImageNeed {
	/** The container can be made. */
	readonly ready: boolean;
	readonly pull?: PullImage;
	/** Why it waits, when there is something to tell. */
	readonly waiting?: Waiting;
	/** When `waiting` changes without news. */
	readonly until?: Instant;
}

/** An image that a container can't do without. */
interface Wanted {
	readonly image: string;
	readonly policy: string;
	/** For whom it is pulled: the container, or `volume:<name>`. */
	readonly owner: string;
	readonly attempt: number;
	/** For imagePullPolicy Always: it was pulled as late as that asks for. */
	readonly isFresh: () => boolean;
}

/** What the given attempt of a container needs of its image, and of those of the image volumes that it mounts. */
export function imageNeed(context: Context, member: Member, attempt: number): ImageNeed {
	const own = needOf(context, {
		image: member.spec.image ?? '',
		policy: pullPolicyOf(member),
		owner: member.name,
		attempt,
		isFresh: () => wasPulledFor(context, member, attempt),
	});
	if (!own.ready) return own;
	const needs = volumeImages(context, member).map((wanted) => needOf(context, wanted));
	return needs.find(({ ready }) => !ready) ?? own;
}

function volumeImages(context: Context, member: Member): Wanted[] {
	const mounted = new Set((member.spec.volumeMounts ?? []).map(({ name }) => name));
	return (context.pod.spec.volumes ?? []).flatMap(({ name, image }): Wanted[] => {
		if (!image || !mounted.has(name)) return [];
		const owner = `volume:${name}`;
		const reference = image.reference ?? '';
		const policy = image.pullPolicy ?? (isLatest(reference) ? 'Always' : 'IfNotPresent');
		const isFresh = () => context.observed.pulled.has(owner);
		return [{ image: reference, policy, owner, attempt: 0, isFresh }];
	});
}

function needOf(context: Context, wanted: Wanted): ImageNeed {
	const { image } = wanted;
	if (parseImageRef(image) === undefined) return { ready: false, waiting: invalidName(image) };
	const present = context.observed.images.get(image)?.id !== undefined;
	switch (wanted.policy) {
		case 'Never':
			return present ? { ready: true } : { ready: false, waiting: neverPull(image) };
		case 'IfNotPresent':
			return present ? { ready: true } : pulling(context, wanted, 'the engine does not have it');
		default:
			return present && wanted.isFresh()
				? { ready: true }
				: pulling(context, wanted, 'the pull policy is Always');
	}
}

/** Begins the pull that the image needs. True: nothing is needed. */
export function ensureImage(context: Context, plan: Plan, member: Member, attempt: number): boolean {
	const need = imageNeed(context, member, attempt);
	if (need.pull !== undefined) plan.act(need.pull);
	if (need.until !== undefined) plan.wake(need.until);
	return need.ready;
}

/** The policy, with the default of the API server when it is absent. */
export function pullPolicyOf(member: Member): string {
	return member.spec.imagePullPolicy ?? (isLatest(member.spec.image ?? '') ? 'Always' : 'IfNotPresent');
}

function isLatest(image: string): boolean {
	const ref = parseImageRef(image);
	return ref?.tag === 'latest' && ref.digest === undefined;
}

function pulling(context: Context, { image, owner, attempt }: Wanted, why: string): ImageNeed {
	const pull: PullImage = {
		type: 'PullImage',
		image,
		container: owner,
		attempt,
		fallback: context.settings.profile === 'local' && isLatest(image),
		cause: why,
	};
	const failure = context.observed.failures.get(`image:${image}`);
	if (failure === undefined) return { ready: false, pull };
	const shownUntil = failure.at + ERROR_SHOWN;
	if (context.now < shownUntil) {
		const reason = failure.reason === 'InvalidImageName' ? failure.reason : 'ErrImagePull';
		return { ready: false, pull, waiting: { reason, message: failure.message }, until: shownUntil };
	}
	const message = `Back-off pulling image "${image}": ErrImagePull: ${failure.message}`;
	return {
		ready: false,
		pull,
		waiting: { reason: 'ImagePullBackOff', message },
		until: pullRetryAt(failure),
	};
}

/**
 * Always means: once for each attempt. A pull for another container of the pod that waited for the same image
 * at the same time serves too.
 */
function wasPulledFor(context: Context, member: Member, attempt: number): boolean {
	const { observed } = context;
	const own = observed.pulled.get(member.name);
	if (own?.attempt === attempt) return true;
	const last = attemptsOf(context, member.name).find((one) => !isPristine(one));
	const since = last === undefined ? Number.NEGATIVE_INFINITY : overSince(last);
	return context.members.some(
		({ name, spec }) => spec.image === member.spec.image && (observed.pulled.get(name)?.at ?? since) > since,
	);
}

function invalidName(image: string): Waiting {
	const why = /[A-Z]/.test(image.split('@')[0]?.replace(/:[^/]*$/, '') ?? '')
		? 'repository name must be lowercase'
		: 'invalid reference format';
	const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": ${why}`;
	return { reason: 'InvalidImageName', message };
}

function neverPull(image: string): Waiting {
	const message = `Container image "${image}" is not present with pull policy of Never`;
	return { reason: 'ErrImageNeverPull', message };
}
