/** Ages as people read them, the way apimachinery writes them: two units at the most, fewer the longer it is. */

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
