/**
 * The files that variables of a container come from (fileKeyRef), read through the pause, which has every volume
 * of the pod: the container itself need not mount them. A symbolic link may not lead out of its volume.
 */
import type { AnyContainer } from '../../api/types.ts';
import { type EnvFile, envFileKey, envFilesOf } from '../../translate/env-files.ts';
import { ConfigError } from '../../translate/errors.ts';
import { VOLUMES_PATH } from '../../translate/volumes.ts';
import { firstFile } from '../first-file.ts';
import type { PerformerParts } from './performer.ts';

/** Far more than an environment may be. */
const MOST = 1024 * 1024;
/** By the bits of stat(2). */
const isSymlink = (mode: number): boolean => (mode & 0o170000) === 0o120000;
const isFolder = (mode: number): boolean => (mode & 0o170000) === 0o040000;

/** Their texts by `envFileKey`, without those that are not there. Throws ConfigError for what is no file of the volume. */
export async function envFiles(
	parts: PerformerParts,
	container: AnyContainer,
	sandboxID: string,
): Promise<ReadonlyMap<string, string>> {
	const texts = new Map<string, string>();
	for (const file of envFilesOf(container)) {
		const text = await textOf(parts, file, sandboxID);
		if (text !== undefined) texts.set(envFileKey(file), text);
	}
	return texts;
}

async function textOf({ engine }: PerformerParts, file: EnvFile, pause: string): Promise<string | undefined> {
	const root = `${VOLUMES_PATH}/${file.volume}`;
	const refuse = (why: string): ConfigError => {
		const what = `couldn't read env file "${file.path}" of volume "${file.volume}"`;
		return new ConfigError('CreateContainerConfigError', `${what}: ${why}`);
	};
	let path = root;
	for (const part of file.path.split('/').filter((step) => step !== '' && step !== '.')) {
		path = `${path}/${part}`;
		const found = await engine.statPath(pause, path);
		if (found === undefined) return undefined;
		if (!isSymlink(found.mode)) continue;
		// The engine tells a link's end, all links followed within the pause.
		if (!found.linkTarget.startsWith(`${root}/`)) throw refuse('a symbolic link leads out of the volume');
		path = found.linkTarget;
	}
	const found = await engine.statPath(pause, path);
	if (found === undefined) return undefined;
	if (isFolder(found.mode)) throw refuse('it is a directory');
	if (found.size > MOST) throw refuse(`it has more than ${MOST} bytes`);
	return (await firstFile(await engine.getArchive(pause, path), MOST)).toString('utf8');
}
