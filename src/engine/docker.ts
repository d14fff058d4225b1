/**
 * The real engine: every verb of `Engine` as calls of the Docker Engine API. No decisions here; what an answer
 * means is told in shapes.ts and engine-errors.ts.
 */
import { release } from 'node:os';
import type { Readable } from 'node:stream';
import type { EngineAddress } from '../api/engine-address.ts';
import { parseImageRef } from '../api/image-ref.ts';
import { atLeast, createBody, resourcesBody } from './create-body.ts';
import {
	type AttachSession,
	type BuildOptions,
	type ContainerStats,
	type ContainerSummary,
	type CreateOptions,
	type Engine,
	type EngineContainer,
	EngineError,
	type EngineErrorCode,
	type EngineEvent,
	type EngineImage,
	type EngineInfo,
	type EngineNetwork,
	type EngineVolume,
	type ExecOptions,
	type ExecSession,
	type LogChunk,
	type LogOptions,
	type PullProgress,
	type RegistryAuth,
	type ResourceOptions,
} from './engine.ts';
import { classifyRegistry, toEngineError } from './engine-errors.ts';
import { messages, pullProgress } from './progress.ts';
import { startAttach, startExec } from './sessions.ts';
import * as shapes from './shapes.ts';
import { demultiplex, lines, raw } from './streams.ts';
import { Transport } from './transport.ts';

/** The newest API that podrun was written against; older engines pin it lower. */
export const NEWEST_API = '1.51';
/** Docker 20.10. */
export const OLDEST_API = '1.41';

/**
 * Opens an engine: one call, which finds out whether it is there and what it speaks.
 * @throws EngineError UNREACHABLE with what was tried; BAD_REQUEST when it speaks no API that we know.
 */
export async function openEngine(address: EngineAddress): Promise<Engine> {
	const transport = new Transport(address);
	try {
		const version = await transport.json<{ ApiVersion?: string; MinAPIVersion?: string }>({
			method: 'GET',
			path: '/version',
		});
		transport.pin(negotiate(version, address.url));
		return new DockerEngine(transport, address, negotiate(version, address.url));
	} catch (error) {
		transport.close();
		const failure = toEngineError(error, address.url);
		if (failure.code !== 'UNREACHABLE') throw failure;
		throw new EngineError('UNREACHABLE', `${failure.message} (from ${address.source})`, { cause: error });
	}
}

/** min(engine's newest, ours). Throws when the two have no version in common. */
export function negotiate(version: { ApiVersion?: string; MinAPIVersion?: string }, url: string): string {
	const newest = version.ApiVersion ?? OLDEST_API;
	if (!atLeast(newest, OLDEST_API)) {
		throw new EngineError(
			'BAD_REQUEST',
			`the Docker engine at ${url} speaks API ${newest} at most; podrun needs ${OLDEST_API} (Docker 20.10) or newer`,
		);
	}
	const oldest = version.MinAPIVersion;
	if (oldest && !atLeast(NEWEST_API, oldest)) {
		throw new EngineError(
			'BAD_REQUEST',
			`the Docker engine at ${url} speaks API ${oldest} at least; this podrun knows ${NEWEST_API}: get a newer podrun`,
		);
	}
	return atLeast(newest, NEWEST_API) ? NEWEST_API : newest;
}

class DockerEngine implements Engine {
	readonly address: string;
	readonly #transport: Transport;
	readonly #apiVersion: string;
	readonly #here: boolean;

	constructor(transport: Transport, address: EngineAddress, apiVersion: string) {
		this.#transport = transport;
		this.#apiVersion = apiVersion;
		this.address = address.url;
		this.#here = address.url.startsWith('unix:');
	}

	async ping(): Promise<void> {
		await this.#transport.json({ method: 'GET', path: '/_ping', fresh: true });
	}

	async info(): Promise<EngineInfo> {
		const json = await this.#transport.json<shapes.InfoJson>({ method: 'GET', path: '/info' });
		return shapes.toInfo(json, this.#apiVersion, this.#here, release());
	}

	async createContainer(options: CreateOptions): Promise<{ id: string; warnings: readonly string[] }> {
		const created = await this.#transport.json<{ Id: string; Warnings?: string[] | null }>({
			method: 'POST',
			path: '/containers/create',
			query: { name: options.name },
			body: createBody(options, this.#apiVersion),
			fresh: true,
		});
		return { id: created.Id, warnings: created.Warnings ?? [] };
	}

	async startContainer(id: string): Promise<void> {
		// Started twice is told as NOT_MODIFIED, so a second try does no harm.
		const path = container(id, '/start');
		await this.#transport.json({ method: 'POST', path, idempotent: true, fresh: true });
	}

