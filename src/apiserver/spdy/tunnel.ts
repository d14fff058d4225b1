/**
 * kubectl's port-forward: a SPDY connection, inside of one WebSocket or on its own. Each TCP connection is a pair of streams
 * with the same request id: one of type error, which the server alone writes, and one of type data. An error
 * that is written makes kubectl tell it and give up, as on a cluster.
 */
import type { Duplex } from 'node:stream';
import type { Backend } from '../../api/backend.ts';
import { statusOf } from '../exchange.ts';
import { serveSpdy } from './connection.ts';
import type { Headers } from './headers.ts';
import type { Wire } from './wire.ts';

export const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io';
/** The same on a SPDY connection of its own. */
export const FORWARD_PROTOCOL = 'portforward.k8s.io';

/** ms in which the second stream of a pair has to come. */
const PAIR_WITHIN = 30_000;

interface Pair {
	error?: Duplex;
	data?: Duplex;
	readonly timer: NodeJS.Timeout;
}

/** Serves all connections until the client closes the wire. */
export async function serveTunnel(
	wire: Wire,
	backend: Backend,
	target: { readonly namespace: string; readonly pod: string },
): Promise<void> {
	const pairs = new Map<string, Pair>();
	await serveSpdy(wire, (stream, headers) => {
		const role = headers.streamtype;
		const id = headers.requestid ?? '';
		if ((role !== 'error' && role !== 'data') || portOf(headers) === undefined) {
			stream.destroy();
			return;
		}
		const pair = pairs.get(id) ?? { timer: setTimeout(() => giveUp(id), PAIR_WITHIN) };
		pairs.set(id, pair);
		pair[role] = stream;
		const { error, data } = pair;
		if (error === undefined || data === undefined) return;
		clearTimeout(pair.timer);
		pairs.delete(id);
		forward(error, data, portOf(headers) ?? 0).catch(() => {
			error.destroy();
			data.destroy();
		});
	});
	for (const { timer } of pairs.values()) clearTimeout(timer);

	function giveUp(id: string): void {
		const pair = pairs.get(id);
		pairs.delete(id);
		pair?.error?.destroy();
		pair?.data?.destroy();
	}

	async function forward(error: Duplex, data: Duplex, port: number): Promise<void> {
		error.resume();
		const fail = (why: string) => {
			error.end(`error forwarding port ${port} to pod ${target.pod}: ${why}`);
			data.destroy();
		};
		let connection: Duplex;
		try {
			connection = await backend.portForward(target.namespace, target.pod, port);
		} catch (refusal) {
			fail(statusOf(refusal).message);
			return;
		}
		if (data.destroyed) {
			connection.destroy();
			error.end();
			return;
		}
		const broken = await joined(data, connection);
		// The client's own end of a connection is none of its business to hear about.
		if (broken !== undefined && !data.destroyed) fail(broken);
		else error.end();
	}
}

/** Copies both ways until the pod has said all. Resolves with why, when the pod's side broke. */
function joined(client: Duplex, pod: Duplex): Promise<string | undefined> {
	const { promise, resolve } = Promise.withResolvers<string | undefined>();
	client.pipe(pod);
	pod.pipe(client);
	pod.once('error', (error) => resolve(error.message));
	// The pod has said all: kubectl waits for the end of the error stream, not for its own side.
	pod.once('end', () => resolve(undefined));
	pod.once('close', () => {
		resolve(undefined);
		if (!client.writableEnded) client.end();
	});
	client.once('close', () => {
		pod.destroy();
		resolve(undefined);
	});
	return promise;
}

function portOf(headers: Headers): number | undefined {
	const port = Number(headers.port);
	return Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
}
