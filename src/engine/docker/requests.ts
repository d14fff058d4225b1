/** What all calls of the Docker Engine API have in common: paths, filters, times, and how a stream is read. */
import type { Readable } from 'node:stream';
import { EngineError, type EngineErrorCode } from '../engine.ts';
import { toEngineError } from '../engine-errors.ts';

/** The path of a container's endpoint. */
export function containerPath(id: string, rest = ''): string {
	return `/containers/${encodeURIComponent(id)}${rest}`;
}

/** A name with slashes as a path: `library/nginx:1` keeps its slash. */
export function segments(name: string): string {
	return name.split('/').map(encodeURIComponent).join('/');
}

/** The `filters` parameter; undefined where nothing is filtered. */
export function filters(wanted: Readonly<Record<string, readonly string[]>>): string | undefined {
	const set = Object.entries(wanted).filter(([, values]) => values.length > 0);
	return set.length === 0 ? undefined : JSON.stringify(Object.fromEntries(set));
}

/** Milliseconds as the engine's seconds with a fraction. */
export function seconds(at: number | undefined): string | undefined {
	return at === undefined ? undefined : (at / 1000).toFixed(3);
}

/** Whether an error is the engine's, with one of these codes. */
export function isCode(error: unknown, ...codes: EngineErrorCode[]): boolean {
	return error instanceof EngineError && codes.includes(error.code);
}

/** The answer, or undefined where the engine does not have what was asked about. */
export async function absent<T>(call: () => Promise<T>): Promise<T | undefined> {
	try {
		return await call();
	} catch (error) {
		if (isCode(error, 'NOT_FOUND', 'IMAGE_NOT_FOUND')) return undefined;
		throw error;
	}
}

/**
 * Reads `items` from a streaming answer: a break becomes an EngineError that names `address`, and leaving early
 * cuts the connection.
 */
export async function* reading<T>(
	address: string,
	stream: Readable,
	items: AsyncIterable<T>,
	signal?: AbortSignal,
): AsyncGenerator<T, void, void> {
	const cut = (): void => {
		stream.destroy(new EngineError('ABORTED', 'the call was cut off'));
	};
	signal?.addEventListener('abort', cut, { once: true });
	if (signal?.aborted) cut();
	try {
		yield* items;
	} catch (error) {
		if (signal?.aborted) throw new EngineError('ABORTED', 'the call was cut off', { cause: error });
		throw toEngineError(error, address);
	} finally {
		signal?.removeEventListener('abort', cut);
		stream.destroy();
	}
}
