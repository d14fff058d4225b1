/**
 * One supervisor for each state folder: a lock file that says who holds it. A holder that died without
 * removing it (SIGKILL, power) is known by its pid and start time, so that a pid that was given out anew
 * does not count; the stale file is moved aside by exactly one of those who find it.
 */
import { execFileSync } from 'node:child_process';
import { constants, copyFileSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

export interface Holder {
	readonly pid: number;
	/** When the process began, in the system's own words: tells it from a later one of the same pid. */
	readonly began: string;
	readonly version: string;
	/** RFC 3339. */
	readonly startedAt: string;
}

export interface Lock {
	/** False once the file is gone or another's: then this process must not write any more. */
	held(): boolean;
	release(): void;
}

/** Takes the lock, or returns undefined when a living process holds it. Throws what the file system says. */
export function acquireLock(path: string, version: string): Lock | undefined {
	const mine: Holder = {
		pid: process.pid,
		began: beginOf(process.pid) ?? '',
		version,
		startedAt: new Date().toISOString(),
	};
	const text = `${JSON.stringify(mine)}\n`;
	const draft = `${path}.${process.pid}`;
	writeFileSync(draft, text, { mode: 0o600 });
	try {
		while (!place(draft, path)) {
			const found = readText(path);
			if (found === undefined) continue;
			if (isAlive(parse(found))) return undefined;
			moveAside(path, found);
		}
	} finally {
		rmSync(draft, { force: true });
	}
	return {
		held: () => readText(path) === text,
		release() {
			if (readText(path) === text) rmSync(path, { force: true });
		},
	};
}

/** Who holds the lock, dead or alive. */
export function readHolder(path: string): Holder | undefined {
	const text = readText(path);
	return text === undefined ? undefined : parse(text);
}

/** Whole or not at all: a reader never sees half of a lock. False: there is one already. */
function place(draft: string, path: string): boolean {
	try {
		linkSync(draft, path);
		return true;
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === 'EEXIST') return false;
		if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
	}
	// A file system without hard links.
	try {
		copyFileSync(draft, path, constants.COPYFILE_EXCL);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
		throw error;
	}
}

/** Removes a stale lock; if another was quicker and it is a fresh one that was moved, it is put back. */
function moveAside(path: string, stale: string): void {
	const aside = `${path}.stale.${process.pid}`;
	try {
		renameSync(path, aside);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
		throw error;
	}
	if (readText(aside) !== stale) place(aside, path);
	rmSync(aside, { force: true });
}

function isAlive(holder: Holder | undefined): boolean {
	if (holder === undefined) return false;
	try {
		process.kill(holder.pid, 0);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
	}
	const began = beginOf(holder.pid);
	return !isZombie(holder.pid) && (began === undefined || began === holder.began);
}

/** A killed supervisor whose parent, PID 1 of some containers, never asks for its exit code: it holds nothing. */
function isZombie(pid: number): boolean {
	const stat = readText(`/proc/${pid}/stat`) ?? '';
	return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

/** Field 22 of /proc/<pid>/stat with the boot's id; elsewhere what `ps` says. Undefined: it can't be known. */
function beginOf(pid: number): string | undefined {
	const stat = readText(`/proc/${pid}/stat`);
	if (stat !== undefined) {
		// The command's name, in parentheses, may hold spaces.
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		const boot = readText('/proc/sys/kernel/random/boot_id') ?? '';
		return `${boot.trim()} ${fields[19] ?? ''}`;
	}
	try {
		return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
			encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'ignore'],
		}).trim();
	} catch {
		return undefined;
	}
}

function parse(text: string): Holder | undefined {
	try {
		const holder = JSON.parse(text) as Partial<Holder>;
		return Number.isInteger(holder.pid) && typeof holder.began === 'string' ? (holder as Holder) : undefined;
	} catch {
		return undefined;
	}
}

function readText(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return undefined;
	}
}
