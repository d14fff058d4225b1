/**
 * The words that the client's files share: what a call takes and answers, the path of a resource, and the
 * error that a refusal stands for.
 */
import type { Readable } from 'node:stream';
import type { WatchEvent } from '../api/backend.ts';
import { ApiError, type Status, UserError } from '../api/errors.ts';
import type { KubeObject } from '../api/types.ts';

/** Values of a query: undefined ones are left out, arrays are repeated (`command=a&command=b`). */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RequestParameters {
	readonly query?: Query;
	/** Sent as JSON; a string or Buffer as it is. */
	readonly body?: unknown;
	/** e.g. `content-type: application/merge-patch+json`, `accept: …as=Table…`. */
	readonly headers?: Readonly<Record<string, string>>;
	readonly signal?: AbortSignal;
	/** A write that may be made twice if its answer gets lost: the caller can cope with what the second one finds. */
	readonly repeatable?: boolean;
}

/** What GET of a collection answers. */
export interface ListAnswer<T = KubeObject> {
	readonly kind: string;
	readonly apiVersion: string;
	readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
	readonly items: T[];
}

export interface WatchParameters {
	/** labelSelector, fieldSelector. */
	readonly query?: Query;
	/** Ends the iteration quietly. */
	readonly signal?: AbortSignal;
	/** Start after this resourceVersion and without a list. */
	readonly since?: string;
}

/** The part of a WebSocket that exec, attach and port-forward are built on. */
export interface ClientWebSocket {
	/** The subprotocol that the server chose. */
	readonly protocol: string;
	/** Resolves when the bytes are handed to the system: back-pressure. */
	send(data: Buffer): Promise<void>;
	/** Binary messages, in order; ends when the socket closes, throws when it breaks. */
	messages(): AsyncIterable<Buffer>;
	close(): void;
}

export interface Client {
	/** Of the supervisor that answers; undefined for a client of a bare address. */
	readonly socket: string;
	/** Parsed JSON of the answer. Throws ApiError for a metav1.Status, UserError when nobody answers. */
	request<T>(method: Method, path: string, parameters?: RequestParameters): Promise<T>;
	list<T = KubeObject>(path: string, query?: Query): Promise<ListAnswer<T>>;
	/**
	 * List, then watch: ADDED for what is there, a BOOKMARK when that is complete, then the changes. Survives
	 * a lost connection, a new supervisor and 410 Gone by listing again and telling only the difference.
	 */
	watch<T extends KubeObject = KubeObject>(
		path: string,
		parameters?: WatchParameters,
	): AsyncIterable<WatchEvent<T>>;
	/** A raw body as it comes (logs). Destroy it or abort the signal to stop. */
	stream(path: string, query?: Query, signal?: AbortSignal): Promise<Readable>;
	websocket(
		path: string,
		query: Query,
		protocols: readonly string[],
		signal?: AbortSignal,
	): Promise<ClientWebSocket>;
	/** Closes idle connections; calls under way go on. */
	close(): void;
}

/**
 * Path of a resource: `resourcePath('pods', 'default', 'web', 'log')`; names are escaped. Throws UserError for an empty
 * name, which would make it the path of all: a deletion of nothing would be one of everything.
 */
export function resourcePath(
	resource: string,
	namespace?: string,
	name?: string,
	subresource?: string,
): string {
	const parts = ['', 'api', 'v1'];
	if (namespace !== undefined) parts.push('namespaces', encodeURIComponent(namespace));
	parts.push(resource);
	if (name === '') throw new UserError('USAGE', 'resource name may not be empty');
	if (name !== undefined) parts.push(encodeURIComponent(name));
	if (subresource !== undefined) parts.push(subresource);
	return parts.join('/');
}

/** The error that an answer of status ≥ 400 stands for: its metav1.Status where it is one. */
export function errorFrom(code: number, text: string): ApiError {
	try {
		const status = JSON.parse(text) as Partial<Status>;
		if (status.kind === 'Status') {
			return new ApiError(
				status.code ?? code,
				status.reason ?? 'Unknown',
				status.message ?? 'no message',
				status.details,
			);
		}
	} catch {
		// Not JSON: said as it is below.
	}
	return new ApiError(code, 'Unknown', text.trim() || `the supervisor answered with status ${code}`);
}
