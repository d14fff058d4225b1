/**
 * subPath inside of a volume, safe against symbolic links: every component is looked at, a link is followed
 * only while it stays inside, and what is missing is made with the mode of the volume's root. Volumes are
 * seen through the pause, host paths on this machine (of an engine elsewhere they can't be seen, and a subPath is refused).
 */
import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../../engine/engine.ts';
import type { PlannedMount } from '../../translate/mounts.ts';
import { POD_UID } from '../../translate/names.ts';
import { fsGroupOf, VOLUMES_PATH } from '../../translate/volumes.ts';
import { ignoring } from '../ignoring.ts';
import { openFolder } from '../inside.ts';
import type { Deed, PerformerParts } from './performer.ts';

/** As many links as a kernel follows. */
const MOST_LINKS = 40;

interface Entry {
	/** A symbolic link: what it says. */
	readonly link?: string;
	/** A symbolic link: where it leads in the end, from the tree's root; undefined: out of the tree. */
	readonly leadsTo?: string | undefined;
}

/** How a tree is looked at and added to; paths are relative to its root. */
interface Tree {
	look(path: string): Promise<Entry | undefined>;
	make(path: string): Promise<void>;
}

/** By the bits of stat(2). */
const isSymlink = (mode: number): boolean => (mode & 0o170000) === 0o120000;

type WithSubPath = Extract<PlannedMount, { readonly volume: string }>;

/** The path without links, relative to the volume's root; made if it was missing. Throws when it leads outside. */
export async function ensureSubPath(parts: PerformerParts, deed: Deed, mount: WithSubPath): Promise<string> {
	const subPath = mount.subPath ?? '';
	if (mount.kind === 'hostPath') {
		const { engine, info } = parts;
		// Docker Desktop shares folders of this machine under their own paths: those can be looked at here.
		if (!info.local && (await stat(mount.path).catch(() => undefined)) === undefined) {
			throw new Error(
				`${mount.path} is on the machine of the engine at ${engine.address}, where links can't be checked: name the folder itself as the hostPath`,
			);
		}
		return walk(await hostTree(mount.path), subPath, true);
	}
	if (mount.kind === 'volume') return walk(volumeTree(parts, deed, mount), subPath, true);
	return inImage(parts, deed, mount.reference, (tree) => walk(tree, subPath, false));
}

async function walk(tree: Tree, subPath: string, mayMake: boolean): Promise<string> {
	const done: string[] = [];
	let left = subPath.split('/').filter((part) => part !== '' && part !== '.');
	let links = 0;
	while (left.length > 0) {
		const [part = '', ...rest] = left;
		left = rest;
		if (part === '..') {
			if (done.pop() === undefined) throw new Error('a symbolic link leads out of the volume');
			continue;
		}
		const path = [...done, part].join('/');
		const found = await tree.look(path);
		if (found === undefined) {
			if (!mayMake) throw new Error(`${path} is not in the image`);
			await tree.make(path);
		}
		if (found === undefined || !('link' in found || 'leadsTo' in found)) {
			done.push(part);
			continue;
		}
		links += 1;
		const target = found.link ?? found.leadsTo;
		if (target === undefined || target.startsWith('/')) {
			throw new Error('a symbolic link leads out of the volume');
		}
		if (links > MOST_LINKS) throw new Error('too many levels of symbolic links');
		if (found.link === undefined) done.length = 0;
		left = [...target.split('/').filter((step) => step !== '' && step !== '.'), ...left];
	}
	return done.join('/');
}

async function hostTree(path: string): Promise<Tree> {
	const root = await realpath(path);
	return {
		async look(relative) {
			const found = await lstat(join(root, relative)).catch(() => undefined);
			if (found === undefined) return undefined;
			return found.isSymbolicLink() ? { link: await readlink(join(root, relative)) } : {};
		},
		// With the mode of the volume's own folder, as a kubelet makes it.
		make: async (relative) => {
			const made = await openFolder(root, relative, { mode: (await stat(root)).mode & 0o777 });
			await made.close();
		},
	};
}

/** An image's files, through a container of it that is never started. */
async function inImage<T>(
	{ engine }: PerformerParts,
	deed: Deed,
	image: string,
	use: (tree: Tree) => Promise<T>,
): Promise<T> {
	const { uid = '' } = deed.pod.metadata;
	const { id } = await engine.createContainer({
		name: `podrun-look-${uid}-${Math.random().toString(36).slice(2, 10)}`,
		image,
		labels: { [POD_UID]: uid },
		networkMode: 'none',
		entrypoint: ['/'],
	});
	try {
		return await use(engineTree(engine, id, '', () => Promise.reject(new Error('an image is read-only'))));
	} finally {
		await ignoring(['NOT_FOUND'], engine.removeContainer(id, { force: true }));
	}
}

/** What the engine tells of the paths of one container. */
function engineTree(engine: Engine, container: string, root: string, make: Tree['make']): Tree {
	return {
		async look(relative) {
			const found = await engine.statPath(container, `${root}/${relative}`);
			if (found === undefined) return undefined;
			// The engine tells a link's end, all links followed within the container.
			if (!isSymlink(found.mode)) return {};
			const inside = `${found.linkTarget}/`.startsWith(`${root}/`);
			return { leadsTo: inside ? found.linkTarget.slice(root.length).replace(/^\/+/, '') : undefined };
		},
		make,
	};
}

function volumeTree(
	parts: PerformerParts,
	deed: Deed,
	mount: Extract<WithSubPath, { readonly kind: 'volume' }>,
): Tree {
	const pause = deed.observed.sandboxes[0]?.id ?? '';
	const root = `${VOLUMES_PATH}/${mount.volume}`;
	const name = mount.source;
	return engineTree(parts.engine, pause, root, async (relative) => {
		const top = await parts.engine.statPath(pause, root);
		const mode = (top?.mode ?? 0o755) & 0o7777;
		// The root's group, which setgid would have handed down.
		const gid = fsGroupOf(deed.pod) ?? 0;
		const entry = { path: relative, type: 'directory', mode, uid: 0, gid } as const;
		await parts.volumes.writer.write([{ volume: mount.volume, name, entries: [entry] }], pause);
	});
}
