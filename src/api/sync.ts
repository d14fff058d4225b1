/**
 * Files on their way into a container: what the client sends and the supervisor keeps. A body is one line of
 * JSON that lists removed paths and entries, then the contents of its files, one after the other. The
 * supervisor's store has the same shape on disk, so a body is kept as it came.
 */

/** One path of a container as it is to be. */
export interface SyncEntry {
	/** Absolute, inside of the container. */
	readonly path: string;
	readonly type: 'file' | 'directory' | 'symlink';
	/** Permission bits. */
	readonly mode: number;
	/** Modification time, seconds since the epoch. */
	readonly seconds: number;
	/** Bytes of a file; 0 for the others. */
	readonly size: number;
	/** Of a symlink. */
	readonly target?: string;
}

export interface SyncHeader {
	/** Absolute paths that are to be gone, with all below them. */
	readonly removed: readonly string[];
	readonly entries: readonly SyncEntry[];
}

/** What became of a body. */
export interface SyncResult {
	/** Whether it stands in a container now; otherwise the next attempt begins with it. */
	readonly delivered: boolean;
	/** Paths that could not be removed from the running container, with the reason. */
	readonly notRemoved?: { readonly paths: readonly string[]; readonly reason: string };
}

/** The body of a request. `contents` are the bytes of the files among the entries, in their order. */
export function encodeSync(header: SyncHeader, contents: readonly Uint8Array[]): Buffer {
	return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...contents]);
}

/** The header of a body and where its contents begin. Throws SyntaxError or RangeError for what is no such body. */
export function decodeSync(body: Buffer): { readonly header: SyncHeader; readonly dataAt: number } {
	const end = body.indexOf('\n');
	if (end < 0) throw new RangeError('the list of files is not complete');
	const header = JSON.parse(body.toString('utf8', 0, end)) as SyncHeader;
	if (!Array.isArray(header.removed) || !Array.isArray(header.entries)) {
		throw new RangeError('no list of files');
	}
	const paths = [...header.removed, ...header.entries.map(({ path }) => path)];
	const odd = paths.find((path) => !isClean(path));
	if (odd !== undefined) throw new RangeError(`not an absolute, plain path: ${JSON.stringify(odd)}`);
	const size = header.entries.reduce((sum, entry) => sum + entry.size, 0);
	if (body.length - end - 1 !== size) throw new RangeError('the contents are not complete');
	return { header, dataAt: end + 1 };
}

function isClean(path: unknown): boolean {
	if (typeof path !== 'string' || !path.startsWith('/') || path === '/' || path.includes('\0')) return false;
	return path
		.slice(1)
		.split('/')
		.every((part) => part !== '' && part !== '.' && part !== '..');
}
