/** The tcpSocket handler: success as soon as the port accepts a connection. */
import { DialError } from './dial.ts';
import { type HandlerResult, type HandlerTarget, resolvePort } from './handler.ts';

/** The fields of a TCPSocketAction. */
export interface TCPSocketAction {
	readonly host?: string;
	readonly port: number | string;
}

/** Connects and hangs up. A refusal, a timeout, an unreachable host are failures; all else is thrown. */
export async function tcpSocket(
	action: TCPSocketAction,
	target: HandlerTarget,
	seconds: number,
	signal: AbortSignal,
): Promise<HandlerResult> {
	const port = resolvePort(action.port, target.ports);
	try {
		await target.dial.check(action.host || target.podIP, port, seconds, signal);
		return { outcome: 'success', message: '' };
	} catch (error) {
		if (error instanceof DialError) return { outcome: 'failure', message: error.message };
		throw error;
	}
}
