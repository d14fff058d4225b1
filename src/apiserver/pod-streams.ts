/**
 * The streams of a pod: log as a chunked body; exec, attach and portforward as WebSockets. Whatever can be
 * refused is refused before the upgrade, as an HTTP answer with a metav1.Status.
 */
import { pipeline } from 'node:stream/promises';
import type { Backend, LogRequest } from '../api/backend.ts';
import { badRequest } from '../api/errors.ts';
import { count, type Exchange, flag } from './exchange.ts';
import { CHANNEL_PROTOCOL, OWN_PROTOCOL, portsOf, serveChannels, serveConnection } from './port-forward.ts';
import { PROCESS_PROTOCOLS, processQuery, serveProcess } from './processes.ts';
import { accept, chooseProtocol, type Upgrade } from './sockets.ts';
import { serveTunnel, TUNNEL_PROTOCOL } from './spdy/tunnel.ts';

/** What an upgrade needs to know of its request. */
export type UpgradeExchange = Pick<Exchange, 'request' | 'query' | 'params'> & { readonly upgrade: Upgrade };

/** GET …/log */
export async function serveLog(backend: Backend, exchange: Exchange): Promise<void> {
	const { namespace, pod } = target(exchange);
	const logs = await backend.logs(namespace, pod, logRequest(exchange.query));
	exchange.response.writeHead(200, { 'content-type': 'text/plain' });
	exchange.response.flushHeaders();
	try {
		await pipeline(logs, exchange.response, { signal: exchange.signal });
	} catch (error) {
		logs.destroy();
		if (!exchange.signal.aborted) throw error;
	}
}

/** GET …/exec with an upgrade */
export async function serveExec(backend: Backend, exchange: UpgradeExchange): Promise<void> {
	const { namespace, pod } = target(exchange);
	const options = processQuery(exchange.query);
	const command = exchange.query.getAll('command');
	if (command.length === 0) throw badRequest('you must specify at least one command for the container');
	await backend.get('Pod', namespace, pod);
	const protocol = chooseProtocol(exchange.request, PROCESS_PROTOCOLS);
	const streams = await backend.exec(namespace, pod, { ...options, command });
	await serveProcess(await acceptFor(exchange, protocol, () => streams.close()), streams);
}

/** GET …/attach with an upgrade */
export async function serveAttach(backend: Backend, exchange: UpgradeExchange): Promise<void> {
	const { namespace, pod } = target(exchange);
	const options = processQuery(exchange.query);
	await backend.get('Pod', namespace, pod);
	const protocol = chooseProtocol(exchange.request, PROCESS_PROTOCOLS);
	const streams = await backend.attach(namespace, pod, options);
	await serveProcess(await acceptFor(exchange, protocol, () => streams.close()), streams);
}

/** GET …/portforward with an upgrade */
export async function servePortForward(backend: Backend, exchange: UpgradeExchange): Promise<void> {
	const { namespace, pod } = target(exchange);
	await backend.get('Pod', namespace, pod);
	const protocol = chooseProtocol(exchange.request, [OWN_PROTOCOL, TUNNEL_PROTOCOL, CHANNEL_PROTOCOL]);
	if (protocol === TUNNEL_PROTOCOL) {
		await serveTunnel(await accept(exchange.upgrade, protocol), backend, { namespace, pod });
		return;
	}
	const ports = portsOf(exchange.query);
	if (protocol === CHANNEL_PROTOCOL) {
		await serveChannels(await accept(exchange.upgrade, protocol), backend, { namespace, pod, ports });
		return;
	}
	const [port, ...more] = ports;
	if (port === undefined || more.length > 0) throw badRequest('one connection forwards one port');
	const connection = await backend.portForward(namespace, pod, port);
	await serveConnection(await acceptFor(exchange, protocol, () => connection.destroy()), connection);
}

/** The upgrade; what was opened for it is closed when the client does not wait for it. */
async function acceptFor(exchange: UpgradeExchange, protocol: string, close: () => void) {
	try {
		return await accept(exchange.upgrade, protocol);
	} catch (error) {
		close();
		throw error;
	}
}

function target({ params }: Pick<Exchange, 'params'>): { namespace: string; pod: string } {
	return { namespace: params.namespace ?? '', pod: params.name ?? '' };
}

/** PodLogOptions of a query. Throws 400. */
function logRequest(query: URLSearchParams): LogRequest {
	const text = (name: string) => query.get(name) || undefined;
	const container = text('container');
	const sinceTime = text('sinceTime');
	const stream = text('stream');
	const tailLines = count(query, 'tailLines');
	const sinceSeconds = count(query, 'sinceSeconds');
	const limitBytes = count(query, 'limitBytes');
	if (sinceTime !== undefined && Number.isNaN(Date.parse(sinceTime))) {
		throw badRequest(`invalid value for sinceTime: ${JSON.stringify(sinceTime)}`);
	}
	if (sinceTime !== undefined && sinceSeconds !== undefined) {
		throw badRequest('at most one of `sinceTime` or `sinceSeconds` may be specified');
	}
	if (sinceSeconds === 0) throw badRequest('sinceSeconds: Invalid value: 0: must be greater than 0');
	if (limitBytes === 0) throw badRequest('limitBytes: Invalid value: 0: must be greater than 0');
	if (stream !== undefined && stream !== 'All' && stream !== 'Stdout' && stream !== 'Stderr') {
		throw badRequest(
			`stream: Unsupported value: ${JSON.stringify(stream)}: supported values: "All", "Stderr", "Stdout"`,
		);
	}
	return {
		...(container === undefined ? {} : { container }),
		previous: flag(query, 'previous'),
		follow: flag(query, 'follow'),
		timestamps: flag(query, 'timestamps'),
		...(tailLines === undefined ? {} : { tailLines }),
		...(sinceSeconds === undefined ? {} : { sinceSeconds }),
		...(sinceTime === undefined ? {} : { sinceTime }),
		...(limitBytes === undefined ? {} : { limitBytes }),
		...(stream === undefined ? {} : { stream }),
	};
}
