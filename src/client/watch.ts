/**
 * List-then-watch, as client-go's reflector does it, in one request: what is there is told as ADDED up to a
 * bookmark, then the changes. After a broken connection the watch resumes at the last resourceVersion; after 410
 * Gone it begins with what is there again and tells only what differs from what the caller knows. The caller
 * sees one unbroken sequence.
 */
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { WatchEvent } from '../api/backend.ts';
import { ApiError, UserError } from '../api/errors.ts';
import type { KubeObject } from '../api/types.ts';
import { type Client, errorFrom, type Query, type WatchParameters } from './wire.ts';

/** Ceiling and start of the pause between two tries, ms. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;
/** Tries in a row without one good answer before the error is the caller's. */
const TRIES = 8;

interface WireEvent<T> {
	readonly type: string;
	readonly object: T;
}

/** See Client.watch. */
export async function* watchObjects<T extends KubeObject>(
	client: Client,
	path: string,
	{ query = {}, signal, since }: WatchParameters,
): AsyncIterable<WatchEvent<T>> {
	const known = new Map<string, T>();
	let position = since;
	let failures = 0;
	while (!signal?.aborted) {
		try {
			const seen = new Set<string>();
			let isListing = position === undefined;
			for await (const event of follow<T>(client, path, query, position, signal)) {
				failures = 0;
				const { type, object } = event;
				if (isListing && type !== 'BOOKMARK') {
					seen.add(keyOf(object));
					yield* told(known, event);
					continue;
				}
				position = object.metadata.resourceVersion ?? position;
				if (type !== 'BOOKMARK') {
					remember(known, event);
					yield event;
				} else if (isListing) {
					isListing = false;
					yield* vanished(known, seen);
					yield event;
				}
			}
			failures = 0;
		} catch (error) {
			if (signal?.aborted) return;
			if (error instanceof ApiError && error.status.code === 410) {
				position = undefined;
				continue;
			}
			failures += 1;
			if (!isPassing(error) || failures >= TRIES) throw error;
			await delay(Math.min(FIRST_PAUSE * 2 ** failures, LONGEST_PAUSE), undefined, pass(signal)).catch(
				() => {},
			);
		}
	}
}

/** Without a position: begin with what is there, and tell with a bookmark when that is complete (as WatchList). */
const FROM_THE_START = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };

/** One connection's events. Ends when the server ends it; throws ApiError for an ERROR event. */
async function* follow<T extends KubeObject>(
	client: Client,
	path: string,
	query: Query,
	position: string | undefined,
	signal: AbortSignal | undefined,
): AsyncIterable<WatchEvent<T>> {
	const body = await client.stream(
		path,
		{
			...query,
			watch: true,
			allowWatchBookmarks: true,
			...(position === undefined ? FROM_THE_START : { resourceVersion: position }),
		},
		signal,
	);
	try {
		for await (const line of lines(body)) {
			const event = JSON.parse(line) as WireEvent<T>;
			if (event.type === 'ERROR') throw errorFrom(500, JSON.stringify(event.object));
			yield event as WatchEvent<T>;
		}
	} finally {
		body.destroy();
	}
}

async function* lines(body: Readable): AsyncIterable<string> {
	body.setEncoding('utf8');
	let rest = '';
	for await (const chunk of body) {
		const pieces = `${rest}${chunk as string}`.split('\n');
		rest = pieces.pop() ?? '';
		for (const piece of pieces) if (piece !== '') yield piece;
	}
}

/** What is news to the caller in an object that is there; another one of the same name means that the first has gone. */
function* told<T extends KubeObject>(known: Map<string, T>, event: WatchEvent<T>) {
	const { object } = event;
	const before = known.get(keyOf(object));
	remember(known, event);
	if (before === undefined) yield { type: 'ADDED', object } as const;
	else if (before.metadata.uid !== object.metadata.uid) {
		yield { type: 'DELETED', object: before } as const;
		yield { type: 'ADDED', object } as const;
	} else if (before.metadata.resourceVersion !== object.metadata.resourceVersion)
		yield { type: 'MODIFIED', object } as const;
}

/** What the caller knows and is not there any more. */
function* vanished<T extends KubeObject>(known: Map<string, T>, seen: ReadonlySet<string>) {
	for (const [key, object] of [...known]) {
		if (seen.has(key)) continue;
		known.delete(key);
		yield { type: 'DELETED', object } as const;
	}
}

function remember<T extends KubeObject>(known: Map<string, T>, event: WatchEvent<T>): void {
	if (event.type === 'DELETED') known.delete(keyOf(event.object));
	else known.set(keyOf(event.object), event.object);
}

function keyOf(object: KubeObject): string {
	return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

/** Worth another try: the connection or the supervisor went away, or it is overloaded for a moment. */
function isPassing(error: unknown): boolean {
	if (error instanceof ApiError) return error.status.code >= 500 || error.status.code === 429;
	if (error instanceof UserError) return error.code === 'SUPERVISOR';
	const code = (error as NodeJS.ErrnoException).code ?? '';
	return ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNREFUSED', 'ENOENT'].includes(code);
}

function pass(signal: AbortSignal | undefined): { signal?: AbortSignal } {
	return signal ? { signal } : {};
}