	async killContainer(id: string, signal: string): Promise<void> {
		await this.#post(container(id, '/kill'), { signal });
	}

	async unpauseContainer(id: string): Promise<void> {
		await this.#post(container(id, '/unpause'));
	}

	async updateContainer(id: string, resources: ResourceOptions): Promise<void> {
		await this.#transport.json({
			method: 'POST',
			path: container(id, '/update'),
			body: resourcesBody(resources),
			idempotent: true,
		});
	}

	async removeContainer(id: string, options: { force: boolean }): Promise<void> {
		await this.#transport.json({
			method: 'DELETE',
			path: container(id),
			query: { v: true, force: options.force },
		});
	}

	async inspectContainer(id: string): Promise<EngineContainer> {
		return shapes.toContainer(await this.#get<shapes.ContainerJson>(container(id, '/json')));
	}

	async listContainers(labels: readonly string[]): Promise<readonly ContainerSummary[]> {
		const list = await this.#get<shapes.SummaryJson[]>('/containers/json', {
			all: true,
			filters: filters({ label: labels }),
		});
		return list.map(shapes.toSummary);
	}

	async stats(id: string): Promise<ContainerStats> {
		const query = { stream: false, 'one-shot': true };
		return shapes.toStats(await this.#get<shapes.StatsJson>(container(id, '/stats'), query), Date.now());
	}

	async top(id: string): Promise<readonly (readonly string[])[]> {
		const json = await this.#get<{ Titles?: string[]; Processes?: string[][] | null }>(container(id, '/top'));
		return [json.Titles ?? [], ...(json.Processes ?? [])];
	}

	async getArchive(id: string, path: string): Promise<Readable> {
		return this.#transport.stream({ method: 'GET', path: container(id, '/archive'), query: { path } });
	}

	async putArchive(
		id: string,
		path: string,
		tar: Readable | Buffer,
		options: { copyUidGid?: boolean; noOverwriteDirNonDir?: boolean } = {},
	): Promise<void> {
		await this.#transport.json({
			method: 'PUT',
			path: container(id, '/archive'),
			query: {
				path,
				copyUIDGID: options.copyUidGid ? true : undefined,
				noOverwriteDirNonDir: options.noOverwriteDirNonDir ? true : undefined,
			},
			file: tar,
			idempotent: Buffer.isBuffer(tar),
		});
	}

	async statPath(id: string, path: string): Promise<ReturnType<typeof shapes.toPathStat> | undefined> {
		try {
			const answer = await this.#transport.stream({
				method: 'HEAD',
				path: container(id, '/archive'),
				query: { path },
			});
			answer.resume();
			const header = answer.headers['x-docker-container-path-stat'];
			return typeof header === 'string' ? shapes.toPathStat(header) : undefined;
		} catch (error) {
			if (!isCode(error, 'NOT_FOUND')) throw error;
			// An answer to HEAD has no body, so a missing path and a missing container look alike.
			await this.inspectContainer(id);
			return undefined;
		}
	}

	async *logs(id: string, options: LogOptions, signal?: AbortSignal): AsyncGenerator<LogChunk, void, void> {
		// Only newer engines tell in a header whether the stream is multiplexed.
		const { tty } = await this.inspectContainer(id);
		const stream = await this.#transport.stream({
			method: 'GET',
			path: container(id, '/logs'),
			query: {
				follow: options.follow ?? false,
				stdout: options.stdout ?? true,
				stderr: options.stderr ?? true,
				timestamps: options.timestamps ?? false,
				tail: options.tail,
				since: seconds(options.since),
				until: seconds(options.until),
			},
			...(signal ? { signal } : {}),
		});
		yield* this.#reading(stream, tty ? raw(stream) : demultiplex(stream), signal);
	}

	exec(id: string, options: ExecOptions, signal?: AbortSignal): Promise<ExecSession> {
		return startExec(this.#transport, id, options, signal);
	}

	attach(
		id: string,
		options: { stdin: boolean; tty: boolean },
		signal?: AbortSignal,
	): Promise<AttachSession> {
		return startAttach(this.#transport, id, options, signal);
	}

	async inspectImage(ref: string): Promise<EngineImage | undefined> {
		return absent(async () =>
			shapes.toImage(await this.#get<shapes.ImageJson>(`/images/${segments(ref)}/json`)),
		);
	}

	async pullImage(
		ref: string,
		options: { auth?: RegistryAuth; onProgress?: (progress: PullProgress) => void; signal?: AbortSignal },
	): Promise<string> {
		const parsed = parseImageRef(ref);
		if (!parsed) throw new EngineError('BAD_REQUEST', `invalid reference format: "${ref}"`);
		const suffix = parsed.digest ?? parsed.tag ?? 'latest';
		const stream = await this.#transport
			.stream({
				method: 'POST',
				path: '/images/create',
				// Without a tag the engine would pull every tag that there is.
				query: { fromImage: `${parsed.registry}/${parsed.repository}`, tag: suffix },
				...(options.auth ? { auth: options.auth } : {}),
				...(options.signal ? { signal: options.signal } : {}),
			})
			.catch((error: unknown) => {
				throw asRegistryError(error);
			});
		try {
			for await (const message of this.#reading(stream, messages(stream), options.signal)) {
				const progress = pullProgress(message);
				if (progress) options.onProgress?.(progress);
			}
		} catch (error) {
			throw asRegistryError(error);
		}
		const image = await this.inspectImage(ref);
		if (!image)
			throw new EngineError('IMAGE_NOT_FOUND', `${ref} was pulled, but the engine does not have it`);
		return image.id;
	}

	async loadImage(tar: Readable | Buffer): Promise<void> {
		const stream = await this.#transport.stream({
			method: 'POST',
			path: '/images/load',
			query: { quiet: true },
			file: tar,
		});
		for await (const _ of this.#reading(stream, messages(stream))) {
			// Only an in-band error matters, and that is thrown.
		}
	}

	async buildImage(
		options: BuildOptions,
		onOutput: (text: string) => void,
		signal?: AbortSignal,
	): Promise<string> {
		const stream = await this.#transport.stream({
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
			},
			file: options.context,
			...(signal ? { signal } : {}),
		});
		let id: string | undefined;
		for await (const message of this.#reading(stream, messages(stream), signal)) {
			if (message.stream !== undefined) onOutput(message.stream);
			else if (message.status !== undefined) onOutput(`${message.status}\n`);
			id = message.aux?.ID ?? id;
		}
		id ??= (await this.inspectImage(options.tag))?.id;
		if (id === undefined)
			throw new EngineError('UNKNOWN', `the build of ${options.tag} ended without an image`);
		return id;
	}

	async removeImage(ref: string): Promise<void> {
		await this.#transport.json({ method: 'DELETE', path: `/images/${segments(ref)}` });
	}

	async createVolume(options: {
		name: string;
		labels: Readonly<Record<string, string>>;
		driver?: string;
		options?: Readonly<Record<string, string>>;
	}): Promise<EngineVolume> {
		const json = await this.#transport.json<shapes.VolumeJson>({
			method: 'POST',
			path: '/volumes/create',
			body: {
				Name: options.name,
				Labels: options.labels,
				Driver: options.driver ?? 'local',
				...(options.options ? { DriverOpts: options.options } : {}),
			},
			idempotent: true,
		});
		return shapes.toVolume(json);
	}

	async inspectVolume(name: string): Promise<EngineVolume | undefined> {
		return absent(async () =>
			shapes.toVolume(await this.#get<shapes.VolumeJson>(`/volumes/${segments(name)}`)),
		);
	}

	async listVolumes(labels: readonly string[]): Promise<readonly EngineVolume[]> {
		const list = await this.#get<{ Volumes?: shapes.VolumeJson[] | null }>('/volumes', {
			filters: filters({ label: labels }),
		});
		return (list.Volumes ?? []).map(shapes.toVolume);
	}

	async removeVolume(name: string): Promise<void> {
		await this.#transport.json({ method: 'DELETE', path: `/volumes/${segments(name)}` });
	}

	async createNetwork(options: {
		name: string;
		subnet: string;
		labels: Readonly<Record<string, string>>;
	}): Promise<EngineNetwork> {
		const created = await this.#transport.json<{ Id: string }>({
			method: 'POST',
			path: '/networks/create',
			body: {
				Name: options.name,
				// Two networks of one name are allowed by the engine unless it is told to look.
				CheckDuplicate: true,
				Driver: 'bridge',
				IPAM: {
					Driver: 'default',
					Config: [{ Subnet: options.subnet, Gateway: firstAddress(options.subnet) }],
				},
				Labels: options.labels,
			},
			fresh: true,
		});
		return shapes.toNetwork(await this.#get<shapes.NetworkJson>(`/networks/${segments(created.Id)}`));
	}

	async inspectNetwork(name: string): Promise<EngineNetwork | undefined> {
		return absent(async () =>
			shapes.toNetwork(await this.#get<shapes.NetworkJson>(`/networks/${segments(name)}`)),
		);
	}

	async listNetworks(labels: readonly string[]): Promise<readonly EngineNetwork[]> {
		const list = await this.#get<shapes.NetworkJson[]>('/networks', { filters: filters({ label: labels }) });
		return list.map(shapes.toNetwork);
	}

	async removeNetwork(name: string): Promise<void> {
		await this.#transport.json({ method: 'DELETE', path: `/networks/${segments(name)}` });
	}

	async connectNetwork(
		network: string,
		containerID: string,
		options: { ipv4?: string; aliases?: readonly string[] },
	): Promise<void> {
		await this.#transport.json({
			method: 'POST',
			path: `/networks/${segments(network)}/connect`,
			body: {
				Container: containerID,
				EndpointConfig: {
					...(options.ipv4 === undefined ? {} : { IPAMConfig: { IPv4Address: options.ipv4 } }),
					...(options.aliases === undefined ? {} : { Aliases: options.aliases }),
				},
			},
		});
	}

	async *events(
		options: {
			labels?: readonly string[];
			actions?: readonly string[];
			since?: number;
			onConnected?: () => void;
		},
		signal: AbortSignal,
	): AsyncGenerator<EngineEvent, void, void> {
		const stream = await this.#transport.stream({
			method: 'GET',
			path: '/events',
			query: {
				since: seconds(options.since),
				filters: filters({ label: options.labels ?? [], event: options.actions ?? [] }),
			},
			signal,
		});
		options.onConnected?.();
		for await (const line of this.#reading(stream, lines(stream), signal)) {
			const event = shapes.toEvent(parseEvent(line));
			if (event) yield event;
		}
	}

	close(): void {
		this.#transport.close();
	}

	#get<T>(path: string, query?: Record<string, string | boolean | undefined>): Promise<T> {
		return this.#transport.json<T>({ method: 'GET', path, ...(query ? { query } : {}) });
	}

	async #post(path: string, query: Record<string, string> = {}): Promise<void> {
		await this.#transport.json({ method: 'POST', path, query });
	}

	/** Reads from a streaming answer: a break becomes an EngineError, and leaving early cuts the connection. */
	async *#reading<T>(
		stream: Readable,
		items: AsyncIterable<T>,
		signal?: AbortSignal,
	): AsyncGenerator<T, void, void> {
		const cut = (): void => {
			stream.destroy(new EngineError('ABORTED', 'the call was cut off'));
		};
		signal?.addEventListener('abort', cut, { once: true });
		if (signal?.aborted) cut();
		try {
			yield* items;
		} catch (error) {
			if (signal?.aborted) throw new EngineError('ABORTED', 'the call was cut off', { cause: error });
			throw toEngineError(error, this.address);
		} finally {
			signal?.removeEventListener('abort', cut);
			stream.destroy();
		}
	}
}

