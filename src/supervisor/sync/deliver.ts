/**
 * Synced files into one container of the engine: an archive call writes them, whatever state the container is
 * in and whatever programs it has; removing takes its own `rm` (or, in a volume, the pause).
 */
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import type { SyncEntry } from '../../api/sync.ts';
import { type Engine, EngineError } from '../../engine/engine.ts';
import { END_OF_ARCHIVE, entryBlocks, type TarEntry } from '../../translate/tar.ts';
import type { Owner } from './owner.ts';

/** A file on its way: `path` absolute in the container that takes it. */
export interface Parcel {
	readonly path: string;
	readonly entry: SyncEntry;
	readonly content: Buffer;
}

/** Up to this size an archive is one buffer, which may be sent again after a broken connection. */
const ONE_BUFFER = 8 * 1024 * 1024;
/** Paths of one `rm`: far below the system's limit of arguments. */
const PATHS_AT_ONCE = 500;

/** Writes all parcels with one archive call. Throws EngineError. */
export async function write(
	engine: Engine,
	id: string,
	parcels: AsyncIterable<Parcel> | Iterable<Parcel>,
	owner: Owner,
	folders: readonly string[],
): Promise<void> {
	const pieces = archive(parcels, owner, folders);
	const head: Buffer[] = [];
	let size = 0;
	for (;;) {
		const next = await pieces.next();
		if (next.done) {
			if (head.length > 0) await engine.putArchive(id, '/', Buffer.concat([...head, END_OF_ARCHIVE]));
			return;
		}
		head.push(next.value);
		size += next.value.length;
		if (size > ONE_BUFFER) break;
	}
	const all = async function* (): AsyncGenerator<Buffer> {
		yield* head;
		yield* pieces;
		yield END_OF_ARCHIVE;
	};
	await engine.putArchive(id, '/', Readable.from(all()));
}

async function* archive(
	parcels: AsyncIterable<Parcel> | Iterable<Parcel>,
	owner: Owner,
	folders: readonly string[],
): AsyncGenerator<Buffer> {
	const seconds = Math.floor(Date.now() / 1000);
	for (const folder of folders) {
		const entry: TarEntry = { path: folder.slice(1), type: 'directory', mode: 0o755, ...owner };
		yield Buffer.concat(entryBlocks(entry, seconds));
	}
	for await (const { path, entry, content } of parcels) {
		const { type, mode, target } = entry;
		const written: TarEntry = {
			path: path.slice(1),
			type,
			mode,
			...owner,
			seconds: entry.seconds,
			...(type === 'file' ? { content } : {}),
			...(target === undefined ? {} : { target }),
		};
		yield Buffer.concat(entryBlocks(written, seconds));
	}
}

/**
 * Folders above the paths that the container does not have: the engine would make them root's. Those that are
 * among the paths themselves are left out. `known`: folders that were looked at before.
 */
export async function missingFolders(
	engine: Engine,
	id: string,
	paths: readonly string[],
	known: Set<string>,
): Promise<string[]> {
	const own = new Set(paths);
	const missing = new Set<string>();
	const wanted = new Set(paths.map((path) => posix.dirname(path)));
	for (const folder of wanted) {
		for (let at = folder; at !== '/' && !own.has(at) && !known.has(at); at = posix.dirname(at)) {
			known.add(at);
			if ((await engine.statPath(id, at)) !== undefined) break;
			missing.add(at);
		}
	}
	return [...missing].sort();
}

/** Removes paths of a running container as root. Resolves with why it can't, or undefined. Throws EngineError. */
export async function remove(
	engine: Engine,
	id: string,
	paths: readonly string[],
	command: readonly string[],
): Promise<string | undefined> {
	for (let at = 0; at < paths.length; at += PATHS_AT_ONCE) {
		const failed = await run(engine, id, [...command, ...paths.slice(at, at + PATHS_AT_ONCE)]);
		if (failed !== undefined) return failed;
	}
	return undefined;
}

async function run(engine: Engine, id: string, command: readonly string[]): Promise<string | undefined> {
	const session = await engine.exec(id, { command, user: '0', stdout: true, stderr: true });
	const told: Buffer[] = [];
	const listen = async (stream: Readable): Promise<void> => {
		for await (const chunk of stream) told.push(chunk as Buffer);
	};
	try {
		const [code] = await Promise.all([session.exitCode, listen(session.stdout), listen(session.stderr)]);
		if (code === 0) return undefined;
		return Buffer.concat(told).toString('utf8').trim() || `${command[0]} ended with exit code ${code}`;
	} catch (error) {
		// An image without the program: the engine says so only when it starts it.
		if (error instanceof EngineError && (error.code === 'BAD_REQUEST' || error.code === 'UNKNOWN')) {
			return error.message;
		}
		throw error;
	}
}
