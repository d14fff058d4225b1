/**
 * Files of the fake engine: trees of entries (a container's root, a volume, the host), mounts of one over the
 * other, symlinks followed, tars unpacked and packed. Owners and modes are kept, but nobody is refused.
 */
import { posix } from 'node:path';
import { type TarEntry, tar, untar } from '../tar.ts';

export interface FakeFile {
	type: 'file' | 'directory' | 'symlink';
	mode: number;
	uid: number;
	gid: number;
	data: Buffer;
	linkTarget: string;
}

/** Absolute path → entry; '/' is always there. */
export class FakeTree {
	readonly files = new Map<string, FakeFile>([['/', directory(0o755)]]);

	/** Writes a file and the directories above it. */
	write(path: string, data: string | Buffer): void {
		this.put(path, { type: 'file', mode: 0o644, uid: 0, gid: 0, data: Buffer.from(data), linkTarget: '' });
	}

	mkdir(path: string, mode = 0o755): void {
		this.put(path, directory(mode));
	}

	put(path: string, file: FakeFile): void {
		for (let above = posix.dirname(path); !this.files.has(above); above = posix.dirname(above)) {
			this.files.set(above, directory(0o755));
		}
		if (file.type !== 'directory') this.remove(path);
		this.files.set(path, file);
	}

	remove(path: string): void {
		for (const known of this.files.keys()) {
			if (known === path || known.startsWith(`${path}/`)) this.files.delete(known);
		}
	}
}

export interface FakeMount {
	readonly target: string;
	readonly tree: FakeTree;
	/** Where in the tree the mount's root is. */
	readonly root: string;
	readonly readOnly: boolean;
}

/** What a container sees: its own root with the mounts over it. */
export class FakeView {
	readonly root = new FakeTree();
	readonly mounts: FakeMount[] = [];

	/** The text of a file, symlinks followed; undefined when it is not there. */
	read(path: string): string | undefined {
		return this.find(path)?.file.data.toString('utf8');
	}

	/** Writes a file as a process in the container does, through its mounts; links are not followed. */
	write(path: string, text: string): void {
		const { tree, inner } = this.#locate(path);
		tree.write(inner, text);
	}

	/** The entry with every symlink on the way resolved. */
	find(path: string, followLast = true): { path: string; file: FakeFile } | undefined {
		const at = this.#resolve(path, followLast, 0);
		const { tree, inner } = this.#locate(at);
		const file = tree.files.get(inner);
		return file ? { path: at, file } : undefined;
	}

	isReadOnly(path: string): boolean {
		return this.#locate(this.#resolve(path, true, 0)).readOnly;
	}

	/** Unpacks into a directory; false when that is not there. Symlinks on the way are followed, the last not. */
	unpack(folder: string, archive: Buffer): boolean {
		if (this.find(folder)?.file.type !== 'directory') return false;
		for (const entry of untar(archive)) {
			const wanted = posix.join(folder, entry.path);
			const above = this.#resolve(posix.dirname(wanted), true, 0);
			const path = posix.join(above, posix.basename(wanted));
			const { tree, inner } = this.#locate(path);
			if (inner === '/') continue;
			tree.put(inner, {
				type: entry.type,
				mode: entry.mode ?? 0o644,
				uid: entry.uid ?? 0,
				gid: entry.gid ?? 0,
				data: Buffer.from(entry.data ?? ''),
				linkTarget: entry.linkTarget ?? '',
			});
		}
		return true;
	}

	/** A tar of a file or a tree, named as the engine does: by the last part of the path. */
	pack(path: string): Buffer | undefined {
		const start = this.find(path, false);
		if (!start) return undefined;
		const name = posix.basename(posix.normalize(path)) || '/';
		const entries: TarEntry[] = [toEntry(name, start.file)];
		if (start.file.type === 'directory') {
			const { tree, inner } = this.#locate(start.path);
			const prefix = inner === '/' ? '/' : `${inner}/`;
			for (const [known, file] of [...tree.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
				if (known !== inner && known.startsWith(prefix)) {
					entries.push(toEntry(`${name}/${known.slice(prefix.length)}`, file));
				}
			}
		}
		return tar(entries);
	}

	#locate(path: string): { tree: FakeTree; inner: string; readOnly: boolean } {
		let best: FakeMount | undefined;
		for (const mount of this.mounts) {
			const under = path === mount.target || path.startsWith(`${mount.target}/`);
			if (under && mount.target.length > (best?.target.length ?? 0)) best = mount;
		}
		if (!best) return { tree: this.root, inner: path, readOnly: false };
		const inner = posix.join(best.root, path.slice(best.target.length)).replace(/(.)\/$/, '$1');
		return { tree: best.tree, inner, readOnly: best.readOnly };
	}

	#resolve(path: string, followLast: boolean, depth: number): string {
		const parts = posix
			.normalize(`/${path}`)
			.split('/')
			.filter((part) => part !== '');
		let at = '/';
		for (const [index, part] of parts.entries()) {
			const next = posix.join(at, part);
			const { tree, inner } = this.#locate(next);
			const file = tree.files.get(inner);
			const last = index === parts.length - 1;
			if (file?.type === 'symlink' && (!last || followLast) && depth < 40) {
				at = this.#resolve(posix.resolve(at, file.linkTarget), true, depth + 1);
			} else {
				at = next;
			}
		}
		return at;
	}
}

function toEntry(path: string, file: FakeFile): TarEntry {
	return {
		path,
		type: file.type,
		mode: file.mode,
		uid: file.uid,
		gid: file.gid,
		data: file.data,
		linkTarget: file.linkTarget,
	};
}

function directory(mode: number): FakeFile {
	return { type: 'directory', mode, uid: 0, gid: 0, data: Buffer.alloc(0), linkTarget: '' };
}
