/**
 * The handlers of every stored kind: get, list, create, replace, patch, delete, and deletion of a collection.
 * They speak HTTP and leave the rules of a write to the backend.
 */
import type { Backend, Subresource, UpdateOptions } from '../api/backend.ts';
import { ApiError, badRequest, notFound } from '../api/errors.ts';
import type { KubeObject } from '../api/types.ts';
import { applyConfiguration } from './apply.ts';
import { decodeBody } from './decoding.ts';
import {
	type Exchange,
	flag,
	isRecord,
	jsonOf,
	mediaType,
	negotiate,
	readBody,
	readObject,
	sendJson,
	success,
} from './exchange.ts';
import { filterOf, type Page, type Pager } from './listing.ts';
import { applyPatch, parsePatch, patchTypeOf } from './patches.ts';
import type { StoredResource } from './resources.ts';
import { tableOf } from './tables.ts';
import { serveWatch } from './watches.ts';
import { deleteOptions, writeOptions } from './write-options.ts';

/** Tries of a patch against an object that others write at the same time. */
const PATCH_TRIES = 8;

export class Objects {
	readonly #backend: Backend;
	readonly #pager: Pager;
	readonly #resource: StoredResource;

	constructor(backend: Backend, pager: Pager, resource: StoredResource) {
		this.#backend = backend;
		this.#pager = pager;
		this.#resource = resource;
	}

	async get(exchange: Exchange): Promise<void> {
		const form = negotiate(exchange);
		const object = await this.#backend.get(this.#resource.kind, this.#namespace(exchange), nameOf(exchange));
		if (form === 'table') this.#sendTable(exchange, [object], object.metadata.resourceVersion ?? '');
		else sendJson(exchange, 200, jsonOf(object));
	}

	/** list, or watch with `watch=true`. */
	async list(exchange: Exchange): Promise<void> {
		const { kind } = this.#resource;
		const form = negotiate(exchange);
		const namespace = this.#namespace(exchange);
		if (flag(exchange.query, 'watch')) {
			await serveWatch(this.#backend, this.#resource, namespace, exchange, form);
			return;
		}
		const page = await this.#pager.page(exchange.query, filterOf(exchange.query, kind), () =>
			this.#backend.list(kind, namespace),
		);
		if (form === 'table') {
			this.#sendTable(exchange, page.items, page.resourceVersion, page);
			return;
		}
		const metadata = JSON.stringify(listMetadata(page.resourceVersion, page));
		const items = page.items.map(jsonOf).join(',');
		sendJson(
			exchange,
			200,
			`{"kind":"${kind}List","apiVersion":"v1","metadata":${metadata},"items":[${items}]}`,
		);
	}

	async create(exchange: Exchange): Promise<void> {
		negotiate(exchange);
		const options = writeOptions(exchange);
		const object = await this.#body(exchange);
		this.#answer(exchange, 201, await this.#backend.create(this.#resource.kind, object, options));
	}

	async replace(exchange: Exchange, subresource: Subresource = 'main'): Promise<void> {
		negotiate(exchange);
		const options = { ...writeOptions(exchange), subresource };
		const object = await this.#body(exchange);
		this.#answer(exchange, 200, await this.#backend.update(this.#resource.kind, object, options));
	}

