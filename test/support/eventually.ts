/**
 * Waiting for what must come true, with a limit: the only way in which scenarios wait. What was seen last is
 * part of the failure, so that a red test says how far it got.
 */
import { setTimeout as delay } from 'node:timers/promises';

export interface Patience {
	/** In milliseconds; generous, for it is only spent when something is wrong. */
	readonly within?: number;
	/** Said in the failure. */
	readonly what?: string;
}

/** Asks again until `look` neither throws nor says undefined or false; then its answer. Throws the last refusal. */
export async function eventually<T>(
	look: () => Promise<T | undefined | false> | T | undefined | false,
	{ within = 60_000, what = look.toString() }: Patience = {},
): Promise<T> {
	const deadline = Date.now() + within;
	let last: unknown;
	for (;;) {
		try {
			const answer = await look();
			if (answer !== undefined && answer !== false) {
				return answer as T;
			}
			last = undefined;
		} catch (error) {
			last = error;
		}
		if (Date.now() > deadline) {
			const why = last instanceof Error ? `\n${last.message}` : '';
			throw new Error(`not within ${within} ms: ${what}${why}`, { cause: last });
		}
		await delay(100);
	}
}
