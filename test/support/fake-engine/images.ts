/** The fake engine's images, and the registry that a test fills for its pulls. */
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { parseImageRef } from '../../../src/api/image-ref.ts';
import { type BuildOptions, type Engine, EngineError, type EngineImage } from '../../../src/engine/engine.ts';
import { untar } from '../tar.ts';
import type { Machine } from './machine.ts';
import { fail } from './refusal.ts';

export class FakeImages {
	/** What a pull finds: an image's name, or the refusal. */
	readonly registry = new Map<string, EngineError | 'present'>();
	readonly #machine: Machine;
	readonly #images = new Map<string, EngineImage>();

	constructor(machine: Machine) {
		this.#machine = machine;
	}

	add(ref: string, image: Partial<EngineImage> = {}): EngineImage {
		const known: EngineImage = {
			id: `sha256:${this.#machine.newID()}`,
			tags: [familiar(ref)],
			digests: [],
			user: '',
			entrypoint: [],
			cmd: ['sh'],
			env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
			workingDir: '',
			stopSignal: '',
			exposedPorts: [],
			volumes: [],
			sizeBytes: 1_000_000,
			arch: 'amd64',
			...image,
		};
		this.#images.set(familiar(ref), known);
		return known;
	}

	/** By name or id. */
	find(ref: string): EngineImage | undefined {
		const byName = this.#images.get(familiar(ref));
		return byName ?? [...this.#images.values()].find(({ id }) => id === ref || id === `sha256:${ref}`);
	}

	get(ref: string): EngineImage {
		return this.find(ref) ?? fail('IMAGE_NOT_FOUND', 404, `No such image: ${ref}`);
	}

	pull(ref: string, { onProgress, signal }: Parameters<Engine['pullImage']>[1]): string {
		if (!parseImageRef(ref)) fail('BAD_REQUEST', undefined, `invalid reference format: "${ref}"`);
		if (signal?.aborted) fail('ABORTED', undefined, 'the call was cut off');
		const answer = this.registry.get(familiar(ref)) ?? this.registry.get(ref);
		if (answer instanceof EngineError) throw answer;
		if (!answer) {
			fail('REGISTRY_UNREACHABLE', 500, 'Get "https://registry-1.docker.io/v2/": dial tcp: no such host');
		}
		onProgress?.({ layer: '0123456789ab', status: 'Downloading', current: 1, total: 2 });
		onProgress?.({ layer: '0123456789ab', status: 'Pull complete' });
		const image = this.#images.get(familiar(ref)) ?? this.add(ref);
		this.#machine.events.tell({
			kind: 'image',
			action: 'pull',
			id: familiar(ref),
			attributes: { name: ref },
			at: this.#machine.now,
		});
		return image.id;
	}

	/** What a `docker save` tar names. */
	async load(tar: Readable | Buffer): Promise<void> {
		const entries = untar(Buffer.isBuffer(tar) ? tar : await buffer(tar));
		const manifest = entries.find((entry) => entry.path === 'manifest.json');
		if (!manifest) fail('UNKNOWN', undefined, 'Error processing tar file(exit status 1): unexpected EOF');
		const images = JSON.parse(String(manifest.data)) as { RepoTags?: string[] | null }[];
		for (const tag of images.flatMap((image) => image.RepoTags ?? [])) this.add(tag);
	}

	async build(options: BuildOptions, onOutput: (text: string) => void): Promise<string> {
		const context = untar(await buffer(options.context));
		if (!context.some((entry) => entry.path.replace(/^\.\//, '') === options.dockerfile)) {
			fail('BAD_REQUEST', 400, `Cannot locate specified Dockerfile: ${options.dockerfile}`);
		}
		onOutput('Step 1/1 : FROM scratch\n');
		return this.add(options.tag).id;
	}

	remove(ref: string): void {
		const image = this.get(ref);
		if (this.#machine.all().some((container) => container.image.id === image.id)) {
			fail('CONFLICT', 409, `conflict: unable to remove repository reference "${ref}" (must force)`);
		}
		for (const [tag, { id }] of this.#images) if (id === image.id) this.#images.delete(tag);
	}
}

function familiar(ref: string): string {
	return parseImageRef(ref)?.familiar ?? ref;
}
