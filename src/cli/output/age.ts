/** Times for people: ages as kubectl prints them, and durations as flags take them. */
import { durationMs } from '../../api/duration.ts';
import { usage } from './errors.ts';

export { age, humanDuration } from '../../api/duration.ts';

/**
 * Milliseconds of a duration as Go writes it (`90s`, `1m30s`, `1.5h`, `-1s`); a bare number is seconds.
 * Throws UserError USAGE, naming the flag.
 */
export function parseDuration(text: string, flag: string): number {
	const ms = durationMs(text);
	if (ms === undefined) {
		throw usage(`${flag}: "${text}" is no duration`, 'write e.g. 90s, 5m or 1h30m');
	}
	return ms;
}
