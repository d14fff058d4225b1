/** The engine itself through the Docker Engine API: whether it is there, what it is, and what it tells. */
import { release } from 'node:os';
import { type Engine, EngineError } from '../engine.ts';
import * as shapes from '../shapes.ts';
import { lines } from '../streams.ts';
import type { Transport } from '../transport.ts';
import { filters, reading, seconds } from './requests.ts';

/** See `Engine` for each; `apiVersion` is told by `info`. */
export function systemVerbs(
	transport: Transport,
	apiVersion: string,
): Pick<Engine, 'ping' | 'info' | 'unanswered' | 'events' | 'close'> {
	return {
		async ping(signal) {
			await transport.json({ method: 'GET', path: '/_ping', fresh: true, ...(signal ? { signal } : {}) });
		},

		unanswered: () => transport.unanswered(),

		async info() {
			const json = await transport.json<shapes.InfoJson>({ method: 'GET', path: '/info' });
			return shapes.toInfo(json, apiVersion, transport.address.startsWith('unix:'), release());
		},

		async *events(options, signal) {
			const stream = await transport.stream({
				method: 'GET',
				path: '/events',
				query: {
					since: seconds(options.since),
					filters: filters({ label: options.labels ?? [], event: options.actions ?? [] }),
				},
				signal,
			});
			options.onConnected?.();
			for await (const line of reading(transport.address, stream, lines(stream), signal)) {
				const event = shapes.toEvent(parseEvent(line));
				if (event) yield event;
			}
		},

		close: () => transport.close(),
	};
}

function parseEvent(line: string): shapes.EventJson {
	try {
		return JSON.parse(line) as shapes.EventJson;
	} catch (error) {
		throw new EngineError('UNKNOWN', 'the engine sent an event that is no JSON', { cause: error });
	}
}
