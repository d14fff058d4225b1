/** `podrun logs`: the log of a container, of all of them, or of several pods. */
import type { Readable } from 'node:stream';
import { ApiError, UserError } from '../../api/errors.ts';
import type { KubeObject, Pod } from '../../api/types.ts';
import { type Client, type Query, resourcePath } from '../../client/client.ts';
import { chooseContainer, containersOf } from '../containers.ts';
import { type Io, say } from '../io.ts';
import { parseDuration } from '../output/age.ts';
import { statusText, usage } from '../output/errors.ts';
import { LineSplitter } from '../output/lines.ts';
import type { GlobalOptions } from '../program.ts';
import { podName } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';

export interface LogsOptions extends GlobalOptions {
	readonly follow?: boolean;
	readonly previous?: boolean;
	readonly container?: string;
	readonly tail?: string;
	readonly since?: string;
	readonly sinceTime?: string;
	readonly timestamps?: boolean;
	readonly allContainers?: boolean;
	readonly prefix?: boolean;
	readonly limitBytes?: string;
	readonly selector?: string;
}

interface Source {
	readonly pod: string;
	readonly namespace: string;
	readonly container: string;
}

export async function run(io: Io, options: LogsOptions, args: readonly string[]): Promise<number> {
	const [podArgument, containerArgument] = args;
	if (podArgument === undefined && !options.selector) {
		throw usage('expected a pod name or a selector (-l)', 'e.g. podrun logs my-pod -c my-container');
	}
	if (podArgument !== undefined && options.selector) {
		throw usage('only a selector (-l) or a pod name is allowed');
	}
	const asked = options.container ?? containerArgument;
	if (asked !== undefined && options.allContainers) {
		throw usage('--all-containers=true should not be specified with container name');
	}
	const query = queryOf(options);
	return withClient(io, async (client) => {
		const pods = await podsOf(client, podArgument, options);
		if (pods.length === 0) {
			say(io, `No resources found in ${namespaceOf(options)} namespace.`);
			return 0;
		}
		const sources = pods.flatMap((pod) => sourcesOf(io, pod, asked, options));
		const stop = new AbortController();
		const off = io.onSignal(['SIGINT', 'SIGTERM'], () => stop.abort());
		try {
			return await printAll(io, client, sources, query, options, stop.signal);
		} finally {
			off();
		}
	});
}

async function printAll(
	io: Io,
	client: Client,
	sources: readonly Source[],
	query: Query,
	options: LogsOptions,
	signal: AbortSignal,
): Promise<number> {
	let failed = false;
	const one = async (source: Source) => {
		try {
			const stream = await openLog(client, source, query, signal);
			const prefix = options.prefix ? `[pod/${source.pod}/${source.container}] ` : '';
			await copy(io, stream, prefix, sources.length > 1);
		} catch (error) {
			if (signal.aborted) {
				return;
			}
			// One container of several that has not started yet is no reason to hide the others' logs.
			if (!(error instanceof ApiError) || sources.length === 1) {
				throw error;
			}
			failed = true;
			say(io, statusText(error.status));
		}
	};
	if (options.follow) {
		await Promise.all(sources.map(one));
	} else {
		for (const source of sources) {
			await one(source);
		}
	}
	return failed ? 1 : 0;
}

/** The log of one container as raw bytes. Throws ApiError as the server answers. */
export function openLog(
	client: Client,
	source: Source,
	query: Query,
	signal?: AbortSignal,
): Promise<Readable> {
	const path = resourcePath('pods', source.namespace, source.pod, 'log');
	return client.stream(path, { container: source.container, ...query }, signal);
}

/** Lines stay whole when several logs are mixed; a lone log is copied as it comes. */
async function copy(io: Io, stream: Readable, prefix: string, mixed: boolean): Promise<void> {
	const splitter = new LineSplitter();
	const write = async (data: Uint8Array | string) => {
		if (!io.stdout.write(data)) {
			await new Promise<void>((resolve) => io.stdout.once('drain', resolve));
		}
	};
	for await (const chunk of whole(stream)) {
		if (prefix === '' && !mixed) {
			await write(chunk as Buffer);
			continue;
		}
		for (const line of splitter.push(chunk as Buffer)) {
			await write(Buffer.concat([Buffer.from(prefix), line]));
		}
	}
	const rest = splitter.end();
	if (rest.length > 0) {
		await write(Buffer.concat([Buffer.from(prefix), rest, Buffer.from('\n')]));
	}
}

/** The stream to its end; one that breaks off is told as such. */
async function* whole(stream: Readable): AsyncGenerator<unknown, void, void> {
	try {
		yield* stream;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
		throw new UserError('SUPERVISOR', 'the log broke off: the supervisor could not read on', {
			cause: error,
			hint: 'run the command again; `podrun ps` tells if the engine is away',
		});
	}
}

async function podsOf(
	client: Client,
	argument: string | undefined,
	options: LogsOptions,
): Promise<readonly Pod[]> {
	const namespace = namespaceOf(options);
	if (argument !== undefined) {
		return [await client.request<Pod>('GET', resourcePath('pods', namespace, podName(argument)))];
	}
	const list = await client.list<KubeObject>(resourcePath('pods', namespace), {
		labelSelector: options.selector,
	});
	return list.items as unknown as Pod[];
}

function sourcesOf(io: Io, pod: Pod, asked: string | undefined, options: LogsOptions): readonly Source[] {
	const where = { pod: pod.metadata.name, namespace: pod.metadata.namespace ?? namespaceOf(options) };
	if (options.allContainers) {
		const order = { init: 0, app: 1, ephemeral: 2 };
		return [...containersOf(pod)]
			.sort((a, b) => order[a.role] - order[b.role])
			.map(({ name }) => ({ ...where, container: name }));
	}
	const choice = chooseContainer(pod, asked);
	if (choice.notice) {
		say(io, choice.notice);
	}
	return [{ ...where, container: choice.name }];
}

function queryOf(options: LogsOptions): Query {
	if (options.since && options.sinceTime) {
		throw usage('at most one of --since-time or --since may be used');
	}
	// With a selector kubectl shows the last ten lines of each, so that many pods fit on a screen.
	const tail = options.tail ?? (options.selector && !options.follow ? '10' : undefined);
	const lines = tail === undefined ? -1 : integer(tail, '--tail');
	const limit = options.limitBytes === undefined ? undefined : integer(options.limitBytes, '--limit-bytes');
	if (limit !== undefined && limit < 1) {
		throw usage('--limit-bytes must be greater than 0');
	}
	if (options.sinceTime && Number.isNaN(Date.parse(options.sinceTime))) {
		throw usage(`--since-time: "${options.sinceTime}" is no RFC 3339 time`, 'e.g. 2026-01-31T10:00:00Z');
	}
	return {
		follow: options.follow ? true : undefined,
		previous: options.previous ? true : undefined,
		timestamps: options.timestamps ? true : undefined,
		tailLines: lines < 0 ? undefined : lines,
		sinceSeconds: options.since
			? Math.max(1, Math.ceil(parseDuration(options.since, '--since') / 1000))
			: undefined,
		sinceTime: options.sinceTime,
		limitBytes: limit,
	};
}

function integer(text: string, flag: string): number {
	const value = Number(text);
	if (!Number.isInteger(value)) {
		throw usage(`${flag}: "${text}" is no whole number`);
	}
	return value;
}
