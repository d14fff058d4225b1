/**
 * The pod's own files and the roots of its fresh volumes: hosts, resolv.conf, the empty files that take
 * termination messages, and folders with the mode that Kubernetes promises. By volume, so that they can be
 * written to where the engine keeps a volume, or all at once as one archive for the pause (which costs some
 * 90 ms on an engine that unpacks in a process of its own).
 */
import type { Pod } from '../api/types.ts';
import type { PodContext } from './context.ts';
import { dnsOf, resolvConf } from './dns.ts';
import { hostsFile } from './hostname.ts';
import { messageFile } from './mounts.ts';
import type { TarEntry } from './tar.ts';
import { FILES_VOLUME, filesVolume, MESSAGES_PATH, plannedVolumes, VOLUMES_PATH } from './volumes.ts';

export interface Attempt {
	readonly container: string;
	readonly attempt: number;
}

/** What is to be written into one volume. */
export interface VolumeFiles {
	/** The pod spec's name, or `podrun.files`. */
	readonly volume: string;
	/** The engine's name. */
	readonly name: string;
	/** Relative to the volume's root; `.` is the root itself. */
	readonly entries: readonly TarEntry[];
}

/**
 * What must be written before the first container is created. `fresh`: engine names of the volumes that were
 * just made; the roots of others are the containers' own by now and are left alone.
 */
export function podFiles(
	pod: Pod,
	context: PodContext,
	fresh: ReadonlySet<string>,
	messages: readonly Attempt[],
): VolumeFiles[] {
	const dns = dnsOf(pod, context);
	const own: TarEntry[] = [
		file('hosts', 0o644, hostsFile(pod, context.podIP)),
		...(dns.engineSuffices ? [] : [file('resolv.conf', 0o644, resolvConf(dns))]),
		{ path: MESSAGES_PATH, type: 'directory', mode: 0o755, uid: 0, gid: 0 },
		...messages.map(messageEntry),
	];
	const roots = plannedVolumes(pod, context).flatMap(({ name, volume, root, inPause }): VolumeFiles[] => {
		if (!root || !inPause || !fresh.has(name)) return [];
		const entry: TarEntry = { path: '.', type: 'directory', mode: root.mode, uid: 0, gid: root.gid };
		return [{ volume, name, entries: [entry] }];
	});
	return [...roots, { volume: FILES_VOLUME, name: filesVolume(pod, context).name, entries: own }];
}

/** In the files volume: the file that takes the termination message of one attempt, writable by any user. */
export function messageEntry({ container, attempt }: Attempt): TarEntry {
	return file(messageFile(container, attempt), 0o666, '');
}

/** Where the pause has the termination message of one attempt. */
export function messagePath({ container, attempt }: Attempt): string {
	return `${VOLUMES_PATH}/${FILES_VOLUME}/${messageFile(container, attempt)}`;
}

/** Entries of several volumes as the pause has them: for one archive, unpacked at its `/`. */
export function pauseEntries(groups: readonly Pick<VolumeFiles, 'volume' | 'entries'>[]): TarEntry[] {
	const root = VOLUMES_PATH.slice(1);
	return groups.flatMap(({ volume, entries }) =>
		entries.map((entry) => ({
			...entry,
			path: entry.path === '.' ? `${root}/${volume}` : `${root}/${volume}/${entry.path}`,
		})),
	);
}

function file(path: string, mode: number, content: string): TarEntry {
	return { path, type: 'file', mode, uid: 0, gid: 0, content: Buffer.from(content) };
}
