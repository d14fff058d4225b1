/**
 * subPath inside of a volume, safe against symbolic links: every component is looked at, a link is followed
 * only while it stays inside, and what is missing is made with the mode of the volume's root. Volumes are
 * seen through the pause, host paths on this machine.
 */
import { lstat, mkdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlannedMount } from '../../translate/mounts.ts';
import { VOLUMES_PATH } from '../../translate/volumes.ts';
import type { Deed, PerformerParts } from './performer.ts';

/** As many links as a kernel follows. */
const MOST_LINKS = 40;

interface Entry {
	readonly link?: string;
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
	const tree = mount.kind === 'hostPath' ? await hostTree(mount.path) : volumeTree(parts, deed, mount);
	return walk(tree, mount.subPath ?? '', mount.kind !== 'image');
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
		if (found?.link === undefined) {
			done.push(part);
			continue;
		}
		links += 1;
		if (found.link.startsWith('/')) throw new Error('a symbolic link leads out of the volume');
		if (links > MOST_LINKS) throw new Error('too many levels of symbolic links');
		left = [...found.link.split('/').filter((step) => step !== '' && step !== '.'), ...left];
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
		make: async (relative) => {
			await mkdir(join(root, relative), { mode: 0o755 });
		},
	};
}

function volumeTree(parts: PerformerParts, deed: Deed, mount: WithSubPath): Tree {
	const pause = deed.observed.sandboxes[0]?.id ?? '';
	const root = `${VOLUMES_PATH}/${mount.volume}`;
	const name = 'source' in mount ? mount.source : '';
	return {
		async look(relative) {
			const found = await parts.engine.statPath(pause, `${root}/${relative}`);
			if (found === undefined) return undefined;
			return isSymlink(found.mode) ? { link: found.linkTarget } : {};
		},
		async make(relative) {
			const top = await parts.engine.statPath(pause, root);
			const mode = (top?.mode ?? 0o755) & 0o7777;
			const entry = { path: relative, type: 'directory', mode, uid: 0, gid: 0 } as const;
			await parts.volumes.writer.write([{ volume: mount.volume, name, entries: [entry] }], pause);
		},
	};
}
