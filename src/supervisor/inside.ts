/**
 * Folders inside of a folder that containers write to. A container may put a symbolic link in the way at any moment,
 * also between a look and a deed; so each step is taken from the folder that was opened before it, as openat(2) does,
 * and a link is never followed.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

/** Linux': the handle names a file, and opens nothing of it. Node has no word for it. */
const O_PATH = 0o10000000;
const ROOT = constants.O_RDONLY | constants.O_DIRECTORY;
const STEP = ROOT | constants.O_NOFOLLOW;

/** What a folder that is missing is made with. */
export interface FolderFacts {
	readonly mode: number;
	readonly uid?: number;
	readonly gid?: number;
}

/**
 * Opens the folder `path` below `root`, which is trusted. What is missing is made. The caller closes the handle.
 * Throws when a step is a symbolic link, no folder, or `..`.
 */
export async function openFolder(root: string, path: string, facts: FolderFacts): Promise<FileHandle> {
	let folder = await open(root, ROOT);
	let reached = root;
	try {
		for (const name of path.split('/').filter((step) => step !== '' && step !== '.')) {
			if (name === '..') throw new Error(`${path} leads out of ${root}`);
			const next = await enter(folder, reached, name, facts);
			await folder.close();
			folder = next;
			reached = join(reached, name);
		}
		return folder;
	} catch (error) {
		await folder.close();
		throw error;
	}
}

/**
 * Opens the folder `path` below `root` for nothing but to stand for it, whatever its path may become. Undefined when
 * it is a file. The caller closes the handle. Throws when a step is a symbolic link, or missing.
 */
export async function holdFolder(root: string, path: string): Promise<FileHandle | undefined> {
	const steps = path.split('/').filter((step) => step !== '' && step !== '.');
	let folder = await open(root, ROOT | O_PATH);
	let reached = root;
	try {
		for (const name of steps) {
			const next = await open(below(folder, reached, name), constants.O_NOFOLLOW | O_PATH);
			await folder.close();
			folder = next;
			reached = join(reached, name);
			const found = await folder.stat();
			if (found.isDirectory()) continue;
			if (found.isFile() && name === steps.at(-1)) {
				await folder.close();
				return undefined;
			}
			throw new Error(`${reached} is a symbolic link or no folder`);
		}
		return folder;
	} catch (error) {
		await folder.close().catch(() => {});
		throw error;
	}
}

/** Owner and mode, in the order in which neither takes the other away. */
export async function endow(folder: FileHandle, { mode, uid, gid }: FolderFacts): Promise<void> {
	if (uid !== undefined && gid !== undefined) await folder.chown(uid, gid);
	// After chown, which takes setgid away.
	await folder.chmod(mode);
}

async function enter(
	folder: FileHandle,
	reached: string,
	name: string,
	facts: FolderFacts,
): Promise<FileHandle> {
	const path = below(folder, reached, name);
	const existed = await opened(path);
	if (existed !== undefined) return existed;
	await mkdir(path, facts.mode).catch((error: NodeJS.ErrnoException) => {
		// Somebody else was quicker: what it is shows when it is opened.
		if (error.code !== 'EEXIST') throw error;
	});
	const made = await open(path, STEP).catch((error: unknown) => {
		throw refused(reached, name, error);
	});
	await endow(made, facts);
	return made;

	async function opened(at: string): Promise<FileHandle | undefined> {
		try {
			return await open(at, STEP);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
			throw refused(reached, name, error);
		}
	}
}

/** A name in an open folder: Linux has a path for it that no link can bend. */
function below(folder: FileHandle, reached: string, name: string): string {
	return process.platform === 'linux' ? `/proc/self/fd/${folder.fd}/${name}` : join(reached, name);
}

/** A link gives ELOOP, or ENOTDIR since a folder is asked for. */
function refused(reached: string, name: string, cause: unknown): Error {
	const { code, message } = cause as NodeJS.ErrnoException;
	if (code !== 'ELOOP' && code !== 'ENOTDIR') return cause instanceof Error ? cause : new Error(message);
	return new Error(`${join(reached, name)} is a symbolic link or no folder`, { cause });
}

/** At most the last `limit` bytes of a regular file that is no link; nothing when there is no such file. */
export async function readEnd(path: string, limit: number): Promise<Buffer> {
	const found = await lstat(path).catch(() => undefined);
	if (!found?.isFile()) return Buffer.alloc(0);
	const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	try {
		const { size } = await file.stat();
		const length = Math.min(size, limit);
		const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
		return buffer.subarray(0, bytesRead);
	} finally {
		await file.close();
	}
}
