/**
 * The supervisor's own log: one JSON line an entry. Errors are told by their message and cause, never by
 * the object they carry: options of a container may hold a Secret's values.
 */
export type Fields = Readonly<Record<string, unknown>>;

/** Characters of one field: an engine may have much to say. */
const LONGEST = 8 * 1024;

/** In a URL: of an engine, a registry, a proxy. */
const PASSWORD = /\/\/([^\s/@:]*):[^\s/@]+@/g;

export interface Log {
	debug(message: string, fields?: Fields): void;
	info(message: string, fields?: Fields): void;
	warn(message: string, fields?: Fields): void;
	error(message: string, fields?: Fields): void;
}

/** Writes lines of `level` and above to `write`. */
export function createLog(write: (line: string) => void, level: 'debug' | 'info' = 'info'): Log {
	const say = (severity: string, message: string, fields: Fields = {}): void => {
		const told = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plain(value)]));
		write(`${JSON.stringify({ time: new Date().toISOString(), level: severity, message, ...told })}\n`);
	};
	return {
		debug: (message, fields) => level === 'debug' && say('debug', message, fields),
		info: (message, fields) => say('info', message, fields),
		warn: (message, fields) => say('warn', message, fields),
		error: (message, fields) => say('error', message, fields),
	};
}

function plain(value: unknown): unknown {
	if (value instanceof Error) return plain(told(value));
	if (typeof value !== 'string') return value;
	const more = value.length - LONGEST;
	const cut = more > 0 ? `${value.slice(0, LONGEST)}… (${more} characters more)` : value;
	return cut.replace(PASSWORD, '//$1:***@');
}

function told(value: Error): string {
	const cause = value.cause instanceof Error ? `: ${value.cause.message}` : '';
	// A stack belongs to bugs of ours; errors of the engine and of users carry a code and are told plainly.
	return 'code' in value ? `${value.message}${cause}` : (value.stack ?? value.message);
}
