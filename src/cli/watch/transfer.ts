/**
 * Files on their way to the supervisor: read as they are now, cut into bodies of bounded size. A file that
 * goes while it is read counts as removed; one that changes is sent again by its next event.
 */
import { lstat, readFile, readlink } from 'node:fs/promises';
import { encodeSync, type SyncEntry, type SyncResult } from '../../api/sync.ts';
import type { Client } from '../../client/client.ts';
import type { SyncWork } from './rules.ts';

export interface Transferred {
	readonly files: number;
	readonly removed: number;
	readonly bytes: number;
	/** False: the next attempt of the container begins with it. */
	readonly delivered: boolean;
	readonly notRemoved?: SyncResult['notRemoved'];
}

const BODY = 16 * 1024 * 1024;
const AT_ONCE = 32;

/** Brings one container up to date. Throws ApiError when it refuses, UserError when nobody answers. */
export function transfer(client: Client, work: SyncWork, signal?: AbortSignal): Promise<Transferred> {
	return send(client, 'sync', work, signal);
}

/** Leaves files for a container of a pod that is about to be made. Throws ApiError, UserError. */
export function stage(client: Client, work: SyncWork, signal?: AbortSignal): Promise<Transferred> {
	return send(client, 'staged', work, signal);
}

async function send(
	client: Client,
	where: 'sync' | 'staged',
	work: SyncWork,
	signal: AbortSignal | undefined,
): Promise<Transferred> {
	const total = { files: 0, removed: 0, bytes: 0, delivered: true };
	let notRemoved: SyncResult['notRemoved'];
	let [entries, contents, size]: [SyncEntry[], Buffer[], number] = [[], [], 0];
	const removed = [...work.removed];
	const flush = async (): Promise<void> => {
		if (entries.length === 0 && removed.length === 0) return;
		const body = encodeSync({ removed: removed.splice(0), entries }, contents);
		[entries, contents, size] = [[], [], 0];
		const answer = await client.request<SyncResult>('POST', `${podPath(work.pod)}/${where}`, {
			query: { container: work.container },
			body,
			headers: { 'content-type': 'application/vnd.podrun.sync' },
			...(signal ? { signal } : {}),
		});
		if (!answer.delivered) total.delivered = false;
		notRemoved ??= answer.notRemoved;
	};
	// Folders come before what lies in them.
	const writes = [...work.writes].sort((a, b) => (a.target < b.target ? -1 : 1));
	for (let at = 0; at < writes.length; at += AT_ONCE) {
		const part = writes.slice(at, at + AT_ONCE);
		const read = await Promise.all(part.map(({ source, target }) => readEntry(source, target)));
		for (const [index, found] of read.entries()) {
			if (found === undefined) {
				removed.push(part[index]?.target ?? '');
				continue;
			}
			entries.push(found.entry);
			if (found.content !== undefined) contents.push(found.content);
			size += found.entry.size;
			total.bytes += found.entry.size;
			if (found.entry.type !== 'directory') total.files += 1;
			if (size >= BODY) await flush();
		}
	}
	total.removed = work.removed.length;
	await flush();
	return { ...total, ...(notRemoved === undefined ? {} : { notRemoved }) };
}

/** `/podrun/v1/namespaces/x/pods/y` */
export function podPath({ namespace, name }: SyncWork['pod']): string {
	return `/podrun/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
}

async function readEntry(
	source: string,
	path: string,
): Promise<{ entry: SyncEntry; content?: Buffer } | undefined> {
	try {
		const stats = await lstat(source);
		const mode = stats.mode & 0o777;
		const about = { path, mode, seconds: Math.floor(stats.mtimeMs / 1000), size: 0 };
		if (stats.isDirectory()) return { entry: { ...about, type: 'directory' } };
		if (stats.isSymbolicLink()) {
			return { entry: { ...about, type: 'symlink', target: await readlink(source) } };
		}
		const content = await readFile(source);
		return { entry: { ...about, type: 'file', size: content.length }, content };
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
		throw error;
	}
}
