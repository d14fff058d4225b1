/**
 * Builds, with the builder that the engine itself prefers: BuildKit where it says so, the classic one elsewhere.
 * BuildKit takes the context from the request's body only while the engine keeps images in its own store: with
 * containerd's it wants a file sync, so there the classic one builds.
 */
import { BuildStatus } from '../buildkit/status.ts';
import type { BuildOptions } from '../engine.ts';
import { messages } from '../progress.ts';
import type { Transport } from '../transport.ts';
import { reading } from './requests.ts';

/** Resolves with the image's id where the engine told it. Throws EngineError. */
export async function build(
	transport: Transport,
	options: BuildOptions,
	onOutput: (text: string) => void,
	signal: AbortSignal | undefined,
): Promise<string | undefined> {
	const aborting = signal ? { signal } : {};
	const session = (await prefersBuildKit(transport)) ? await begin(transport, options, signal) : undefined;
	try {
		const stream = await transport.stream({
			method: 'POST',
			path: '/build',
			query: {
				dockerfile: options.dockerfile,
				t: options.tag,
				target: options.target,
				buildargs: options.args ? JSON.stringify(options.args) : undefined,
				labels: options.labels ? JSON.stringify(options.labels) : undefined,
				nocache: options.noCache ? true : undefined,
				rm: true,
				forcerm: true,
				...(session ? { version: 2, session: session.id } : {}),
			},
			file: options.context,
			...aborting,
		});
		const status = new BuildStatus();
		let id: string | undefined;
		for await (const message of reading(transport.address, stream, messages(stream), signal)) {
			if (message.stream !== undefined) onOutput(message.stream);
			else if (message.status !== undefined) onOutput(`${message.status}\n`);
			if (typeof message.aux === 'string') for (const line of status.take(message.aux)) onOutput(line);
			else id = message.aux?.ID ?? id;
		}
		return id;
	} finally {
		session?.close();
	}
}

/** HTTP/2 is loaded only by those who build. */
async function begin(transport: Transport, options: BuildOptions, signal: AbortSignal | undefined) {
	const { openSession } = await import('../buildkit/session.ts');
	return openSession(transport, options.credentials ?? (async () => undefined), signal);
}

async function prefersBuildKit(transport: Transport): Promise<boolean> {
	const ping = await transport.stream({ method: 'GET', path: '/_ping' });
	ping.resume();
	if (ping.headers['builder-version'] !== '2') return false;
	const { DriverStatus } = await transport.json<{ DriverStatus?: readonly (readonly string[])[] | null }>({
		method: 'GET',
		path: '/info',
	});
	return !(DriverStatus ?? []).some(([, value]) => value?.startsWith('io.containerd.snapshotter'));
}
