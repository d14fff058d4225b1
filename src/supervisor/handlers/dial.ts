/**
 * Opening a TCP connection into a pod. There are two ways: `directDial` from the supervisor's own machine,
 * and `infraDial` (infra-dial.ts) through an exec of `pause connect` in the pod's namespaces. Both fail
 * with DialError in the words of Go's net package, which users know from a kubelet's events.
 */
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { joinHostPort } from './handler.ts';

export type DialFailure = 'refused' | 'timeout' | 'unreachable' | 'other';

/** `dial tcp 10.0.0.1:80: connect: connection refused` */
export class DialError extends Error {
	readonly failure: DialFailure;

	constructor(host: string, port: number, failure: DialFailure, why: string, cause?: unknown) {
		super(`dial tcp ${joinHostPort(host, port)}: ${why}`, cause === undefined ? undefined : { cause });
		this.name = 'DialError';
		this.failure = failure;
	}
}

/** One way into a pod. Both methods end at once when the signal aborts; `limitSeconds` is a second bound for what can't be aborted. */
export interface Dial {
	/**
	 * A connection. It may fail with DialError at once (a rejection) or, through the pause, by an error of
	 * the stream: the engine does not tell that an exec has connected.
	 */
	open(host: string, port: number, limitSeconds: number, signal: AbortSignal): Promise<Duplex>;
	/** Resolves when somebody accepts connections there, rejects with DialError otherwise. */
	check(host: string, port: number, limitSeconds: number, signal: AbortSignal): Promise<void>;
}

/** Connections from this machine, for engines whose pod IPs it can reach. */
export const directDial: Dial = {
	open(host, port, _limitSeconds, signal) {
		return new Promise((resolve, reject) => {
			if (signal.aborted) {
				reject(new DialError(host, port, 'timeout', 'i/o timeout'));
				return;
			}
			const socket = connect({ host, port, noDelay: true });
			const abort = () => socket.destroy(new DialError(host, port, 'timeout', 'i/o timeout'));
			const done = () => signal.removeEventListener('abort', abort);
			signal.addEventListener('abort', abort, { once: true });
			const fail = (error: Error) => {
				done();
				reject(error instanceof DialError ? error : systemDialError(host, port, error));
			};
			socket.once('error', fail);
			socket.once('connect', () => {
				done();
				socket.off('error', fail);
				resolve(socket);
			});
		});
	},

	async check(host, port, limitSeconds, signal) {
		const socket = await directDial.open(host, port, limitSeconds, signal);
		socket.on('error', () => {});
		socket.destroy();
	},
};

function systemDialError(host: string, port: number, error: NodeJS.ErrnoException): DialError {
	switch (error.code) {
		case 'ECONNREFUSED':
			return new DialError(host, port, 'refused', 'connect: connection refused', error);
		case 'ETIMEDOUT':
			return new DialError(host, port, 'timeout', 'connect: connection timed out', error);
		case 'EHOSTUNREACH':
			return new DialError(host, port, 'unreachable', 'connect: no route to host', error);
		case 'ENETUNREACH':
			return new DialError(host, port, 'unreachable', 'connect: network is unreachable', error);
		case 'ENOTFOUND':
		case 'EAI_AGAIN':
			return new DialError(host, port, 'other', `lookup ${host}: no such host`, error);
		default:
			return new DialError(host, port, 'other', `connect: ${error.message}`, error);
	}
}
