/** Times for people: ages as kubectl prints them, and durations as flags take them. */
import { usage } from './errors.ts';

export { age, humanDuration } from '../../api/duration.ts';

const UNITS: Readonly<Record<string, number>> = {
	ms: 1,
	s: 1000,
	m: 60_000,
	h: 3_600_000,
	d: 86_400_000,
};

/**
 * Milliseconds of a duration as Go writes it (`90s`, `1m30s`, `1.5h`, `-1s`); a bare number is seconds.
 * Throws UserError USAGE, naming the flag.
 */
export function parseDuration(text: string, flag: string): number {
	if (/^-?\d+$/.test(text)) {
		return Number(text) * 1000;
	}
	if (!/^-?(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) {
		throw usage(`${flag}: "${text}" is no duration`, 'write e.g. 90s, 5m or 1h30m');
	}
	let sum = 0;
	for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
		sum += Number(amount) * (UNITS[unit as string] as number);
	}
	return text.startsWith('-') ? -sum : sum;
}
