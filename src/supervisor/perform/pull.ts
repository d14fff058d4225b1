/**
 * Pulling, with the pod's own secrets first and the user's logins after them, and what it is worth telling.
 * Locally a `:latest` that can't be pulled may be the one that the engine has: said, not hidden.
 */
import type { Secret } from '../../api/types.ts';
import { secretCredentials, userCredentials } from '../../engine/credentials.ts';
import { EngineError, type RegistryAuth } from '../../engine/engine.ts';
import type { PullImage } from '../../reconcile/action.ts';
import { DeedError } from '../deed-error.ts';
import { fieldPathOf } from './containers.ts';
import type { Deed, PerformerParts } from './performer.ts';
import { tellProgress } from './pull-progress.ts';

/** Pulls and tells it in events. Throws DeedError ErrImagePull, and what belongs to it. */
export async function pullImage(parts: PerformerParts, deed: Deed, action: PullImage): Promise<void> {
	const { images, recorder, clock } = parts;
	const { pod, journal } = deed;
	const { image, container } = action;
	const about = container.startsWith('volume:') ? {} : { fieldPath: fieldPathOf(deed, container) };
	const note = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
		recorder.record(pod, { type, reason, message, ...about }, clock.now());
	const begun = clock.now();
	note('Normal', 'Pulling', `Pulling image "${image}"`);
	try {
		await pullWithAny(parts, deed, image);
		const took = `${((clock.now() - begun) / 1000).toFixed(3)}s`;
		const found = await images.find(image);
		const size = found === undefined ? '' : ` Image size: ${found.sizeBytes} bytes.`;
		note(
			'Normal',
			'Pulled',
			`Successfully pulled image "${image}" in ${took} (${took} including waiting).${size}`,
		);
	} catch (error) {
		const there = action.fallback ? await images.find(image) : undefined;
		const text = error instanceof Error ? error.message : String(error);
		if (there === undefined) {
			throw new DeedError(
				'ErrImagePull',
				text,
				[
					{
						type: 'Warning',
						reason: 'Failed',
						message: `Failed to pull image "${image}": ${text}`,
						...about,
					},
					{ type: 'Warning', reason: 'Failed', message: 'Error: ErrImagePull', ...about },
				],
				error,
			);
		}
		note(
			'Warning',
			'PullFallback',
			`could not pull "${image}" (${text}): using the image that the engine has`,
		);
	}
	journal.pulled.set(container, { attempt: action.attempt, at: clock.now() });
}

/** One login after the other, as the kubelet does, until the registry is content. */
async function pullWithAny(parts: PerformerParts, deed: Deed, image: string): Promise<void> {
	const { images } = parts;
	let refused: unknown;
	for (const auth of await credentials(parts, deed, image)) {
		try {
			await images.pull(image, auth, tellProgress(parts, deed, image));
			return;
		} catch (error) {
			if (!(error instanceof EngineError) || error.code !== 'UNAUTHORIZED') throw error;
			refused = error;
		}
	}
	throw refused;
}

async function credentials(
	parts: PerformerParts,
	{ pod }: Deed,
	image: string,
): Promise<(RegistryAuth | undefined)[]> {
	const namespace = pod.metadata.namespace ?? 'default';
	const secrets = (pod.spec.imagePullSecrets ?? [])
		.map(({ name }) => parts.store.get<Secret>('Secret', namespace, name ?? ''))
		.filter((secret) => secret !== undefined);
	const own = secretCredentials(image, secrets as Parameters<typeof secretCredentials>[1]);
	return [...own, await userCredentials(image, parts.env)];
}
