/**
 * Images built by the engine, and the containers of a pod that are to run the newest one: the spec names an
 * image by a reference that stays the same, so what was built has to be looked for by its id.
 */
import type { BuildRequest } from '../../api/backend.ts';
import { ApiError } from '../../api/errors.ts';
import { userCredentials } from '../../engine/credentials.ts';
import { type Engine, EngineError } from '../../engine/engine.ts';
import type { Inventory } from '../../engine/observe.ts';
import type { Images } from '../images.ts';
import type { PodWorker } from '../pod-worker.ts';

/** Resolves with the id. `env` leads to the user's logins. Throws ApiError 422 with the engine's words when a step fails. */
export async function buildImage(
	engine: Engine,
	request: BuildRequest,
	env: NodeJS.ProcessEnv,
	onOutput: (text: string) => void,
	signal: AbortSignal,
): Promise<string> {
	const { image, ...rest } = request;
	try {
		const credentials = (host: string) => userCredentials(`${host}/any`, env);
		return await engine.buildImage({ ...rest, tag: image, credentials }, onOutput, signal);
	} catch (error) {
		if (!(error instanceof EngineError) || error.code === 'UNREACHABLE' || error.code === 'ABORTED')
			throw error;
		throw new ApiError(422, 'Invalid', error.message);
	}
}

/** Asks for another attempt of every container whose image has another id now. Resolves with their names. */
export async function replaceImage(
	parts: { readonly inventory: Inventory; readonly images: Images },
	worker: PodWorker,
	image: string,
): Promise<readonly string[]> {
	const { pod } = worker;
	if (pod === undefined) return [];
	parts.images.forget();
	const id = (await parts.images.find(image))?.id;
	const known = await parts.inventory.observe(worker.uid);
	const replaced = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].filter((container) => {
		if (container.image !== image) return false;
		const attempts = known.filter(({ observed }) => observed.name === container.name);
		const newest = attempts.sort((a, b) => b.observed.attempt - a.observed.attempt)[0];
		return newest !== undefined && newest.observed.imageID !== id;
	});
	for (const { name } of replaced) worker.restart(pod, name, parts.inventory);
	return replaced.map(({ name }) => name);
}
