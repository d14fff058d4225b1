/**
 * The streams of a pod: log as a chunked body; exec, attach and portforward as WebSockets, or over SPDY for
 * clients that know no other way. Whatever can be refused is refused before the upgrade, as an HTTP answer with a
 * metav1.Status.
 */
import { pipeline } from 'node:stream/promises';
import type { Backend, LogRequest, ProcessStreams } from '../api/backend.ts';
import { badRequest } from '../api/errors.ts';
import { count, type Exchange, flag } from './exchange.ts';
import { toldOnStderr } from './exec-failure.ts';
import {
	CHANNEL_PROTOCOL,
	CHANNEL_PROTOCOL_BASE64,
	OWN_PROTOCOL,
	portsOf,
	serveChannels,
	serveConnection,
} from './port-forward.ts';
import { PROCESS_PROTOCOLS, type ProcessQuery, processQuery, serveProcess } from './processes.ts';
import { accept, chooseProtocol, type Upgrade } from './sockets.ts';
import { SPDY_PROCESS_PROTOCOLS, serveSpdyProcess } from './spdy/remote-command.ts';
import { FORWARD_PROTOCOL, serveTunnel, TUNNEL_PROTOCOL } from './spdy/tunnel.ts';
import { acceptSpdy, asksForSpdy, chooseStreamProtocol } from './spdy/upgrade.ts';
import { wireOfWebSocket } from './spdy/wire.ts';

const FORWARD_PROTOCOLS = [OWN_PROTOCOL, TUNNEL_PROTOCOL, CHANNEL_PROTOCOL, CHANNEL_PROTOCOL_BASE64] as const;

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

/** GET or POST …/exec with an upgrade */
export async function serveExec(backend: Backend, exchange: UpgradeExchange): Promise<void> {
	const { namespace, pod } = target(exchange);
	const options = processQuery(exchange.query);
	const command = exchange.query.getAll('command');
	if (command.length === 0) throw badRequest('you must specify at least one command for the container');
	await backend.get('Pod', namespace, pod);
	await serveStreams(exchange, options, async () =>
		toldOnStderr(await backend.exec(namespace, pod, { ...options, command }), options.stderr),
	);
}

/** GET or POST …/attach with an upgrade */
export async function serveAttach(backend: Backend, exchange: UpgradeExchange): Promise<void> {
	const { namespace, pod } = target(exchange);
	const options = processQuery(exchange.query);
	await backend.get('Pod', namespace, pod);
	await serveStreams(exchange, options, () => backend.attach(namespace, pod, options));
}

/** The protocol is chosen before anything runs, and the process runs before the upgrade. */
async function serveStreams(
	exchange: UpgradeExchange,
	options: ProcessQuery,
	begin: () => Promise<ProcessStreams>,
): Promise<void> {
	const { request, upgrade } = exchange;
	if (asksForSpdy(request)) {
		const protocol = chooseStreamProtocol(request, SPDY_PROCESS_PROTOCOLS);
		const streams = await begin();
		await serveSpdyProcess(
			closingUnless(
				() => acceptSpdy(upgrade, protocol),
				() => streams.close(),
			),
			streams,
			options,
			protocol,
		);
		return;
	}
	const protocol = chooseProtocol(request, PROCESS_PROTOCOLS, 'channel.k8s.io');
	const streams = await begin();
	await serveProcess(await acceptFor(exchange, protocol, () => streams.close()), streams, protocol);
}

/** GET or POST …/portforward with an upgrade */
export async function servePortForward(backend: Backend, exchange: UpgradeExchange): Promise<void> {
	const { namespace, pod } = target(exchange);
	const { request, upgrade } = exchange;
	await backend.get('Pod', namespace, pod);
	if (asksForSpdy(request)) {
		const protocol = chooseStreamProtocol(request, [FORWARD_PROTOCOL]);
		await serveTunnel(acceptSpdy(upgrade, protocol), backend, { namespace, pod });
		return;
	}
	const protocol = chooseProtocol(request, FORWARD_PROTOCOLS, CHANNEL_PROTOCOL);
	if (protocol === TUNNEL_PROTOCOL) {
		await serveTunnel(wireOfWebSocket(await accept(upgrade, protocol)), backend, { namespace, pod });
		return;
	}
	const ports = portsOf(exchange.query);
	if (protocol !== OWN_PROTOCOL) {
		await serveChannels(await accept(upgrade, protocol), backend, { namespace, pod, ports }, protocol);
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

/** The same for what does not wait. */
function closingUnless<T>(work: () => T, close: () => void): T {
	try {
		return work();
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
