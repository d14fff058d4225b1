/**
 * Folders that only their user may enter: what stands between a supervisor's socket and everybody else on
 * the machine. Client and supervisor both make and check them, whichever comes first.
 */
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { UserError } from '../api/errors.ts';

/**
 * Makes `folder` (0700) if it is missing. Throws UserError when it can't be made, or belongs to another user,
 * who could have put it there to be talked to in the supervisor's place.
 */
export function ensurePrivateFolder(folder: string): void {
	try {
		mkdirSync(folder, { recursive: true, mode: 0o700 });
		const found = lstatSync(folder);
		const uid = process.getuid?.();
		if (!found.isDirectory() || (uid !== undefined && found.uid !== uid)) {
			throw new UserError('SUPERVISOR', `${folder} is not a folder of this user`, {
				hint: 'remove it, or set PODRUN_STATE_HOME to a folder of your own',
			});
		}
		if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
	} catch (error) {
		if (error instanceof UserError) throw error;
		throw new UserError('SUPERVISOR', `cannot use the state folder ${folder}: ${(error as Error).message}`, {
			cause: error,
			hint: 'make room or give access to it, or set PODRUN_STATE_HOME to another folder',
		});
	}
}
