/**
 * Which capabilities this machine can give at all: the bounding set of process 1. Some virtual machines lack
 * a few; an engine that is asked for every capability then can't start the container, and a process whose
 * set lacks SYS_RESOURCE can't lower an oom_score_adj.
 */
import { readFileSync } from 'node:fs';

/** By bit, as linux/capability.h numbers them; those that every engine since 20.10 knows. */
const NAMES = [
	'CHOWN',
	'DAC_OVERRIDE',
	'DAC_READ_SEARCH',
	'FOWNER',
	'FSETID',
	'KILL',
	'SETGID',
	'SETUID',
	'SETPCAP',
	'LINUX_IMMUTABLE',
	'NET_BIND_SERVICE',
	'NET_BROADCAST',
	'NET_ADMIN',
	'NET_RAW',
	'IPC_LOCK',
	'IPC_OWNER',
	'SYS_MODULE',
	'SYS_RAWIO',
	'SYS_CHROOT',
	'SYS_PTRACE',
	'SYS_PACCT',
	'SYS_ADMIN',
	'SYS_BOOT',
	'SYS_NICE',
	'SYS_RESOURCE',
	'SYS_TIME',
	'SYS_TTY_CONFIG',
	'MKNOD',
	'LEASE',
	'AUDIT_WRITE',
	'AUDIT_CONTROL',
	'SETFCAP',
	'MAC_OVERRIDE',
	'MAC_ADMIN',
	'SYSLOG',
	'WAKE_ALARM',
	'BLOCK_SUSPEND',
	'AUDIT_READ',
] as const;

/** Names that the machine can give; undefined when it can give all (or nobody can tell: not Linux). */
export function givenCapabilities(): readonly string[] | undefined {
	try {
		const text = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/1/status', 'utf8'))?.[1];
		if (text === undefined) return undefined;
		const bounding = BigInt(`0x${text}`);
		const given = NAMES.filter((_, bit) => ((bounding >> BigInt(bit)) & 1n) === 1n);
		return given.length === NAMES.length ? undefined : given;
	} catch {
		return undefined;
	}
}
