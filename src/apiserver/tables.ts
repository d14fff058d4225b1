/** Objects as a meta.k8s.io/v1 Table. Ages go on, so a table is made anew for each answer. */
import { type Cell, type Column, columnsOf } from '../api/columns.ts';
import type { KubeObject } from '../api/types.ts';

export interface Table {
	readonly kind: 'Table';
	readonly apiVersion: 'meta.k8s.io/v1';
	readonly columnDefinitions: readonly Column[];
	readonly rows: readonly { readonly cells: readonly Cell[]; readonly object?: unknown }[];
}

/** A Table without metadata, which is the caller's. `includeObject` of the query: Metadata (default), Object, None. */
export function tableOf(
	kind: string,
	objects: readonly KubeObject[],
	query: URLSearchParams,
	now: number,
): Table {
	const columns = columnsOf(kind);
	const include = query.get('includeObject') ?? 'Metadata';
	return {
		kind: 'Table',
		apiVersion: 'meta.k8s.io/v1',
		columnDefinitions: columns.definitions,
		rows: objects.map((object) => ({
			cells: columns.cells(object, now),
			...(include === 'None' ? {} : { object: include === 'Object' ? object : partial(object) }),
		})),
	};
}

function partial({ metadata }: KubeObject): unknown {
	return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}
