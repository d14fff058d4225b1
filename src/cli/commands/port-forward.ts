/**
 * `podrun port-forward`: local ports that lead into a pod, until Ctrl-C. Each connection is its own WebSocket,
 * so a container that restarts breaks only the connections that were open.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../api/errors.ts';
import type { Pod } from '../../api/types.ts';
import { type Client, resourcePath } from '../../client/client.ts';
import { forwardConnection } from '../../client/forward.ts';
import { type Io, print, say } from '../io.ts';
import { usage } from '../output/errors.ts';
import type { GlobalOptions } from '../program.ts';
import { podName } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';

export interface PortForwardOptions extends GlobalOptions {
	readonly address: string;
}

export interface PortPair {
	/** 0: any free one. */
	readonly local: number;
	readonly remote: number;
}

/** `8080`, `8080:80`, `:80`, `8080:http`. Throws UserError USAGE. */
function parsePorts(text: string, pod: Pod): PortPair {
	const [first = '', second] = text.split(':');
	const remote = portNumber(second ?? first, text, pod);
	if (second === undefined) {
		return { local: remote, remote };
	}
	return { local: first === '' ? 0 : portNumber(first, text, undefined), remote };
}

function portNumber(text: string, whole: string, pod: Pod | undefined): number {
	const named = pod?.spec.containers.flatMap(({ ports }) => ports ?? []).find(({ name }) => name === text);
	const port = named?.containerPort ?? Number(text);
	if (!/^\d+$/.test(String(port)) || port < 1 || port > 65_535) {
		throw usage(`error parsing port "${whole}"`, 'write [LOCAL:]REMOTE, e.g. 8080:80, :80 or 8080');
	}
	return port;
}

export async function run(io: Io, options: PortForwardOptions, args: readonly string[]): Promise<number> {
	const [podArgument = '', ...ports] = args;
	const name = podName(podArgument);
	const namespace = namespaceOf(options);
	return withClient(io, async (client) => {
		const pod = await client.request<Pod>('GET', resourcePath('pods', namespace, name));
		if (pod.status?.phase !== 'Running') {
			throw new UserError(
				'POD_FAILED',
				`unable to forward port because pod is not running. Current status=${pod.status?.phase ?? 'Unknown'}`,
			);
		}
		const pairs = ports.map((text) => parsePorts(text, pod));
		const servers: Server[] = [];
		try {
			for (const pair of pairs) {
				for (const address of addressesOf(options.address)) {
					servers.push(await listen(io, client, { namespace, pod: name }, pair, address));
				}
			}
			await new Promise<void>((resolve) => {
				io.onSignal(['SIGINT', 'SIGTERM'], () => resolve());
			});
		} finally {
			for (const server of servers) {
				server.close();
			}
		}
		return 0;
	});
}

function addressesOf(text: string): readonly string[] {
	return text.split(',').map((address) => (address === 'localhost' ? '127.0.0.1' : address));
}

interface Target {
	readonly namespace: string;
	readonly pod: string;
}

function listen(io: Io, client: Client, target: Target, pair: PortPair, address: string): Promise<Server> {
	return new Promise((resolve, reject) => {
		const server = createServer({ allowHalfOpen: true }, (socket) => {
			print(io, `Handling connection for ${pair.local || pair.remote}`);
			forward(client, target, pair.remote, socket).catch((error: unknown) => {
				say(
					io,
					`error forwarding port ${pair.remote}: ${error instanceof Error ? error.message : String(error)}`,
				);
				socket.destroy();
			});
		});
		server.once('error', (error) => {
			reject(
				new UserError('POD_FAILED', `unable to listen on port ${pair.local}: ${error.message}`, {
					hint: `choose another one: LOCAL:${pair.remote}, or :${pair.remote} for any free one`,
				}),
			);
		});
		server.listen(pair.local, address, () => {
			const bound = server.address();
			const port = typeof bound === 'object' && bound ? bound.port : pair.local;
			print(io, `Forwarding from ${address}:${port} -> ${pair.remote}`);
			resolve(server);
		});
	});
}

/** One connection, both ways, each side ended on its own. */
async function forward(client: Client, target: Target, port: number, socket: Socket): Promise<void> {
	socket.on('error', () => socket.destroy());
	const remote = await forwardConnection(client, { ...target, port });
	const gone = () => remote.destroy();
	socket.once('close', gone);
	try {
		await Promise.all([pipeline(remote, socket), pipeline(socket, remote)]);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		// Whoever connected here went away in the middle: nothing to tell.
		if (code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'ECONNRESET' && code !== 'EPIPE') throw error;
	} finally {
		remote.destroy();
	}
}
