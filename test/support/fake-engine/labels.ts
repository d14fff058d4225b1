/** The engine's label filters. */

/** ANDed `key=value` or `key`, as every list of the engine and its events take them. */
export function matches(labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
	return wanted.every((filter) => {
		const equals = filter.indexOf('=');
		return equals < 0 ? filter in labels : labels[filter.slice(0, equals)] === filter.slice(equals + 1);
	});
}
