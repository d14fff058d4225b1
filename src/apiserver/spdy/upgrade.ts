/**
 * The upgrade of a request to SPDY/3.1, as clients ask for it that know no WebSockets: which stream protocol is
 * spoken on it stands in the header X-Stream-Protocol-Version, the client's best first.
 */
import type { IncomingMessage } from 'node:http';
import { ApiError, badRequest } from '../../api/errors.ts';
import { markAccepted, type Upgrade } from '../sockets.ts';
import { controlFrame, numbers, PING } from './frames.ts';
import { type Wire, wireOfSocket } from './wire.ts';

const SPDY = 'SPDY/3.1';
/**
 * ms between pings. A socket that is held back is not read, so the client's end would go unnoticed: a ping to a
 * client that has gone fails.
 */
const PING_EVERY = 10_000;

/** Whether a request wants its connection upgraded to SPDY. */
export function asksForSpdy(request: IncomingMessage): boolean {
	return (request.headers.upgrade ?? '').toLowerCase() === SPDY.toLowerCase();
}

/**
 * The first of `known` that the client offers; the last of them for a client of Kubernetes 1.0, which offers
 * none. Throws 403 when there is none in common, as the API server does.
 */
export function chooseStreamProtocol<P extends string>(request: IncomingMessage, known: readonly P[]): P {
	const offered = [request.headers['x-stream-protocol-version'] ?? []]
		.flat()
		.flatMap((line) => line.split(','))
		.map((one) => one.trim())
		.filter((one) => one !== '');
	const found = offered.length === 0 ? known.at(-1) : known.find((one) => offered.includes(one));
	if (found === undefined) {
		throw new ApiError(
			403,
			'Forbidden',
			`unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server supports [${known.join(' ')}]`,
		);
	}
	return found;
}

/** Completes the upgrade. Throws 400 when the client has gone in the meantime. */
export function acceptSpdy({ socket, head }: Upgrade, protocol: string): Wire {
	if (socket.destroyed || !socket.writable) throw badRequest('the client went away before the upgrade');
	const lines = [
		'HTTP/1.1 101 Switching Protocols',
		'Connection: Upgrade',
		`Upgrade: ${SPDY}`,
		`X-Stream-Protocol-Version: ${protocol}`,
	];
	socket.write(`${lines.join('\r\n')}\r\n\r\n`);
	markAccepted(socket);
	const wire = wireOfSocket(socket, head);
	keepAsking(wire);
	return wire;
}

/** A server's pings have even numbers. */
function keepAsking(wire: Wire): void {
	let id = 0;
	const timer = setInterval(() => {
		id = (id + 2) & 0x7fff_ffff;
		wire.send(controlFrame(PING, numbers(id)));
	}, PING_EVERY);
	timer.unref();
	wire.onClose(() => clearInterval(timer));
}
