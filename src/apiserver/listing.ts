/**
 * Which objects a request means: selectors, and lists in pages. A page's `continue` stands for the rest of one
 * snapshot, so that pages never overlap or miss; snapshots are kept for a while, then 410 Gone says to begin anew.
 */
import { randomUUID } from 'node:crypto';
import type { ObjectList } from '../api/backend.ts';
import { ApiError } from '../api/errors.ts';
import { matchesFields, matchesLabels, parseFieldSelector, parseLabelSelector } from '../api/selector.ts';
import type { KubeObject } from '../api/types.ts';
import { count } from './exchange.ts';

export type Filter = (object: KubeObject) => boolean;

/** labelSelector and fieldSelector of a query; undefined: everything matches. Throws 400. */
export function filterOf(query: URLSearchParams, kind: string): Filter | undefined {
	const labelText = query.get('labelSelector') ?? '';
	const fieldText = query.get('fieldSelector') ?? '';
	if (labelText === '' && fieldText === '') return undefined;
	const labels = parseLabelSelector(labelText);
	const fields = parseFieldSelector(fieldText, kind);
	return (object) => matchesLabels(labels, object.metadata.labels) && matchesFields(fields, object);
}

export interface Page extends ObjectList {
	/** Token of the next page. */
	readonly next?: string;
	/** Items after this page; not told when a selector is in force, as the API server does. */
	readonly remaining?: number;
}

interface Snapshot {
	readonly items: readonly KubeObject[];
	readonly resourceVersion: string;
	readonly counted: boolean;
}

/** Snapshots that may wait for their next page; the oldest is dropped first. */
const SNAPSHOTS = 128;

/** The pages of one server. */
export class Pager {
	readonly #snapshots = new Map<string, Snapshot>();

	/** The page that the query asks for (`limit`, `continue`). `list` is called for a first page only. */
	async page(
		query: URLSearchParams,
		filter: Filter | undefined,
		list: () => Promise<ObjectList>,
	): Promise<Page> {
		const limit = count(query, 'limit') ?? 0;
		const token = query.get('continue') ?? '';
		const whole = token === '' ? await snapshot(list, filter) : this.#resume(token);
		if (limit === 0 || whole.items.length <= limit) {
			return { items: whole.items, resourceVersion: whole.resourceVersion };
		}
		const next = this.#keep({ ...whole, items: whole.items.slice(limit) });
		return {
			items: whole.items.slice(0, limit),
			resourceVersion: whole.resourceVersion,
			next,
			...(whole.counted ? { remaining: whole.items.length - limit } : {}),
		};
	}

	#keep(rest: Snapshot): string {
		const token = Buffer.from(randomUUID()).toString('base64url');
		this.#snapshots.set(token, rest);
		const oldest = this.#snapshots.keys().next().value;
		if (this.#snapshots.size > SNAPSHOTS && oldest !== undefined) this.#snapshots.delete(oldest);
		return token;
	}

	#resume(token: string): Snapshot {
		const found = this.#snapshots.get(token);
		if (found !== undefined) return found;
		throw new ApiError(
			410,
			'Expired',
			'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.',
		);
	}
}

async function snapshot(list: () => Promise<ObjectList>, filter: Filter | undefined): Promise<Snapshot> {
	const { items, resourceVersion } = await list();
	return { items: filter ? items.filter(filter) : items, resourceVersion, counted: filter === undefined };
}