	async patch(exchange: Exchange, subresource: Subresource = 'main'): Promise<void> {
		negotiate(exchange);
		const type = patchTypeOf(mediaType(exchange.request.headers['content-type'] ?? ''));
		const options = { ...writeOptions(exchange), subresource };
		const patch = parsePatch(type, await readBody(exchange));
		if (type === 'application/apply-patch+yaml') {
			await this.#apply(exchange, patch as Record<string, unknown>, options);
			return;
		}
		this.#answer(
			exchange,
			200,
			await this.#change(exchange, options, (current) => applyPatch(type, current, patch)),
		);
	}

	async delete(exchange: Exchange): Promise<void> {
		negotiate(exchange);
		const options = await deleteOptions(exchange);
		const { kind, name: resource } = this.#resource;
		const name = nameOf(exchange);
		const { object, deleted } = await this.#backend.delete(kind, this.#namespace(exchange), name, options);
		if (kind === 'Pod' || kind === 'PersistentVolumeClaim' || !deleted)
			sendJson(exchange, 200, jsonOf(object));
		else
			sendJson(
				exchange,
				200,
				success({ name, kind: resource, ...(object.metadata.uid ? { uid: object.metadata.uid } : {}) }),
			);
	}

	async deleteCollection(exchange: Exchange): Promise<void> {
		const options = await deleteOptions(exchange);
		const { kind } = this.#resource;
		const namespace = this.#namespace(exchange);
		const { items, resourceVersion } = await this.#backend.list(kind, namespace);
		const filter = filterOf(exchange.query, kind) ?? (() => true);
		const deleted: KubeObject[] = [];
		for (const item of items.filter(filter)) {
			try {
				const { object } = await this.#backend.delete(
					kind,
					item.metadata.namespace,
					item.metadata.name,
					options,
				);
				deleted.push(object);
			} catch (error) {
				// Somebody else was quicker.
				if (!(error instanceof ApiError && error.status.code === 404)) throw error;
			}
		}
		sendJson(exchange, 200, {
			kind: `${kind}List`,
			apiVersion: 'v1',
			metadata: { resourceVersion },
			items: deleted,
		});
	}

	/** Reads, changes, writes; once more when somebody else wrote in between, unless the client named a version. */
	async #change(
		exchange: Exchange,
		options: UpdateOptions,
		change: (current: KubeObject) => Record<string, unknown>,
	): Promise<KubeObject> {
		const { kind } = this.#resource;
		for (let tries = 1; ; tries++) {
			const current = await this.#backend.get(kind, this.#namespace(exchange), nameOf(exchange));
			const changed = change(current);
			const wanted = isRecord(changed.metadata) ? changed.metadata.resourceVersion : undefined;
			const chosen = wanted !== undefined && wanted !== current.metadata.resourceVersion;
			const object = this.#placed(exchange, decodeBody(exchange, changed, kind));
			if (!chosen) object.metadata.resourceVersion = current.metadata.resourceVersion ?? '';
			try {
				return await this.#backend.update(kind, object, options);
			} catch (error) {
				const conflicts = error instanceof ApiError && error.status.reason === 'Conflict';
				if (!conflicts || chosen || tries >= PATCH_TRIES) throw error;
			}
		}
	}

	/** Server-side apply: creates what is not there. */
	async #apply(
		exchange: Exchange,
		configuration: Record<string, unknown>,
		options: UpdateOptions,
	): Promise<void> {
		const manager = exchange.query.get('fieldManager') ?? '';
		if (manager === '')
			throw badRequest(
				'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
			);
		const { kind } = this.#resource;
		decodeBody(exchange, configuration, kind);
		const request = { manager, force: flag(exchange.query, 'force'), now: new Date(), kind };
		try {
			const object = await this.#change(exchange, options, (current) =>
				applyConfiguration(current, configuration, request),
			);
			this.#answer(exchange, 200, object);
		} catch (error) {
			const missing = error instanceof ApiError && error.status.code === 404;
			if (!missing || options.subresource !== 'main') throw error;
			const fresh = applyConfiguration(undefined, configuration, request);
			const object = this.#placed(exchange, decodeBody(exchange, fresh, kind));
			this.#answer(exchange, 201, await this.#backend.create(kind, object, options));
		}
	}

	async #body(exchange: Exchange): Promise<KubeObject> {
		const body = await readObject(exchange);
		if (body === undefined) throw badRequest('the request has no body: an object is expected');
		return this.#placed(exchange, decodeBody(exchange, body, this.#resource.kind));
	}

	/** Name and namespace of the URL, which the object may leave out but not contradict. Throws 400. */
	#placed(exchange: Exchange, object: KubeObject): KubeObject {
		const { metadata } = object;
		const namespace = this.#namespace(exchange);
		if (this.#resource.namespaced) {
			if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== namespace) {
				throw badRequest(
					`the namespace of the provided object does not match the namespace sent on the request`,
				);
			}
			if (namespace !== undefined) metadata.namespace = namespace;
		} else delete metadata.namespace;
		const name = exchange.params.name;
		if (name !== undefined) {
			if (metadata.name !== '' && metadata.name !== name) {
				throw badRequest(
					`the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
				);
			}
			metadata.name = name;
		}
		return object;
	}

	#answer(exchange: Exchange, code: number, object: KubeObject): void {
		if (negotiate(exchange) === 'object') sendJson(exchange, code, jsonOf(object));
		else this.#sendTable(exchange, [object], object.metadata.resourceVersion ?? '', undefined, code);
	}

	#sendTable(
		exchange: Exchange,
		objects: readonly KubeObject[],
		resourceVersion: string,
		page?: Page,
		code = 200,
	): void {
		const table = tableOf(this.#resource.kind, objects, exchange.query, Date.now());
		sendJson(exchange, code, { ...table, metadata: listMetadata(resourceVersion, page) });
	}

	#namespace(exchange: Exchange): string | undefined {
		return this.#resource.namespaced ? exchange.params.namespace : undefined;
	}
}

function listMetadata(resourceVersion: string, page?: Page): Record<string, unknown> {
	return {
		resourceVersion,
		...(page?.next === undefined ? {} : { continue: page.next }),
		...(page?.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
	};
}

/** The name in the path. Throws 404 where there is none. */
export function nameOf(exchange: Exchange): string {
	const { name } = exchange.params;
	if (name === undefined || name === '') throw notFound('objects', '');
	return name;
}
