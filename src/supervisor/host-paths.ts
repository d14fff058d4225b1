/**
 * hostPath volumes: the path must be what the volume's type says, before any container starts. Checked on
 * this machine when the engine is local; of a remote engine only the engine itself can tell, at the start.
 */
import type { Stats } from 'node:fs';
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Pod } from '../api/types.ts';
import type { EngineInfo } from '../engine/engine.ts';
import { hostPathVolumes } from '../translate/volumes.ts';
import { DeedError } from './deed-error.ts';

/** Throws DeedError (FailedMount) in the kubelet's words for the first path that is not of its type. */
export async function ensureHostPaths(pod: Pod, info: EngineInfo): Promise<void> {
	if (!info.local) return;
	for (const { volume, path, type, used } of hostPathVolumes(pod)) {
		if (!used) continue;
		const wrong = await ensure(path, type);
		if (wrong !== undefined) {
			const message = `MountVolume.SetUp failed for volume "${volume}" : hostPath type check failed: ${path} is not ${wrong}`;
			throw new DeedError('FailedMount', message, [{ type: 'Warning', reason: 'FailedMount', message }]);
		}
	}
}

/** What it should have been; undefined when all is well. Makes it where the type says so. */
async function ensure(path: string, type: string): Promise<string | undefined> {
	const found = await stat(path).catch(() => undefined);
	switch (type) {
		case '':
			// No check; what is not there becomes a folder, as container runtimes do.
			if (found === undefined) await makeFolders(path, 0o755);
			return undefined;
		case 'DirectoryOrCreate':
			if (found === undefined) await makeFolders(path, 0o755);
			return found !== undefined && !found.isDirectory() ? 'a directory' : undefined;
		case 'FileOrCreate':
			if (found === undefined) {
				if ((await stat(dirname(path)).catch(() => undefined)) === undefined) return 'a file';
				await writeFile(path, '', { flag: 'wx' });
				await chmod(path, 0o644);
			}
			return found !== undefined && !found.isFile() ? 'a file' : undefined;
		default:
			return found !== undefined && is(found, type) ? undefined : WANTED[type];
	}
}

const WANTED: Readonly<Record<string, string>> = {
	Directory: 'a directory',
	File: 'a file',
	Socket: 'a socket file',
	CharDevice: 'a character device',
	BlockDevice: 'a block device',
};

function is(found: Stats, type: string): boolean {
	if (type === 'Directory') return found.isDirectory();
	if (type === 'File') return found.isFile();
	if (type === 'Socket') return found.isSocket();
	if (type === 'CharDevice') return found.isCharacterDevice();
	return type === 'BlockDevice' && found.isBlockDevice();
}

/**
 * The folder and those above it that are missing, all with this mode: the umask of whoever started the supervisor
 * is not the user's wish for the path.
 */
async function makeFolders(path: string, mode: number): Promise<void> {
	const first = await mkdir(path, { recursive: true, mode });
	if (first === undefined) return;
	for (let made = path; made.length >= first.length; made = dirname(made)) await chmod(made, mode);
}
