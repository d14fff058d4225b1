/** The fake engine's volumes and what is mounted over a container's root: volumes, host folders, tmpfs. */
import type { CreateOptions, Engine, EngineVolume } from '../../../src/engine/engine.ts';
import type { FakeContainer } from './container.ts';
import { FakeTree } from './files.ts';
import { matches } from './labels.ts';
import type { Machine } from './machine.ts';
import { fail } from './refusal.ts';

type Mount = NonNullable<CreateOptions['mounts']>[number];

export class FakeVolumes {
	readonly #machine: Machine;
	/** The host's files, as bind mounts see them. */
	readonly #host: FakeTree;
	readonly #volumes = new Map<string, EngineVolume & { readonly tree: FakeTree }>();

	constructor(machine: Machine, host: FakeTree) {
		this.#machine = machine;
		this.#host = host;
	}

	treeOf(name: string): FakeTree | undefined {
		return this.#volumes.get(name)?.tree;
	}

	/** What is there already stays as it is. */
	create(options: Parameters<Engine['createVolume']>[0]): EngineVolume {
		return told(this.#ensure(options));
	}

	inspect(name: string): EngineVolume | undefined {
		const known = this.#volumes.get(name);
		return known && told(known);
	}

	list(labels: readonly string[]): readonly EngineVolume[] {
		return [...this.#volumes.values()].filter((known) => matches(known.labels, labels)).map(told);
	}

	remove(name: string): void {
		if (!this.#volumes.has(name)) fail('NOT_FOUND', 404, `get ${name}: no such volume`);
		const user = this.#machine
			.all()
			.find(({ options }) =>
				options.mounts?.some((mount) => mount.type === 'volume' && mount.source === name),
			);
		if (user) fail('CONFLICT', 409, `remove ${name}: volume is in use - [${user.id}]`);
		this.#volumes.delete(name);
	}

	/** Lays out a new container's root with its mounts. */
	mount({ view, options }: FakeContainer): void {
		view.root.mkdir('/tmp', 0o1777);
		view.root.mkdir('/etc');
		view.root.mkdir('/dev');
		for (const mount of options.mounts ?? []) {
			const { tree, root } = this.#source(mount);
			const readOnly = 'readOnly' in mount && mount.readOnly;
			view.mounts.push({ target: mount.target, tree, root, readOnly });
		}
	}

	#source(mount: Mount): { tree: FakeTree; root: string } {
		switch (mount.type) {
			case 'volume':
				if (mount.subPath) {
					fail('BAD_REQUEST', undefined, 'a volume mount with a subPath needs Docker API 1.45');
				}
				return { tree: this.#ensure({ name: mount.source, labels: {} }).tree, root: '/' };
			case 'bind':
				return this.#bound(mount.source);
			case 'tmpfs':
				return { tree: new FakeTree(), root: '/' };
			case 'image':
				return fail('BAD_REQUEST', undefined, 'an image mount needs Docker API 1.48');
		}
	}

	/** A folder of the host, which may lie in a volume. */
	#bound(source: string): { tree: FakeTree; root: string } {
		const volume = [...this.#volumes.values()].find(
			({ mountpoint }) => source === mountpoint || source.startsWith(`${mountpoint}/`),
		);
		const tree = volume?.tree ?? this.#host;
		const root = volume ? source.slice(volume.mountpoint.length) || '/' : source;
		if (!tree.files.has(root)) {
			fail(
				'BAD_REQUEST',
				400,
				`invalid mount config for type "bind": bind source path does not exist: ${source}`,
			);
		}
		return { tree, root };
	}

	#ensure(options: Parameters<Engine['createVolume']>[0]): EngineVolume & { readonly tree: FakeTree } {
		const known = this.#volumes.get(options.name);
		if (known) return known;
		const made = {
			name: options.name,
			labels: { ...options.labels },
			mountpoint: `/var/lib/docker/volumes/${options.name}/_data`,
			driver: options.driver ?? 'local',
			options: { ...options.options },
			tree: new FakeTree(),
		};
		this.#volumes.set(options.name, made);
		return made;
	}
}

function told({ name, labels, mountpoint, driver, options }: EngineVolume): EngineVolume {
	return { name, labels, mountpoint, driver, options };
}
