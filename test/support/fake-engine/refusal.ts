/** How the fake engine says no: Docker's words and status codes, as the real one was seen to give them. */
import { EngineError, type EngineErrorCode } from '../../../src/engine/engine.ts';

export function fail(code: EngineErrorCode, statusCode: number | undefined, message: string): never {
	throw new EngineError(code, message, statusCode === undefined ? {} : { statusCode });
}
