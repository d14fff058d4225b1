/**
 * An open watch: JSON lines of events, with initial events, bookmarks, selectors and Tables. An object that
 * begins to match a selector is ADDED, one that ceases is DELETED, as the API server's watch cache does. A
 * slow reader holds up its own watch only; the store ends it when it falls too far behind.
 */
import { once } from 'node:events';
import type { Backend, WatchEvent } from '../api/backend.ts';
import { ApiError } from '../api/errors.ts';
import type { KubeObject } from '../api/types.ts';
import { count, type Exchange, type Form, flag, jsonOf, statusOf } from './exchange.ts';
import { type Filter, filterOf } from './listing.ts';
import type { StoredResource } from './resources.ts';
import { tableOf } from './tables.ts';

/** ms between bookmarks of a quiet watch. */
const BOOKMARK_EVERY = 60_000;
/** A watch without timeoutSeconds is ended after this, s; clients go on where they were. */
const LONGEST = 3_600;

/** Serves one watch until the client goes, its timeout passes, or the store ends it. */
export async function serveWatch(
	backend: Backend,
	resource: StoredResource,
	namespace: string | undefined,
	exchange: Exchange,
	form: Form,
): Promise<void> {
	const { query, response } = exchange;
	const filter = filterOf(query, resource.kind);
	const start = await startOf(backend, resource, namespace, query);
	const seconds = Math.min(count(query, 'timeoutSeconds') ?? LONGEST, LONGEST);
	const ending = AbortSignal.any([exchange.signal, AbortSignal.timeout(seconds * 1000)]);
	const writer = new EventWriter(exchange, resource, form, ending);

	response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
	response.flushHeaders();
	const bookmarks = flag(query, 'allowWatchBookmarks');
	let position = start.resourceVersion;
	const timer = setInterval(() => {
		if (bookmarks) writer.bookmark(position);
	}, BOOKMARK_EVERY);
	try {
		// Subscribed before anything is written, so that nothing falls between list and watch.
		const events = backend.watch(
			resource.kind,
			{ since: position, ...(namespace === undefined ? {} : { namespace }) },
			ending,
		);
		const known = new Set<string>();
		for (const object of start.initial) {
			if (filter !== undefined && !filter(object)) continue;
			known.add(identity(object));
			await writer.event('ADDED', object);
		}
		if (start.marked && bookmarks) writer.bookmark(position, { 'k8s.io/initial-events-end': 'true' });
		for await (const event of events) {
			if (ending.aborted) break;
			position = event.object.metadata.resourceVersion ?? position;
			const told = selected(event, filter, known);
			if (told !== undefined) await writer.event(told, event.object);
		}
	} catch (error) {
		if (!ending.aborted) writer.error(error);
	} finally {
		clearInterval(timer);
		response.end();
	}
}

interface Start {
	readonly resourceVersion: string;
	readonly initial: readonly KubeObject[];
	/** sendInitialEvents: a bookmark says where they end. */
	readonly marked: boolean;
}

/** Without a resourceVersion (or with "0") a watch begins with what is there; with one, after it. */
async function startOf(
	backend: Backend,
	resource: StoredResource,
	namespace: string | undefined,
	query: URLSearchParams,
): Promise<Start> {
	const since = query.get('resourceVersion') ?? '';
	const initial = query.get('sendInitialEvents');
	const wanted = initial === null ? since === '' || since === '0' : flag(query, 'sendInitialEvents');
	if (!wanted && since !== '' && since !== '0') return { resourceVersion: since, initial: [], marked: false };
	const { items, resourceVersion } = await backend.list(resource.kind, namespace);
	return { resourceVersion, initial: wanted ? items : [], marked: initial !== null && wanted };
}

/** How a change is told under a selector; undefined: not at all. `known` are the objects that matched last. */
function selected(
	event: WatchEvent,
	filter: Filter | undefined,
	known: Set<string>,
): WatchEvent['type'] | undefined {
	if (filter === undefined) return event.type;
	const id = identity(event.object);
	const before = known.has(id) || (event.previous !== undefined && filter(event.previous));
	const now = event.type !== 'DELETED' && filter(event.object);
	if (now) known.add(id);
	else known.delete(id);
	if (event.type === 'DELETED') return before || filter(event.object) ? 'DELETED' : undefined;
	if (now) return before ? 'MODIFIED' : 'ADDED';
	return before ? 'DELETED' : undefined;
}

function identity(object: KubeObject): string {
	return object.metadata.uid ?? `${object.metadata.namespace}/${object.metadata.name}`;
}

/** Lines on the wire, with back-pressure. */
class EventWriter {
	readonly #exchange: Exchange;
	readonly #resource: StoredResource;
	readonly #form: Form;
	readonly #ending: AbortSignal;
	#headed = false;

	constructor(exchange: Exchange, resource: StoredResource, form: Form, ending: AbortSignal) {
		this.#exchange = exchange;
		this.#resource = resource;
		this.#form = form;
		this.#ending = ending;
	}

	async event(type: string, object: KubeObject): Promise<void> {
		const text = this.#form === 'table' ? this.#table(object) : jsonOf(object);
		if (this.#line(type, text) || this.#ending.aborted) return;
		await once(this.#exchange.response, 'drain', { signal: this.#ending });
	}

	bookmark(resourceVersion: string, annotations?: Record<string, string>): void {
		const { kind } = this.#resource;
		const metadata = { resourceVersion, ...(annotations ? { annotations } : {}) };
		const object =
			this.#form === 'table'
				? { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata, columnDefinitions: [], rows: [] }
				: { kind, apiVersion: 'v1', metadata };
		this.#line('BOOKMARK', JSON.stringify(object));
	}

	error(error: unknown): void {
		const status = statusOf(error);
		this.#line('ERROR', JSON.stringify(status));
		if (!(error instanceof ApiError)) throw error;
	}

	/** The columns are told once; kubectl keeps them. */
	#table(object: KubeObject): string {
		const table = tableOf(this.#resource.kind, [object], this.#exchange.query, Date.now());
		const metadata = { resourceVersion: object.metadata.resourceVersion };
		const columnDefinitions = this.#headed ? [] : table.columnDefinitions;
		this.#headed = true;
		return JSON.stringify({ ...table, metadata, columnDefinitions });
	}

	#line(type: string, object: string): boolean {
		return this.#exchange.response.write(`{"type":"${type}","object":${object}}\n`);
	}
}
