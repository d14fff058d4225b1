/** Tables as kubectl prints them: columns padded to their widest cell, three spaces between them. */

import { plain } from './plain.ts';

const GAP = 3;
/** kubectl's tab writer makes no column narrower than this, its gap included. */
const NARROWEST = 6;

export interface Column<T> {
	readonly header: string;
	readonly cell: (row: T) => string;
}

/** Lines of a table; the last column is not padded. `headers` false: rows only. */
export function table(
	headers: readonly string[],
	rows: readonly (readonly string[])[],
	options: { readonly headers?: boolean; readonly widths?: readonly number[] } = {},
): string[] {
	const cells = rows.map((row) => row.map(plain));
	const all = options.headers === false ? cells : [headers, ...cells];
	const widths = headers.map((_, index) =>
		Math.max(options.widths?.[index] ?? 0, ...all.map((row) => (row[index] ?? '').length)),
	);
	return all.map((row) =>
		row
			.map((cell, index) =>
				index === row.length - 1 ? cell : cell.padEnd(Math.max(NARROWEST, (widths[index] ?? 0) + GAP)),
			)
			.join('')
			.trimEnd(),
	);
}

/** Widths of the columns of some rows: a watch that goes on printing keeps them. */
export function widthsOf(headers: readonly string[], rows: readonly (readonly string[])[]): number[] {
	return headers.map((header, index) =>
		Math.max(header.length, ...rows.map((row) => (row[index] ?? '').length)),
	);
}
