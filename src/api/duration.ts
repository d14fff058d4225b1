/**
 * Ages as people read them, the way apimachinery writes them: two units at the most, fewer the longer it is.
 * And durations as flags and settings take them, the way Go writes them.
 */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** `90s`, `2m`, `5m30s`, `3h20m`, `2d5h`, `400d`, `3y20d`. A time a little ahead of ours counts as now. */
export function humanDuration(ms: number): string {
	const seconds = Math.trunc(ms / 1000);
	if (seconds < -1) return '<invalid>';
	if (seconds < 0) return '0s';
	if (seconds < 2 * MINUTE) return `${seconds}s`;
	if (seconds < 10 * MINUTE) return pair(seconds, MINUTE, 'm', 1, 's');
	if (seconds < 3 * HOUR) return `${Math.floor(seconds / MINUTE)}m`;
	if (seconds < 8 * HOUR) return pair(seconds, HOUR, 'h', MINUTE, 'm');
	if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)}h`;
	if (seconds < 8 * DAY) return pair(seconds, DAY, 'd', HOUR, 'h');
	if (seconds < 2 * YEAR) return `${Math.floor(seconds / DAY)}d`;
	if (seconds < 8 * YEAR) return pair(seconds, YEAR, 'y', DAY, 'd');
	return `${Math.floor(seconds / YEAR)}y`;
}

/** Age of an RFC 3339 time; `<unknown>` without one. */
export function age(time: string | undefined, now: number): string {
	return time ? humanDuration(now - Date.parse(time)) : '<unknown>';
}

function pair(seconds: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
	const rest = Math.floor((seconds % big) / small);
	return `${Math.floor(seconds / big)}${bigUnit}${rest === 0 ? '' : `${rest}${smallUnit}`}`;
}

const UNITS: Readonly<Record<string, number>> = {
	ms: 1,
	s: 1000,
	m: 60_000,
	h: 3_600_000,
	d: 86_400_000,
};

/** Milliseconds of `90s`, `1m30s`, `1.5h`, `-1s`; a bare number is seconds. Undefined: it is no duration. */
export function durationMs(text: string): number | undefined {
	if (/^-?\d+$/.test(text)) {
		return Number(text) * 1000;
	}
	if (!/^-?(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) {
		return undefined;
	}
	let sum = 0;
	for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
		sum += Number(amount) * (UNITS[unit as string] as number);
	}
	return text.startsWith('-') ? -sum : sum;
}
