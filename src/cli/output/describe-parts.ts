/** What all descriptions are made of: fields in columns, maps, times and the table of events. Pure. */
import { lastSeen } from '../../api/columns.ts';
import type { Event, Instant } from '../../api/types.ts';
import { age } from './age.ts';

const WIDTH = 18;

/** `Name:             web`; a name that is too long pushes its value. */
export function field(name: string, value: string): string {
	return `${`${name}:`.padEnd(WIDTH)}${name.length + 1 >= WIDTH ? '  ' : ''}${value}`.trimEnd();
}

/** A map as kubectl lists it: the first entry beside the name, the others below it. */
export function keyValues(
	name: string,
	map: Readonly<Record<string, string>> | undefined,
	separator: string,
): string[] {
	const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
	if (entries.length === 0) {
		return [field(name, '<none>')];
	}
	return entries.map(([key, value], index) => {
		const text = `${key}${separator}${value}`;
		return index === 0 ? field(name, text) : `${' '.repeat(WIDTH)}${text}`;
	});
}

/** RFC 1123 with the zone's number, as Go prints times in descriptions. */
export function timeText(time: string): string {
	const date = new Date(time);
	if (Number.isNaN(date.getTime())) {
		return time;
	}
	const offset = -date.getTimezoneOffset();
	const zone = `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}${two(Math.abs(offset) % 60)}`;
	const day = date.toLocaleDateString('en-GB', { weekday: 'short' });
	const month = date.toLocaleDateString('en-GB', { month: 'short' }).slice(0, 3);
	const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
	return `${day}, ${two(date.getDate())} ${month} ${date.getFullYear()} ${clock} ${zone}`;
}

function two(amount: number): string {
	return String(Math.floor(amount)).padStart(2, '0');
}

/** The table at the end of a description; oldest first. */
export function eventLines(events: readonly Event[], now: Instant): readonly string[] {
	if (events.length === 0) {
		return [`${'Events:'.padEnd(WIDTH)}<none>`];
	}
	const at = (event: Event) => Date.parse(lastSeen(event) ?? '') || 0;
	const rows = [...events]
		.sort((a, b) => at(a) - at(b))
		.map((event) => [
			event.type ?? '',
			event.reason ?? '',
			ageText(event, now),
			event.source?.component || event.reportingComponent || '',
			(event.message ?? '').trim(),
		]);
	const headers = ['Type', 'Reason', 'Age', 'From', 'Message'];
	const all = [
		headers,
		headers.map((header) => '-'.repeat(header === 'Age' || header === 'From' ? 4 : header.length)),
		...rows,
	];
	const widths = headers.map((_, index) => Math.max(...all.map((row) => (row[index] ?? '').length)));
	return [
		'Events:',
		...all.map((row) =>
			`  ${row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd((widths[index] ?? 0) + 2))).join('')}`.trimEnd(),
		),
	];
}

/** `10s`, or `10s (x3 over 2m)` for an event that came again. */
function ageText(event: Event, now: Instant): string {
	const count = event.series?.count ?? event.count ?? 1;
	const last = age(lastSeen(event), now);
	if (count <= 1) {
		return last;
	}
	const first = age(event.firstTimestamp || event.eventTime || event.metadata.creationTimestamp, now);
	return `${last} (x${count} over ${first})`;
}
