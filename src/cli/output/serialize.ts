/** Objects as data, in the shapes that kubectl prints: JSON here, YAML in yaml.ts. */
export { toYaml } from './yaml.ts';

/** A copy with all keys in order, as Go prints maps. Undefined values go. */
export function sorted(value: unknown): unknown {
	if (Array.isArray(value)) {
		return value.map(sorted);
	}
	if (value !== null && typeof value === 'object') {
		const entries = Object.entries(value).filter(([, item]) => item !== undefined);
		entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
		return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
	}
	return value;
}

/** kubectl's JSON: four spaces, and Go's way to keep `<`, `>` and `&` out of HTML's sight. */
export function toJson(value: unknown): string {
	return JSON.stringify(sorted(value), null, 4).replace(
		/[<>&\u2028\u2029]/g,
		(char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}
