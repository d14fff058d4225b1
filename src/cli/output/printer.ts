/**
 * `-o`: what `get` prints of a list of objects, in each of kubectl's formats. Pure: objects in, text out.
 */
import { columnsOf } from '../../api/columns.ts';
import type { Instant, KubeObject } from '../../api/types.ts';
import type { Resource } from '../resources.ts';
import { usage } from './errors.ts';
import { asText, evaluate, find } from './jsonpath.ts';
import { toJson, toYaml } from './serialize.ts';
import { table } from './table.ts';

export type Format =
	| { readonly type: 'table'; readonly wide: boolean }
	| { readonly type: 'json' | 'yaml' | 'name' }
	| { readonly type: 'jsonpath'; readonly template: string }
	| { readonly type: 'custom-columns'; readonly columns: readonly (readonly [string, string])[] };

/** Reads the value of `-o`. Throws UserError USAGE for a format that podrun does not have. */
export function parseFormat(output: string | undefined): Format {
	if (output === undefined || output === '' || output === 'wide') {
		return { type: 'table', wide: output === 'wide' };
	}
	if (output === 'json' || output === 'yaml' || output === 'name') {
		return { type: output };
	}
	const equals = output.indexOf('=');
	const [word, rest] = equals < 0 ? [output, ''] : [output.slice(0, equals), output.slice(equals + 1)];
	if (word === 'jsonpath' || word === 'jsonpath-as-json') {
		if (rest === '') {
			throw usage('template format specified but no template given');
		}
		return { type: 'jsonpath', template: rest };
	}
	if (word === 'custom-columns') {
		return { type: 'custom-columns', columns: parseColumns(rest) };
	}
	throw usage(
		`unable to match a printer suitable for the output format "${output}"`,
		'allowed formats are: custom-columns,json,jsonpath,name,wide,yaml',
	);
}

function parseColumns(spec: string): readonly (readonly [string, string])[] {
	if (spec === '') {
		throw usage('custom-columns format specified but no custom columns given');
	}
	return spec.split(',').map((part) => {
		const colon = part.indexOf(':');
		if (colon < 0) {
			throw usage(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
		}
		return [part.slice(0, colon), part.slice(colon + 1)] as const;
	});
}

export interface TableOptions {
	readonly wide?: boolean;
	readonly headers?: boolean;
	/** A column with the namespace first. */
	readonly namespaces?: boolean;
	readonly showLabels?: boolean;
	readonly labelColumns?: readonly string[];
	/** Names as `pod/x`: several resources are shown. */
	readonly typed?: boolean;
	readonly now: Instant;
}

export interface Sheet {
	readonly headers: readonly string[];
	readonly rows: readonly (readonly string[])[];
}

/** Header and cells of a table, not yet padded: a watch goes on with the same widths. */
export function sheet(resource: Resource, items: readonly KubeObject[], options: TableOptions): Sheet {
	const columns = columnsOf(resource.kind);
	const isShown = (index: number) => options.wide || columns.definitions[index]?.priority === 0;
	const labelColumns = options.labelColumns ?? [];
	const headers = [
		...(options.namespaces ? ['NAMESPACE'] : []),
		...columns.definitions.filter((_, index) => isShown(index)).map(({ name }) => name.toUpperCase()),
		...labelColumns.map((key) => (key.split('/').at(-1) ?? key).toUpperCase()),
		...(options.showLabels ? ['LABELS'] : []),
	];
	const rows = items.map((item) => {
		const shown = columns
			.cells(item, options.now)
			.filter((_, index) => isShown(index))
			.map(String);
		const named = options.typed ? [`${resource.singular}/${shown[0]}`, ...shown.slice(1)] : shown;
		return [
			...(options.namespaces ? [item.metadata.namespace ?? ''] : []),
			...named,
			...labelColumns.map((key) => item.metadata.labels?.[key] ?? ''),
			...(options.showLabels ? [labelText(item)] : []),
		];
	});
	return { headers, rows };
}

function labelText(item: KubeObject): string {
	const labels = Object.entries(item.metadata.labels ?? {});
	return labels.length === 0
		? '<none>'
		: labels
				.map(([key, value]) => `${key}=${value}`)
				.sort()
				.join(',');
}

/** kubectl's table of objects of one resource; no lines at all when there are none. */
export function objectTable(
	resource: Resource,
	items: readonly KubeObject[],
	options: TableOptions,
): readonly string[] {
	const { headers, rows } = sheet(resource, items, options);
	return rows.length === 0 ? [] : table(headers, rows, { headers: options.headers !== false });
}

/** Everything but tables. `single`: one named object was asked for, which is not wrapped in a List. */
export function formatData(
	format: Exclude<Format, { type: 'table' }>,
	items: readonly KubeObject[],
	options: {
		readonly single: boolean;
		readonly headers?: boolean;
		readonly resourceOf: (kind: string) => string;
	},
): string {
	const data =
		options.single && items.length === 1
			? items[0]
			: { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items };
	switch (format.type) {
		case 'json':
			return `${toJson(data)}\n`;
		case 'yaml':
			return `${toYaml(data)}\n`;
		case 'name':
			return items.map((item) => `${options.resourceOf(item.kind)}/${item.metadata.name}\n`).join('');
		case 'jsonpath':
			return evaluate(format.template, data);
		case 'custom-columns': {
			const rows = items.map((item) =>
				format.columns.map(([, path]) => {
					const values = find(path, item).map(asText);
					return values.length === 0 ? '<none>' : values.join(',');
				}),
			);
			const headers = format.columns.map(([header]) => header);
			return `${table(headers, rows, { headers: options.headers !== false }).join('\n')}\n`;
		}
	}
}

/** Items in the order of a field (a JSONPath): numbers, quantities of digits and times by value, text by letter. */
export function sortBy(items: readonly KubeObject[], expression: string): readonly KubeObject[] {
	const key = (item: KubeObject) => find(expression, item)[0];
	return [...items].sort((left, right) => {
		const [a, b] = [key(left), key(right)];
		if (a === undefined || b === undefined) {
			return a === b ? 0 : a === undefined ? -1 : 1;
		}
		if (typeof a === 'number' && typeof b === 'number') {
			return a - b;
		}
		return asText(a) < asText(b) ? -1 : asText(a) > asText(b) ? 1 : 0;
	});
}
