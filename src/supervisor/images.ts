/**
 * Images on the engine, by the references that specs use: looked up once, forgotten when an image event
 * says so, pulled once however many containers wait for the same one. The infra image is loaded from inside
 * podrun the first time that a pause is made.
 */
import {
	type Engine,
	EngineError,
	type EngineImage,
	type EngineInfo,
	type PullProgress,
	type RegistryAuth,
} from '../engine/engine.ts';
import { infraArch, infraImage } from '../engine/infra-image.ts';

interface Pull {
	readonly done: Promise<string>;
	readonly listeners: Set<(progress: PullProgress) => void>;
}

export class Images {
	readonly #engine: Engine;
	readonly #info: EngineInfo;
	readonly #override: string | undefined;
	readonly #known = new Map<string, EngineImage>();
	readonly #looking = new Map<string, Promise<EngineImage | undefined>>();
	readonly #pulls = new Map<string, Pull>();
	#infra: Promise<string> | undefined;

	/** `override` is the user's own infra image (`--infra-image`), which must be on the engine or be pulled. */
	constructor(engine: Engine, info: EngineInfo, override?: string) {
		this.#engine = engine;
		this.#info = info;
		this.#override = override;
	}

	/** What the engine has under `ref` (a name or an id); undefined: nothing. */
	async find(ref: string): Promise<EngineImage | undefined> {
		const known = this.#known.get(ref);
		if (known !== undefined) return known;
		let looking = this.#looking.get(ref);
		if (looking === undefined) {
			looking = this.#engine
				.inspectImage(ref)
				.catch((error: unknown) => {
					// A name that the engine can't even read: it has no such image.
					if (error instanceof EngineError && error.code === 'BAD_REQUEST') return undefined;
					throw error;
				})
				.finally(() => this.#looking.delete(ref));
			this.#looking.set(ref, looking);
		}
		const image = await looking;
		if (image !== undefined) this.#known.set(ref, image);
		return image;
	}

	/** An image event, or a pull: what was known is stale. */
	forget(): void {
		this.#known.clear();
	}

	/** Resolves with the id. Callers that want the same image share one pull; each hears the progress. */
	pull(
		ref: string,
		auth: RegistryAuth | undefined,
		onProgress?: (progress: PullProgress) => void,
	): Promise<string> {
		// Another account may see another image: only equal credentials share.
		const key = JSON.stringify([ref, auth?.serveraddress, auth?.username, auth?.identitytoken]);
		let pull = this.#pulls.get(key);
		if (pull === undefined) {
			const listeners = new Set<(progress: PullProgress) => void>();
			const done = this.#engine
				.pullImage(ref, {
					...(auth === undefined ? {} : { auth }),
					onProgress: (progress) => {
						for (const listener of listeners) listener(progress);
					},
				})
				.finally(() => {
					this.#pulls.delete(key);
					this.forget();
				});
			pull = { done, listeners };
			this.#pulls.set(key, pull);
		}
		if (onProgress !== undefined) pull.listeners.add(onProgress);
		return pull.done;
	}

	/** The reference to create a pause from; loads podrun's own image into the engine when it is not there. */
	infra(): Promise<string> {
		this.#infra ??= this.#loadInfra().catch((error: unknown) => {
			this.#infra = undefined;
			throw error;
		});
		return this.#infra;
	}

	/** The infra image was removed by somebody: load it again at the next pause. */
	forgetInfra(): void {
		this.#infra = undefined;
	}

	async #loadInfra(): Promise<string> {
		if (this.#override !== undefined) {
			if ((await this.find(this.#override)) === undefined) await this.pull(this.#override, undefined);
			return this.#override;
		}
		const arch = infraArch(this.#info.arch);
		if (arch === undefined) {
			throw new EngineError(
				'UNKNOWN',
				`podrun has no infra image for ${this.#info.arch}: give one with --infra-image`,
			);
		}
		const { tag, tar } = infraImage(arch);
		if ((await this.find(tag)) === undefined) await this.#engine.loadImage(tar);
		return tag;
	}
}
