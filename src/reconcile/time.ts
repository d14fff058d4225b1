/** Times as Kubernetes writes them: RFC 3339 with whole seconds, and durations as Go prints them. */
import type { Instant } from '../api/types.ts';

/** `2026-11-21T12:00:00Z`: seconds, cut off. */
export function rfc3339(at: Instant): string {
	return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** The instant of an RFC 3339 text; undefined when it is absent or no time. */
export function parseTime(text: string | undefined): Instant | undefined {
	if (text === undefined) return undefined;
	const at = Date.parse(text);
	return Number.isNaN(at) ? undefined : at;
}

/** A duration of whole ms as Go's time.Duration prints it: 500ms, 10s, 1m20s, 5m0s. */
export function goDuration(ms: number): string {
	if (ms < 1000) return ms === 0 ? '0s' : `${ms}ms`;
	const seconds = ms / 1000;
	const hours = Math.floor(seconds / 3600);
	const minutes = Math.floor((seconds % 3600) / 60);
	const rest = `${Number((seconds % 60).toFixed(3))}s`;
	if (hours > 0) return `${hours}h${minutes}m${rest}`;
	return minutes > 0 ? `${minutes}m${rest}` : rest;
}
