/**
 * `podrun port-forward`: local ports that lead into a pod, until Ctrl-C. Each connection is its own WebSocket,
 * so a container that restarts breaks only the connections that were open.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { UserError } from '../../api/errors.ts';
import type { Pod } from '../../api/types.ts';
import { type Client, resourcePath } from '../../client/client.ts';
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
export function parsePorts(text: string, pod: Pod): PortPair {
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
		const path = resourcePath('pods', namespace, name, 'portforward');
		const servers: Server[] = [];
		try {
			for (const pair of pairs) {
				for (const address of addressesOf(options.address)) {
					servers.push(await listen(io, client, path, pair, address));
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

function listen(io: Io, client: Client, path: string, pair: PortPair, address: string): Promise<Server> {
	return new Promise((resolve, reject) => {
		const server = createServer({ allowHalfOpen: true }, (socket) => {
			print(io, `Handling connection for ${pair.local || pair.remote}`);
			forward(client, path, pair.remote, socket).catch((error: unknown) => {
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

async function forward(client: Client, path: string, port: number, socket: Socket): Promise<void> {
	socket.on('error', () => socket.destroy());
	const remote = await client.websocket(path, { ports: String(port) }, ['portforward.podrun.dev']);
	socket.on('data', (chunk) => {
		socket.pause();
		remote.send(chunk).then(
			() => socket.resume(),
			() => socket.destroy(),
		);
	});
	socket.once('close', () => remote.close());
	for await (const message of remote.messages()) {
		if (!socket.write(message)) {
			await new Promise<void>((resolve) => {
				socket.once('drain', resolve);
				socket.once('close', resolve);
			});
		}
	}
	socket.end();
}
