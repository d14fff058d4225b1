/**
 * The JSON lines that the engine sends while it pulls, loads or builds. It begins with HTTP 200 whatever comes
 * after, so a failure arrives in-band as `{"error": …}` and is thrown here.
 */

import { EngineError, type PullProgress } from './engine.ts';
import { classify } from './engine-errors.ts';
import { lines } from './streams.ts';

/** One message of the stream, as far as it is read. */
export interface ProgressMessage {
	readonly id?: string;
	readonly status?: string;
	readonly stream?: string;
	readonly progressDetail?: { readonly current?: number; readonly total?: number };
	/** A text: BuildKit's status. */
	readonly aux?: { readonly ID?: string } | string;
	readonly error?: string;
	readonly errorDetail?: { readonly message?: string };
}

/**
 * The messages in order.
 * @throws EngineError for an in-band error, or a line that is no JSON.
 */
export async function* messages(source: AsyncIterable<Buffer>): AsyncGenerator<ProgressMessage, void, void> {
	for await (const line of lines(source)) {
		const message = parse(line);
		const error = message.error ?? message.errorDetail?.message;
		if (error !== undefined) throw new EngineError(classify(undefined, error), error.trim());
		yield message;
	}
}

/** A pull's message for the screen; undefined for those about no layer ("Digest: …", "Status: …"). */
export function pullProgress(message: ProgressMessage): PullProgress | undefined {
	if (message.id === undefined || message.status === undefined) return undefined;
	// The first message's id is the tag: "Pulling from library/nginx".
	if (message.status.startsWith('Pulling from ')) return undefined;
	const { current, total } = message.progressDetail ?? {};
	return {
		layer: message.id,
		status: message.status,
		...(current === undefined ? {} : { current }),
		...(total === undefined || total <= 0 ? {} : { total }),
	};
}

function parse(line: string): ProgressMessage {
	let value: unknown;
	try {
		value = JSON.parse(line);
	} catch (error) {
		throw new EngineError('UNKNOWN', `the engine sent a line that is no JSON: ${line.slice(0, 200)}`, {
			cause: error,
		});
	}
	return typeof value === 'object' && value !== null ? (value as ProgressMessage) : {};
}
