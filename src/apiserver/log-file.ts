/**
 * The supervisor's log on disk: lines appended to one file of mode 0600, which becomes `<name>.1` when it has
 * grown to its limit, so that both together take 10 MiB at most. A full disk loses lines, never the supervisor.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

const LIMIT = 5 * 1024 * 1024;

/** A function that appends a line (with its newline). `limit` in bytes. */
export function openLogFile(path: string, limit = LIMIT): (line: string) => void {
	let file: number | undefined;
	let size = 0;
	const open = () => {
		file = openSync(path, 'a', 0o600);
		size = fstatSync(file).size;
	};
	return (line) => {
		try {
			if (file === undefined) open();
			const bytes = Buffer.from(line);
			if (size > 0 && size + bytes.length > limit && file !== undefined) {
				closeSync(file);
				file = undefined;
				renameSync(path, `${path}.1`);
				open();
			}
			if (file !== undefined) size += writeSync(file, bytes);
		} catch {
			// No room, or no folder any more: there is nowhere to say so.
		}
	};
}