function parseEvent(line: string): shapes.EventJson {
	try {
		return JSON.parse(line) as shapes.EventJson;
	} catch (error) {
		throw new EngineError('UNKNOWN', 'the engine sent an event that is no JSON', { cause: error });
	}
}

/** The first address of an IPv4 subnet, which the engine would take too but would not tell. */
function firstAddress(subnet: string): string {
	const [address = ''] = subnet.split('/');
	return address.replace(/\d+$/, (last) => String(Number(last) + 1));
}

function container(id: string, rest = ''): string {
	return `/containers/${encodeURIComponent(id)}${rest}`;
}

/** A name with slashes as a path: `library/nginx:1` keeps its slash. */
function segments(name: string): string {
	return name.split('/').map(encodeURIComponent).join('/');
}

function filters(wanted: Readonly<Record<string, readonly string[]>>): string | undefined {
	const set = Object.entries(wanted).filter(([, values]) => values.length > 0);
	return set.length === 0 ? undefined : JSON.stringify(Object.fromEntries(set));
}

/** Milliseconds as the engine's seconds with a fraction. */
function seconds(at: number | undefined): string | undefined {
	return at === undefined ? undefined : (at / 1000).toFixed(3);
}

function isCode(error: unknown, ...codes: EngineErrorCode[]): boolean {
	return error instanceof EngineError && codes.includes(error.code);
}

async function absent<T>(call: () => Promise<T>): Promise<T | undefined> {
	try {
		return await call();
	} catch (error) {
		if (isCode(error, 'NOT_FOUND', 'IMAGE_NOT_FOUND')) return undefined;
		throw error;
	}
}

/** In a pull everything that the registry may have said is read once more, whatever the status code was. */
function asRegistryError(error: unknown): unknown {
	if (!(error instanceof EngineError) || error.code === 'ABORTED' || error.code === 'UNREACHABLE')
		return error;
	const code =
		classifyRegistry(error.message) ?? (error.code === 'NOT_FOUND' ? 'IMAGE_NOT_FOUND' : error.code);
	return new EngineError(code, error.message, {
		cause: error,
		...(error.statusCode === undefined ? {} : { statusCode: error.statusCode }),
	});
}
