/** Images through the Docker Engine API: inspect, pull, load, build, remove. */
import { parseImageRef } from '../../api/image-ref.ts';
import { type Engine, EngineError } from '../engine.ts';
import { classifyRegistry } from '../engine-errors.ts';
import { messages, pullProgress } from '../progress.ts';
import * as shapes from '../shapes.ts';
import type { Transport } from '../transport.ts';
import { build } from './build.ts';
import { absent, reading, segments } from './requests.ts';

type Verbs = Pick<Engine, 'inspectImage' | 'pullImage' | 'loadImage' | 'buildImage' | 'removeImage'>;

/** See `Engine` for each. */
export function imageVerbs(transport: Transport): Verbs {
	const inspectImage: Engine['inspectImage'] = (ref) =>
		absent(async () =>
			shapes.toImage(
				await transport.json<shapes.ImageJson>({ method: 'GET', path: `/images/${segments(ref)}/json` }),
			),
		);

	return {
		inspectImage,

		async pullImage(ref, { auth, onProgress, signal }) {
			const parsed = parseImageRef(ref);
			if (!parsed) throw new EngineError('BAD_REQUEST', `invalid reference format: "${ref}"`);
			const suffix = parsed.digest ?? parsed.tag ?? 'latest';
			try {
				const stream = await transport.stream({
					method: 'POST',
					path: '/images/create',
					// Without a tag the engine would pull every tag that there is.
					query: { fromImage: `${parsed.registry}/${parsed.repository}`, tag: suffix },
					...(auth ? { auth } : {}),
					...(signal ? { signal } : {}),
				});
				for await (const message of reading(transport.address, stream, messages(stream), signal)) {
					const progress = pullProgress(message);
					if (progress) onProgress?.(progress);
				}
			} catch (error) {
				throw asRegistryError(error);
			}
			const image = await inspectImage(ref);
			if (!image)
				throw new EngineError('IMAGE_NOT_FOUND', `${ref} was pulled, but the engine does not have it`);
			return image.id;
		},

		async loadImage(tar) {
			const stream = await transport.stream({
				method: 'POST',
				path: '/images/load',
				query: { quiet: true },
				file: tar,
			});
			for await (const _ of reading(transport.address, stream, messages(stream))) {
				// Only an in-band error matters, and that is thrown.
			}
		},

		async buildImage(options, onOutput, signal) {
			let id = await build(transport, options, onOutput, signal);
			id ??= (await inspectImage(options.tag))?.id;
			if (id === undefined)
				throw new EngineError('UNKNOWN', `the build of ${options.tag} ended without an image`);
			return id;
		},

		async removeImage(ref) {
			await transport.json({ method: 'DELETE', path: `/images/${segments(ref)}` });
		},
	};
}

/** In a pull everything that the registry may have said is read once more, whatever the status code was. */
function asRegistryError(error: unknown): unknown {
	if (!(error instanceof EngineError) || error.code === 'ABORTED' || error.code === 'UNREACHABLE')
		return error;
	const code =
		classifyRegistry(error.message) ?? (error.code === 'NOT_FOUND' ? 'IMAGE_NOT_FOUND' : error.code);
	return new EngineError(code, error.message, {
		cause: error,
		...(error.statusCode === undefined ? {} : { statusCode: error.statusCode }),
	});
}
