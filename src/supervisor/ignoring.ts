/** Calls to the engine whose failure may be just what was wanted. */
import { EngineError } from '../engine/engine.ts';

/** Waits, and takes these answers of the engine for success; resolves with the one that came, if any. */
export async function ignoring(
	codes: readonly string[],
	call: Promise<unknown>,
): Promise<string | undefined> {
	try {
		await call;
		return undefined;
	} catch (error) {
		if (!(error instanceof EngineError) || !codes.includes(error.code)) throw error;
		return error.code;
	}
}
