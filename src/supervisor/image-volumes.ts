/**
 * Image volumes on engines that have no image mounts (API < 1.48): a volume of the pod that is filled with the
 * image's files, once, before the first container that mounts it is made. The copy goes by archives, through a
 * container of the image that is never started; what the engine itself puts there for its mounts comes along.
 */
import type { Engine } from '../engine/engine.ts';
import { POD_UID } from '../translate/names.ts';
import type { PlannedVolume } from '../translate/volumes.ts';
import { ignoring } from './ignoring.ts';
import type { Images } from './images.ts';

const FILL_PATH = '/fill';

export class ImageVolumes {
	readonly #engine: Engine;
	readonly #images: Images;
	/** By the engine's name: filled, or being filled, with this image. */
	readonly #filled = new Map<string, { readonly image: string; readonly done: Promise<void> }>();

	constructor(engine: Engine, images: Images) {
		this.#engine = engine;
		this.#images = images;
	}

	/** The volume holds the image's files when this resolves. The image must be on the engine. */
	async ensure(planned: PlannedVolume): Promise<void> {
		const reference = planned.image?.reference ?? '';
		const image = (await this.#images.find(reference))?.id;
		if (image === undefined) throw new Error(`image "${reference}" vanished from the engine`);
		const before = this.#filled.get(planned.name);
		if (before?.image === image) return before.done;
		const done = this.#fill(planned, image).catch((error: unknown) => {
			this.#filled.delete(planned.name);
			throw error;
		});
		this.#filled.set(planned.name, { image, done });
		return done;
	}

	forget(name: string): void {
		this.#filled.delete(name);
	}

	async #fill({ name, labels, options }: PlannedVolume, image: string): Promise<void> {
		const engine = this.#engine;
		// Left by a supervisor that ended in the middle.
		const fillers = [`${name}_from`, `${name}_to`] as const;
		for (const filler of fillers)
			await ignoring(['NOT_FOUND'], engine.removeContainer(filler, { force: true }));
		// A container can only have it when it was filled; half of it is made anew.
		if ((await ignoring(['NOT_FOUND', 'CONFLICT'], engine.removeVolume(name))) === 'CONFLICT') return;
		await engine.createVolume({ name, labels, options });
		// With the pod's uid, so that they go with the pod whatever happens.
		const common = { labels: { [POD_UID]: labels[POD_UID] ?? '' }, networkMode: 'none', entrypoint: ['/'] };
		try {
			const from = await engine.createContainer({ ...common, name: fillers[0], image });
			const to = await engine.createContainer({
				...common,
				name: fillers[1],
				image: await this.#images.infra(),
				mounts: [{ type: 'volume', source: name, target: FILL_PATH, readOnly: false, noCopy: true }],
			});
			await engine.putArchive(to.id, FILL_PATH, await engine.getArchive(from.id, '/.'));
		} finally {
			for (const filler of fillers)
				await ignoring(['NOT_FOUND'], engine.removeContainer(filler, { force: true }));
		}
	}
}
