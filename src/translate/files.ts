/**
 * The pod's own files and the roots of its fresh volumes, as one archive for the pause: hosts, resolv.conf, the
 * empty files that take termination messages, and folders with the mode that Kubernetes promises. Unpacked at
 * the pause's root, it does all volumes in one call.
 */
import type { Pod } from '../api/types.ts';
import type { PodContext } from './context.ts';
import { dnsOf, resolvConf } from './dns.ts';
import { hostsFile } from './hostname.ts';
import { messageFile } from './mounts.ts';
import type { TarEntry } from './tar.ts';
import { FILES_VOLUME, MESSAGES_PATH, plannedVolumes, VOLUMES_PATH } from './volumes.ts';

/** Relative to the pause's root. */
const ROOT = VOLUMES_PATH.slice(1);

export interface Attempt {
	readonly container: string;
	readonly attempt: number;
}

/**
 * What the pause must be given before the first container is created. `fresh`: engine names of the volumes that
 * were just made; the roots of others are the containers' own by now and are left alone.
 */
export function podFiles(
	pod: Pod,
	context: PodContext,
	fresh: ReadonlySet<string>,
	messages: readonly Attempt[],
): TarEntry[] {
	const entries: TarEntry[] = [];
	for (const { name, volume, root, inPause } of plannedVolumes(pod, context)) {
		if (!root || !inPause || !fresh.has(name)) continue;
		entries.push({ path: `${ROOT}/${volume}`, type: 'directory', mode: root.mode, uid: 0, gid: root.gid });
	}
	const dns = dnsOf(pod, context);
	entries.push(file('hosts', 0o644, hostsFile(pod, context.podIP)));
	if (!dns.engineSuffices) entries.push(file('resolv.conf', 0o644, resolvConf(dns)));
	entries.push({
		path: `${ROOT}/${FILES_VOLUME}/${MESSAGES_PATH}`,
		type: 'directory',
		mode: 0o755,
		uid: 0,
		gid: 0,
	});
	return [...entries, ...messages.map(messageEntry)];
}

/** The file that takes the termination message of one attempt: empty, and writable by any user. */
export function messageEntry({ container, attempt }: Attempt): TarEntry {
	return file(messageFile(container, attempt), 0o666, '');
}

/** Where the pause has the termination message of one attempt. */
export function messagePath({ container, attempt }: Attempt): string {
	return `${VOLUMES_PATH}/${FILES_VOLUME}/${messageFile(container, attempt)}`;
}

/** Entries of one volume, moved to where the pause has it. */
export function inVolume(volume: string, entries: readonly TarEntry[]): TarEntry[] {
	return entries.map((entry) => ({ ...entry, path: `${ROOT}/${volume}/${entry.path}` }));
}

function file(path: string, mode: number, content: string): TarEntry {
	return {
		path: `${ROOT}/${FILES_VOLUME}/${path}`,
		type: 'file',
		mode,
		uid: 0,
		gid: 0,
		content: Buffer.from(content),
	};
}
