/**
 * A stateful engine in memory, for tests that want Docker's rules without Docker: names, states, joins, ports,
 * networks, volumes with files, events. The contract suite runs on it and on the real one. It has a clock of
 * its own, which only the test moves, and no timers; what a container's process does is scripted. Calls can
 * be made to fail, or to fail after the deed was done, or be held back, at the n-th time.
 */
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { parseImageRef } from '../../src/api/image-ref.ts';
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
} from '../../src/engine/engine.ts';
import { FakeTree, FakeView } from './fake-files.ts';
import { untar } from './tar.ts';

/** What a container's process does. Default: it runs on, and ends at once on a signal. */
export interface Program {
	/** Ends by itself so long after its start. */
	readonly exitAfterMs?: number;
	readonly exitCode?: number;
	/** Killed by the kernel at its end, code 137. */
	readonly oom?: boolean;
	/** Takes no notice of any signal but KILL. */
	readonly ignoreSignals?: boolean;
	/** How long it takes to end on a signal that it obeys, and with which code (default 128 + signal). */
	readonly stopAfterMs?: number;
	readonly stopCode?: number;
	/** The runtime refuses to start it, in these words. */
	readonly startError?: string;
	/** Printed at the start. */
	readonly output?: readonly { readonly stream: LogChunk['stream']; readonly text: string }[];
	/** Written at the start, by absolute path. */
	readonly files?: Readonly<Record<string, string>>;
	/** Answers an exec once its stdin has ended. */
	readonly exec?: (command: readonly string[], stdin: string) => ExecResult;
}

export interface ExecResult {
	readonly exitCode: number;
	readonly stdout?: string;
	readonly stderr?: string;
}

/** A failure to come. */
export interface Fault {
	/** Undefined: any call. */
	readonly method?: keyof Engine;
	/** 1: the next one that fits. */
	readonly nth: number;
	/** before: nothing is done. after: it is done, but the answer is lost. */
	readonly when: 'before' | 'after';
	readonly error?: EngineError;
}

export interface FakeOptions {
	/** Start of the clock, ms since the epoch. */
	readonly now?: number;
	/** What the process of a container does. */
	readonly program?: (options: CreateOptions) => Program | undefined;
	/** Images that are there from the start. Default: busybox:1.36. */
	readonly images?: readonly string[];
	readonly info?: Partial<EngineInfo>;
}

interface FakeContainer {
	readonly id: string;
	readonly options: CreateOptions;
	readonly networkMode: string;
	readonly ipcMode: string;
	readonly pidMode: string;
	readonly image: EngineImage;
	readonly createdAt: number;
	readonly view: FakeView;
	readonly program: Program;
	readonly log: { at: number; chunk: LogChunk }[];
	readonly watchers: Set<() => void>;
	readonly networks: Map<string, { ip: string; networkID: string }>;
	readonly anonymous: string[];
	resources: ResourceOptions;
	status: 'created' | 'running' | 'paused' | 'exited';
	startedAt?: number;
	finishedAt?: number;
	exitCode: number;
	oomKilled: boolean;
	error: string;
	pid: number;
	/** The end that is due, if any. */
	due?: { at: number; exitCode: number };
}

interface FakeNetwork extends EngineNetwork {
	readonly base: number;
	readonly size: number;
}

const SIGNALS: Readonly<Record<string, number>> = {
	HUP: 1,
	INT: 2,
	QUIT: 3,
	KILL: 9,
	USR1: 10,
	USR2: 12,
	TERM: 15,
	CONT: 18,
	STOP: 19,
	WINCH: 28,
};
/** These do nothing unless a program asks for them. */
const HARMLESS = new Set([18, 28]);
const HISTORY = 256;

export class FakeEngine implements Engine {
	readonly address = 'unix:///fake/docker.sock';
	/** Every call made, in order. */
	readonly calls: { readonly method: keyof Engine; readonly args: readonly unknown[] }[] = [];
	/** What a pull finds: an image's name, or the refusal. */
	readonly registry = new Map<string, EngineError | 'present'>();
	/** Ports of the host that something else has taken: "tcp/8080". */
	readonly takenPorts = new Set<string>();
	/** Subnets that something else has taken. */
	readonly takenSubnets: string[] = ['172.17.0.0/16'];
	/** The host's files, as bind mounts see them. */
	readonly host = new FakeTree();
	/** Credentials that pulls came with. */
	readonly pulledWith: (RegistryAuth | undefined)[] = [];

	#now: number;
	#counter = 0;
	#pid = 1000;
	#down = false;
	readonly #programOf: (options: CreateOptions) => Program | undefined;
	readonly #info: EngineInfo;
	readonly #containers = new Map<string, FakeContainer>();
	readonly #images = new Map<string, EngineImage>();
	readonly #volumes = new Map<string, EngineVolume & { tree: FakeTree }>();
	readonly #networks = new Map<string, FakeNetwork>();
	readonly #history: EngineEvent[] = [];
	readonly #subscribers = new Set<{ push: (event: EngineEvent) => void; cut: () => void }>();
	#faults: { fault: Fault; seen: number }[] = [];
	readonly #held = new Map<keyof Engine, Promise<void>>();

	constructor(options: FakeOptions = {}) {
		this.#now = options.now ?? Date.parse('2026-01-01T00:00:00Z');
		this.#programOf = options.program ?? (() => undefined);
		for (const ref of options.images ?? ['busybox:1.36']) this.addImage(ref);
		for (const name of ['bridge', 'host', 'none']) {
			const subnet = name === 'bridge' ? '172.17.0.0/16' : undefined;
			this.#networks.set(name, this.#network(name, subnet, {}, name === 'none' ? 'null' : name));
		}
		this.#info = {
			id: 'FAKE',
			name: 'fake',
			version: '20.10.24',
			apiVersion: '1.41',
			os: 'linux',
			arch: 'amd64',
			cpus: 4,
			memoryBytes: 8 * 2 ** 30,
			cgroupVersion: '2',
			cgroupDriver: 'cgroupfs',
			runtimes: ['runc'],
			defaultRuntime: 'runc',
			securityOptions: [],
			kernelVersion: '6.1.0',
			osImage: 'Fake Linux',
			liveRestore: false,
			local: true,
			rootDir: '/var/lib/docker',
			...options.info,
		};
	}

	// --- what a test does to it -------------------------------------------------------------------------

	/** The engine's clock, ms since the epoch. */
	get now(): number {
		return this.#now;
	}

	/** Moves the clock; everything due on the way happens in order, at its own instant. */
	advance(ms: number): void {
		const target = this.#now + ms;
		for (;;) {
			const next = [...this.#containers.values()]
				.filter((c) => c.status === 'running' && c.due !== undefined && c.due.at <= target)
				.sort((a, b) => (a.due?.at ?? 0) - (b.due?.at ?? 0))[0];
			if (!next?.due) break;
			this.#now = Math.max(this.#now, next.due.at);
			this.#die(next, next.due.exitCode, next.program.oom === true && next.due.exitCode === 137);
		}
		this.#now = target;
	}

	/** The next instant at which something is due; undefined: never. */
	get nextDue(): number | undefined {
		const due = [...this.#containers.values()].flatMap((c) =>
			c.status === 'running' && c.due ? [c.due.at] : [],
		);
		return due.length === 0 ? undefined : Math.min(...due);
	}

	/** The process ends now, as by itself. */
	exit(nameOrID: string, exitCode: number, options: { oom?: boolean } = {}): void {
		this.#die(this.#running(nameOrID), exitCode, options.oom ?? false);
	}

	/** The process writes to its log. */
	print(nameOrID: string, text: string, stream: LogChunk['stream'] = 'stdout'): void {
		this.#print(this.#find(nameOrID), stream, text);
	}

	/** Files as the container sees them; kept after its death. */
	view(nameOrID: string): FakeView {
		return this.#find(nameOrID).view;
	}

	volumeTree(name: string): FakeTree | undefined {
		return this.#volumes.get(name)?.tree;
	}

	pause(nameOrID: string): void {
		const container = this.#running(nameOrID);
		container.status = 'paused';
		this.#emit(container, 'pause');
	}

	addImage(ref: string, image: Partial<EngineImage> = {}): EngineImage {
		const known: EngineImage = {
			id: `sha256:${this.#id()}`,
			tags: [familiar(ref)],
			digests: [],
			user: '',
			entrypoint: [],
			cmd: ['sh'],
			env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
			workingDir: '',
			stopSignal: '',
			exposedPorts: [],
			volumes: [],
			sizeBytes: 1_000_000,
			arch: 'amd64',
			...image,
		};
		this.#images.set(familiar(ref), known);
		return known;
	}

	/** A failure to come; several may wait at once. Default error: the connection was lost. */
	inject(fault: Partial<Fault>): void {
		this.#faults.push({ fault: { nth: 1, when: 'before', ...fault }, seen: 0 });
	}

	/** Calls of this kind wait, undone, until the returned function is called. */
	hold(method: keyof Engine): () => void {
		let release: () => void = () => undefined;
		this.#held.set(
			method,
			new Promise((resolve) => {
				release = () => {
					this.#held.delete(method);
					resolve();
				};
			}),
		);
		return () => release();
	}

	/** Ends all event streams without a word, as a proxy does with quiet ones. */
	cutEvents(): void {
		for (const subscriber of [...this.#subscribers]) subscriber.cut();
	}

	/** Until `up`, every call fails with UNREACHABLE. Without live-restore all containers are killed. */
	down(options: { live?: boolean } = {}): void {
		if (!options.live) {
			for (const container of this.#containers.values()) {
				if (container.status === 'running' || container.status === 'paused') this.#die(container, 137, false);
			}
		}
		this.cutEvents();
		this.#history.length = 0;
		this.#down = true;
	}

	up(): void {
		this.#down = false;
	}

	// --- Engine -----------------------------------------------------------------------------------------

	ping(): Promise<void> {
		return this.#call('ping', [], () => undefined);
	}

	info(): Promise<EngineInfo> {
		return this.#call('info', [], () => this.#info);
	}

	createContainer(options: CreateOptions): Promise<{ id: string; warnings: readonly string[] }> {
		return this.#call('createContainer', [options], () => {
			const taken = [...this.#containers.values()].find((c) => c.options.name === options.name);
			if (taken) {
				fail(
					'CONFLICT',
					409,
					`Conflict. The container name "/${options.name}" is already in use by container "${taken.id}". You have to remove (or rename) that container to be able to reuse that name.`,
				);
			}
			if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(options.name)) {
				fail(
					'BAD_REQUEST',
					400,
					`Invalid container name (${options.name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
				);
			}
			const image = this.#image(options.image);
			if (!image) fail('IMAGE_NOT_FOUND', 404, `No such image: ${options.image}`);
			if (options.networkMode.startsWith('container:')) refuseJoinConflicts(options);
			const container = this.#make(options, image);
			this.#mount(container);
			this.#containers.set(container.id, container);
			this.#emit(container, 'create');
			return { id: container.id, warnings: [] };
		});
	}

	startContainer(id: string): Promise<void> {
		return this.#call('startContainer', [id], () => {
			const container = this.#find(id);
			if (container.status === 'running') fail('NOT_MODIFIED', 304, 'HTTP 304');
			if (container.status === 'paused') {
				fail('CONFLICT', 409, 'cannot start a paused container, try unpause instead');
			}
			container.error = '';
			try {
				this.#join(container);
				this.#attachNetworks(container);
				if (container.program.startError !== undefined)
					fail('BAD_REQUEST', 400, container.program.startError);
			} catch (error) {
				if (!(error instanceof EngineError)) throw error;
				this.#leaveNetworks(container);
				container.exitCode = container.program.startError === undefined ? 128 : 127;
				container.error = error.message;
				throw error;
			}
			container.status = 'running';
			container.startedAt = this.#now;
			container.exitCode = 0;
			container.oomKilled = false;
			container.pid = ++this.#pid;
			delete container.finishedAt;
			this.#emit(container, 'start');
			const { program } = container;
			for (const [path, text] of Object.entries(program.files ?? {}))
				this.#writeInside(container, path, text);
			for (const { stream, text } of program.output ?? []) this.#print(container, stream, text);
			if (program.exitAfterMs !== undefined) {
				const exitCode = program.oom ? 137 : (program.exitCode ?? 0);
				container.due = { at: this.#now + program.exitAfterMs, exitCode };
				this.advance(0);
			}
		});
	}

	killContainer(id: string, signal: string): Promise<void> {
		return this.#call('killContainer', [id, signal], () => {
			const container = this.#find(id);
			const number = /^\d+$/.test(signal)
				? Number(signal)
				: SIGNALS[signal.toUpperCase().replace(/^SIG/, '')];
			if (!number) fail('BAD_REQUEST', 400, `Invalid signal: ${signal}`);
			if (container.status !== 'running' && container.status !== 'paused') {
				fail('CONFLICT', 409, `Cannot kill container: ${id}: Container ${container.id} is not running`);
			}
			this.#kill(container, number);
		});
	}

	unpauseContainer(id: string): Promise<void> {
		return this.#call('unpauseContainer', [id], () => {
			const container = this.#find(id);
			if (container.status !== 'paused') fail('UNKNOWN', 500, `Container ${container.id} is not paused`);
			container.status = 'running';
			this.#emit(container, 'unpause');
			this.advance(0);
		});
	}

	updateContainer(id: string, resources: ResourceOptions): Promise<void> {
		return this.#call('updateContainer', [id, resources], () => {
			const container = this.#find(id);
			container.resources = { ...container.resources, ...resources };
			this.#emit(container, 'update');
		});
	}

	removeContainer(id: string, options: { force: boolean }): Promise<void> {
		return this.#call('removeContainer', [id, options], () => {
			const container = this.#find(id);
			if (container.status === 'running' || container.status === 'paused') {
				if (!options.force) {
					fail(
						'CONFLICT',
						409,
						`You cannot remove a running container ${container.id}. Stop the container before attempting removal or force remove`,
					);
				}
				this.#kill(container, 9);
				this.advance(0);
			}
			this.#leaveNetworks(container);
			this.#containers.delete(container.id);
			for (const name of container.anonymous) this.#volumes.delete(name);
			this.#emit(container, 'destroy');
		});
	}

	inspectContainer(id: string): Promise<EngineContainer> {
		return this.#call('inspectContainer', [id], () => inspect(this.#find(id)));
	}

	/** What was asked for at create, for a test to look at. */
	optionsOf(nameOrID: string): CreateOptions & { readonly resources: ResourceOptions } {
		const container = this.#find(nameOrID);
		return { ...container.options, resources: container.resources };
	}

	listContainers(labels: readonly string[]): Promise<readonly ContainerSummary[]> {
		return this.#call('listContainers', [labels], () =>
			[...this.#containers.values()]
				.filter((container) => matches(container.options.labels, labels))
				.reverse()
				.map((container) => ({
					id: container.id,
					names: [container.options.name],
					labels: { ...container.options.labels },
					state: container.status,
					imageID: container.image.id,
				})),
		);
	}

	stats(id: string): Promise<ContainerStats> {
		return this.#call('stats', [id], () => {
			const container = this.#find(id);
			const ran = container.status === 'running' ? this.#now - (container.startedAt ?? this.#now) : 0;
			return { at: this.#now, cpuNanoseconds: ran * 1000, memoryBytes: ran > 0 ? 2 ** 20 : 0 };
		});
	}

	top(id: string): Promise<readonly (readonly string[])[]> {
		return this.#call('top', [id], () => {
			const container = this.#running(id);
			const command = [...(container.options.entrypoint ?? []), ...(container.options.cmd ?? [])].join(' ');
			return [
				['UID', 'PID', 'CMD'],
				['root', String(container.pid), command],
			];
		});
	}

	getArchive(id: string, path: string): Promise<Readable> {
		return this.#call('getArchive', [id, path], () => {
			const container = this.#find(id);
			const archive = container.view.pack(path);
			if (!archive) fail('NOT_FOUND', 404, `Could not find the file ${path} in container ${id}`);
			this.#emit(container, 'archive-path');
			return Readable.from([archive]);
		});
	}

	putArchive(
		id: string,
		path: string,
		tar: Readable | Buffer,
		options: { copyUidGid?: boolean; noOverwriteDirNonDir?: boolean } = {},
	): Promise<void> {
		return this.#call('putArchive', [id, path, tar, options], async () => {
			const archive = Buffer.isBuffer(tar) ? tar : await buffer(tar);
			const container = this.#find(id);
			if (container.view.find(path) && container.view.isReadOnly(path)) {
				fail('UNKNOWN', 500, 'mounted volume is marked read-only');
			}
			const user = container.options.user || container.image.user;
			if (options.copyUidGid && user) {
				// Seen on 20.10: the engine looks the user up on the host.
				fail('UNKNOWN', 500, `getent unable to find entry "${user}" in passwd database`);
			}
			if (!container.view.unpack(path, archive)) {
				fail('NOT_FOUND', 404, `Could not find the file ${path} in container ${id}`);
			}
			this.#emit(container, 'extract-to-dir');
		});
	}

	statPath(
		id: string,
		path: string,
	): Promise<{ name: string; size: number; mode: number; linkTarget: string } | undefined> {
		return this.#call('statPath', [id, path], () => {
			const found = this.#find(id).view.find(path, false);
			if (!found) return undefined;
			const { type, mode, data, linkTarget } = found.file;
			const bits = { file: 0o100000, directory: 0o040000, symlink: 0o120000 }[type];
			const name = path.split('/').filter(Boolean).at(-1) ?? '/';
			return { name, size: data.length, mode: bits | mode, linkTarget };
		});
	}

	async *logs(id: string, options: LogOptions, signal?: AbortSignal): AsyncGenerator<LogChunk, void, void> {
		const container = await this.#call('logs', [id, options], () => this.#find(id));
		const wanted = container.log.filter(
			({ at }) => at >= (options.since ?? 0) && at <= (options.until ?? Number.POSITIVE_INFINITY),
		);
		let next = options.tail === undefined ? 0 : Math.max(0, wanted.length - options.tail);
		const shown = options.since === undefined && options.until === undefined ? container.log : wanted;
		for (;;) {
			for (; next < shown.length; next++) {
				const entry = shown[next];
				if (!entry || options[entry.chunk.stream] === false) continue;
				const stamp = options.timestamps
					? `${new Date(entry.at).toISOString().replace('Z', '000000Z')} `
					: '';
				yield { stream: entry.chunk.stream, data: Buffer.concat([Buffer.from(stamp), entry.chunk.data]) };
			}
			if (signal?.aborted) fail('ABORTED', undefined, 'the call was cut off');
			if (!options.follow || container.status !== 'running' || !this.#containers.has(container.id)) return;
			await change(container, signal);
		}
	}

	exec(id: string, options: ExecOptions, signal?: AbortSignal): Promise<ExecSession> {
		return this.#call('exec', [id, options], () => {
			const container = this.#find(id);
			if (container.status === 'paused') {
				fail('CONFLICT', 409, `Container ${id} is paused, unpause the container before exec`);
			}
			if (container.status !== 'running') fail('CONFLICT', 409, `Container ${container.id} is not running`);
			return this.#exec(container, options, signal);
		});
	}

	attach(
		id: string,
		options: { stdin: boolean; tty: boolean },
		signal?: AbortSignal,
	): Promise<AttachSession> {
		return this.#call('attach', [id, options], () => {
			const container = this.#running(id);
			const stdout = new PassThrough();
			const stderr = new PassThrough();
			const stdin = new PassThrough();
			stdin.on('data', (data: Buffer) => this.#print(container, 'stdout', data.toString()));
			let next = container.log.length;
			const end = (): void => {
				container.watchers.delete(pump);
				stdout.end();
				stderr.end();
			};
			const pump = (): void => {
				for (; next < container.log.length; next++) {
					const chunk = container.log[next]?.chunk;
					if (chunk) (chunk.stream === 'stderr' ? stderr : stdout).write(chunk.data);
				}
				if (container.status !== 'running') end();
			};
			container.watchers.add(pump);
			signal?.addEventListener('abort', end, { once: true });
			return {
				stdout,
				stderr,
				...(options.stdin ? { stdin } : {}),
				resize: () => Promise.resolve(),
				close: end,
			};
		});
	}

	inspectImage(ref: string): Promise<EngineImage | undefined> {
		return this.#call('inspectImage', [ref], () => this.#image(ref));
	}

	pullImage(
		ref: string,
		options: { auth?: RegistryAuth; onProgress?: (progress: PullProgress) => void; signal?: AbortSignal },
	): Promise<string> {
		return this.#call('pullImage', [ref, options], () => {
			if (!parseImageRef(ref)) fail('BAD_REQUEST', undefined, `invalid reference format: "${ref}"`);
			this.pulledWith.push(options.auth);
			if (options.signal?.aborted) fail('ABORTED', undefined, 'the call was cut off');
			const answer = this.registry.get(familiar(ref)) ?? this.registry.get(ref);
			if (answer instanceof EngineError) throw answer;
			if (!answer) {
				fail('REGISTRY_UNREACHABLE', 500, 'Get "https://registry-1.docker.io/v2/": dial tcp: no such host');
			}
			options.onProgress?.({ layer: '0123456789ab', status: 'Downloading', current: 1, total: 2 });
			options.onProgress?.({ layer: '0123456789ab', status: 'Pull complete' });
			const image = this.#images.get(familiar(ref)) ?? this.addImage(ref);
			this.#tell({
				kind: 'image',
				action: 'pull',
				id: familiar(ref),
				attributes: { name: ref },
				at: this.#now,
			});
			return image.id;
		});
	}

	loadImage(tar: Readable | Buffer): Promise<void> {
		return this.#call('loadImage', [tar], async () => {
			const entries = untar(Buffer.isBuffer(tar) ? tar : await buffer(tar));
			const manifest = entries.find((entry) => entry.path === 'manifest.json');
			if (!manifest) fail('UNKNOWN', undefined, 'Error processing tar file(exit status 1): unexpected EOF');
			const images = JSON.parse(String(manifest.data)) as { RepoTags?: string[] | null }[];
			for (const tag of images.flatMap((image) => image.RepoTags ?? [])) this.addImage(tag);
		});
	}

	buildImage(options: BuildOptions, onOutput: (text: string) => void): Promise<string> {
		return this.#call('buildImage', [options, onOutput], async () => {
			const context = untar(await buffer(options.context));
			if (!context.some((entry) => entry.path.replace(/^\.\//, '') === options.dockerfile)) {
				fail('BAD_REQUEST', 400, `Cannot locate specified Dockerfile: ${options.dockerfile}`);
			}
			onOutput('Step 1/1 : FROM scratch\n');
			return this.addImage(options.tag).id;
		});
	}

	removeImage(ref: string): Promise<void> {
		return this.#call('removeImage', [ref], () => {
			const image = this.#image(ref);
			if (!image) fail('IMAGE_NOT_FOUND', 404, `No such image: ${ref}`);
			if ([...this.#containers.values()].some((container) => container.image.id === image.id)) {
				fail('CONFLICT', 409, `conflict: unable to remove repository reference "${ref}" (must force)`);
			}
			for (const [tag, known] of this.#images) if (known.id === image.id) this.#images.delete(tag);
		});
	}

	createVolume(options: {
		name: string;
		labels: Readonly<Record<string, string>>;
		driver?: string;
		options?: Readonly<Record<string, string>>;
	}): Promise<EngineVolume> {
		return this.#call('createVolume', [options], () => {
			const known = this.#volumes.get(options.name);
			if (known) return volume(known);
			const made = {
				name: options.name,
				labels: { ...options.labels },
				mountpoint: `/var/lib/docker/volumes/${options.name}/_data`,
				driver: options.driver ?? 'local',
				options: { ...options.options },
				tree: new FakeTree(),
			};
			this.#volumes.set(options.name, made);
			return volume(made);
		});
	}

	inspectVolume(name: string): Promise<EngineVolume | undefined> {
		return this.#call('inspectVolume', [name], () => {
			const known = this.#volumes.get(name);
			return known && volume(known);
		});
	}

	listVolumes(labels: readonly string[]): Promise<readonly EngineVolume[]> {
		return this.#call('listVolumes', [labels], () =>
			[...this.#volumes.values()].filter((known) => matches(known.labels, labels)).map(volume),
		);
	}

	removeVolume(name: string): Promise<void> {
		return this.#call('removeVolume', [name], () => {
			if (!this.#volumes.has(name)) fail('NOT_FOUND', 404, `get ${name}: no such volume`);
			const user = [...this.#containers.values()].find((container) =>
				container.options.mounts?.some((mount) => mount.type === 'volume' && mount.source === name),
			);
			if (user) fail('CONFLICT', 409, `remove ${name}: volume is in use - [${user.id}]`);
			this.#volumes.delete(name);
		});
	}

	createNetwork(options: {
		name: string;
		subnet: string;
		labels: Readonly<Record<string, string>>;
	}): Promise<EngineNetwork> {
		return this.#call('createNetwork', [options], () => {
			if (this.#networks.has(options.name)) {
				fail('CONFLICT', 409, `network with name ${options.name} already exists`);
			}
			const subnets = [
				...this.takenSubnets,
				...[...this.#networks.values()].flatMap((known) => known.subnets),
			];
			if (subnets.some((subnet) => overlap(subnet, options.subnet))) {
				fail('NETWORK_OVERLAP', 403, 'Pool overlaps with other one on this address space');
			}
			const made = this.#network(options.name, options.subnet, options.labels, 'bridge');
			this.#networks.set(options.name, made);
			return network(made);
		});
	}

	inspectNetwork(name: string): Promise<EngineNetwork | undefined> {
		return this.#call('inspectNetwork', [name], () => {
			const known = this.#findNetwork(name);
			return known && network(known);
		});
	}

	listNetworks(labels: readonly string[]): Promise<readonly EngineNetwork[]> {
		return this.#call('listNetworks', [labels], () =>
			[...this.#networks.values()].filter((known) => matches(known.labels, labels)).map(network),
		);
	}

	removeNetwork(name: string): Promise<void> {
		return this.#call('removeNetwork', [name], () => {
			const known = this.#findNetwork(name);
			if (!known) fail('NOT_FOUND', 404, `network ${name} not found`);
			const used = [...this.#containers.values()].some(
				(container) => container.status === 'running' && container.networks.has(known.name),
			);
			if (used) {
				fail(
					'CONFLICT',
					403,
					`error while removing network: network ${known.name} id ${known.id} has active endpoints`,
				);
			}
			this.#networks.delete(known.name);
		});
	}

	connectNetwork(
		name: string,
		containerID: string,
		options: { ipv4?: string; aliases?: readonly string[] },
	): Promise<void> {
		return this.#call('connectNetwork', [name, containerID, options], () => {
			const known = this.#findNetwork(name);
			if (!known) fail('NOT_FOUND', 404, `network ${name} not found`);
			const container = this.#find(containerID);
			if (container.networks.has(known.name)) {
				fail(
					'CONFLICT',
					403,
					`endpoint with name ${container.options.name} already exists in network ${known.name}`,
				);
			}
			const ip = container.status === 'running' ? this.#address(known, options.ipv4) : '';
			container.networks.set(known.name, { ip, networkID: known.id });
		});
	}

	async *events(
		options: { labels?: readonly string[]; since?: number; onConnected?: () => void },
		signal: AbortSignal,
	): AsyncGenerator<EngineEvent, void, void> {
		const queue: EngineEvent[] = [];
		let ended = false;
		let wake: () => void = () => undefined;
		const fits = (event: EngineEvent): boolean => matches(event.attributes, options.labels ?? []);
		const subscriber = {
			push: (event: EngineEvent): void => {
				if (fits(event)) queue.push(event);
				wake();
			},
			cut: (): void => {
				ended = true;
				this.#subscribers.delete(subscriber);
				wake();
			},
		};
		await this.#call('events', [options], () => {
			if (signal.aborted) fail('ABORTED', undefined, 'the call was cut off');
			const { since } = options;
			if (since !== undefined)
				queue.push(...this.#history.filter((event) => event.at >= since && fits(event)));
			this.#subscribers.add(subscriber);
		});
		signal.addEventListener('abort', subscriber.cut, { once: true });
		try {
			options.onConnected?.();
			for (;;) {
				const event = queue.shift();
				if (event) {
					yield event;
				} else if (ended) {
					if (signal.aborted) fail('ABORTED', undefined, 'the call was cut off');
					return;
				} else {
					await new Promise<void>((resolve) => {
						wake = resolve;
					});
				}
			}
		} finally {
			signal.removeEventListener('abort', subscriber.cut);
			this.#subscribers.delete(subscriber);
		}
	}

	close(): void {
		this.cutEvents();
	}

	// --- inside -----------------------------------------------------------------------------------------

	async #call<T>(method: keyof Engine, args: readonly unknown[], deed: () => T | Promise<T>): Promise<T> {
		this.calls.push({ method, args });
		const fault = this.#fault(method);
		const lost =
			fault?.error ??
			new EngineError('UNREACHABLE', `the Docker engine at ${this.address} closed the connection`);
		const held = this.#held.get(method);
		if (held) await held;
		if (this.#down)
			throw new EngineError('UNREACHABLE', `no Docker engine at ${this.address}: nothing listens there`);
		if (fault?.when === 'before') throw lost;
		const result = await deed();
		if (fault) throw lost;
		return result;
	}

	#fault(method: keyof Engine): Fault | undefined {
		let hit: Fault | undefined;
		for (const waiting of this.#faults) {
			if (waiting.fault.method !== undefined && waiting.fault.method !== method) continue;
			waiting.seen++;
			if (waiting.seen === waiting.fault.nth) hit ??= waiting.fault;
		}
		this.#faults = this.#faults.filter((waiting) => waiting.seen < waiting.fault.nth);
		return hit;
	}

	#id(): string {
		this.#counter++;
		// Spread out, so that the first twelve digits differ as real ids do.
		const head = ((this.#counter * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');
		return head + this.#counter.toString(16).padStart(56, '0');
	}

	#find(nameOrID: string): FakeContainer {
		const exact = this.#containers.get(nameOrID);
		if (exact) return exact;
		const found = [...this.#containers.values()].find((c) => c.options.name === nameOrID);
		return found ?? fail('NOT_FOUND', 404, `No such container: ${nameOrID}`);
	}

	#running(nameOrID: string): FakeContainer {
		const container = this.#find(nameOrID);
		if (container.status !== 'running') fail('CONFLICT', 409, `Container ${container.id} is not running`);
		return container;
	}

	#image(ref: string): EngineImage | undefined {
		const byName = this.#images.get(familiar(ref));
		if (byName) return byName;
		return [...this.#images.values()].find((image) => image.id === ref || image.id === `sha256:${ref}`);
	}

	#make(options: CreateOptions, image: EngineImage): FakeContainer {
		return {
			id: this.#id(),
			options: { ...options, labels: { ...options.labels } },
			networkMode: this.#joined(options.networkMode),
			ipcMode: this.#joined(options.ipcMode ?? 'private'),
			pidMode: this.#joined(options.pidMode ?? ''),
			image,
			createdAt: this.#now,
			view: new FakeView(),
			program: this.#programOf(options) ?? {},
			log: [],
			watchers: new Set(),
			networks: new Map(),
			anonymous: [],
			resources: { ...options.resources },
			status: 'created',
			exitCode: 0,
			oomKilled: false,
			error: '',
			pid: 0,
		};
	}

	/** A join by name is turned into one by id at create, and stays so. */
	#joined(mode: string): string {
		if (!mode.startsWith('container:')) return mode;
		const name = mode.slice('container:'.length);
		const found =
			this.#containers.get(name) ?? [...this.#containers.values()].find((c) => c.options.name === name);
		return `container:${found?.id ?? name}`;
	}

	#mount(container: FakeContainer): void {
		container.view.root.mkdir('/tmp', 0o1777);
		container.view.root.mkdir('/etc');
		container.view.root.mkdir('/dev');
		for (const mount of container.options.mounts ?? []) {
			const { target } = mount;
			switch (mount.type) {
				case 'volume': {
					if (mount.subPath)
						fail('BAD_REQUEST', undefined, 'a volume mount with a subPath needs Docker API 1.45');
					let known = this.#volumes.get(mount.source);
					if (!known) {
						known = {
							name: mount.source,
							labels: {},
							mountpoint: `/var/lib/docker/volumes/${mount.source}/_data`,
							driver: 'local',
							options: {},
							tree: new FakeTree(),
						};
						this.#volumes.set(mount.source, known);
					}
					container.view.mounts.push({ target, tree: known.tree, root: '/', readOnly: mount.readOnly });
					break;
				}
				case 'bind': {
					const inVolume = [...this.#volumes.values()].find(
						(known) => mount.source === known.mountpoint || mount.source.startsWith(`${known.mountpoint}/`),
					);
					const tree = inVolume?.tree ?? this.host;
					const root = inVolume ? mount.source.slice(inVolume.mountpoint.length) || '/' : mount.source;
					if (!tree.files.has(root)) {
						fail(
							'BAD_REQUEST',
							400,
							`invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
						);
					}
					container.view.mounts.push({ target, tree, root, readOnly: mount.readOnly });
					break;
				}
				case 'tmpfs':
					container.view.mounts.push({ target, tree: new FakeTree(), root: '/', readOnly: false });
					break;
				case 'image':
					fail('BAD_REQUEST', undefined, 'an image mount needs Docker API 1.48');
			}
		}
	}

	#join(container: FakeContainer): void {
		const donorOf = (mode: string): FakeContainer | undefined =>
			mode.startsWith('container:') ? this.#find(mode.slice('container:'.length)) : undefined;
		const network = donorOf(container.networkMode);
		if (network && network.status !== 'running') {
			fail('CONFLICT', 409, `cannot join network of a non running container: ${network.id}`);
		}
		const ipc = donorOf(container.ipcMode);
		if (ipc && ipc.status !== 'running') {
			fail('CONFLICT', 500, `can't join IPC of container ${ipc.id}: container ${ipc.id} is not running`);
		}
		if (ipc && ipc.ipcMode !== 'shareable') {
			fail(
				'UNKNOWN',
				500,
				`can't join IPC of container ${ipc.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
			);
		}
		const pid = donorOf(container.pidMode);
		if (pid && pid.status !== 'running') fail('CONFLICT', 500, `container ${pid.id} is not running`);
	}

	#attachNetworks(container: FakeContainer): void {
		const { options, networkMode } = container;
		if (networkMode.startsWith('container:') || networkMode === 'host') return;
		const known = this.#findNetwork(networkMode);
		if (!known) fail('NOT_FOUND', 404, `network ${networkMode} not found`);
		const ip = known.subnets.length === 0 ? '' : this.#address(known, options.ipv4);
		for (const port of options.ports ?? []) {
			const key = `${port.protocol}/${port.hostPort}`;
			const used = [...this.#containers.values()].some(
				(other) =>
					other !== container &&
					other.status === 'running' &&
					other.options.ports?.some(
						(taken) =>
							`${taken.protocol}/${taken.hostPort}` === key &&
							(taken.hostIP === '' || port.hostIP === '' || taken.hostIP === port.hostIP),
					),
			);
			if (port.hostPort !== 0 && (used || this.takenPorts.has(key))) {
				fail(
					'PORT_TAKEN',
					500,
					`driver failed programming external connectivity on endpoint ${options.name}: Bind for ${port.hostIP || '0.0.0.0'}:${port.hostPort} failed: port is already allocated`,
				);
			}
		}
		container.networks.set(known.name, { ip, networkID: known.id });
		for (const [name, endpoint] of container.networks) {
			const other = this.#findNetwork(name);
			if (other && endpoint.ip === '' && other.subnets.length > 0) {
				container.networks.set(name, { ip: this.#address(other, undefined), networkID: other.id });
			}
		}
	}

	#leaveNetworks(container: FakeContainer): void {
		for (const [name, endpoint] of container.networks) container.networks.set(name, { ...endpoint, ip: '' });
	}

	#findNetwork(nameOrID: string): FakeNetwork | undefined {
		return (
			this.#networks.get(nameOrID) ?? [...this.#networks.values()].find((known) => known.id === nameOrID)
		);
	}

	#network(
		name: string,
		subnet: string | undefined,
		labels: Readonly<Record<string, string>>,
		driver: string,
	): FakeNetwork {
		const { base, size } = subnet ? range(subnet) : { base: 0, size: 0 };
		return {
			id: this.#id(),
			name,
			labels: { ...labels },
			driver,
			subnets: subnet ? [subnet] : [],
			gateway: subnet ? dotted(base + 1) : '',
			base,
			size,
		};
	}

	#address(known: FakeNetwork, wanted: string | undefined): string {
		const used = new Set([known.gateway]);
		for (const container of this.#containers.values()) {
			const ip = container.networks.get(known.name)?.ip;
			if (ip) used.add(ip);
		}
		if (wanted !== undefined) {
			const value = numeric(wanted);
			if (value < known.base || value >= known.base + known.size) {
				fail(
					'UNKNOWN',
					500,
					`Invalid address ${wanted}: It does not belong to any of this network's subnets`,
				);
			}
			if (used.has(wanted)) fail('CONFLICT', 403, 'Address already in use');
			return wanted;
		}
		for (let offset = 2; offset < known.size - 1; offset++) {
			const ip = dotted(known.base + offset);
			if (!used.has(ip)) return ip;
		}
		return fail('UNKNOWN', 500, 'no available IPv4 addresses on this network');
	}

	#kill(container: FakeContainer, signal: number): void {
		this.#emit(container, 'kill', { signal: String(signal) });
		const { program } = container;
		if (signal === 9) {
			container.due = { at: this.#now, exitCode: 137 };
			if (container.status === 'paused') container.status = 'running';
		} else if (!program.ignoreSignals && !HARMLESS.has(signal)) {
			const at = this.#now + (program.stopAfterMs ?? 0);
			const due = { at, exitCode: program.stopCode ?? 128 + signal };
			if (!container.due || container.due.at > at) container.due = due;
		}
		this.advance(0);
	}

	#die(container: FakeContainer, exitCode: number, oom: boolean): void {
		if (oom) this.#emit(container, 'oom');
		container.status = 'exited';
		container.exitCode = exitCode;
		container.oomKilled = oom;
		container.finishedAt = this.#now;
		container.pid = 0;
		delete container.due;
		this.#leaveNetworks(container);
		this.#emit(container, 'die', { exitCode: String(exitCode) });
		this.#changed(container);
		// The death of a PID namespace's first process kills all others in it.
		for (const other of this.#containers.values()) {
			const joined = other.pidMode === `container:${container.id}`;
			if (joined && (other.status === 'running' || other.status === 'paused')) this.#die(other, 137, false);
		}
	}

	#exec(container: FakeContainer, options: ExecOptions, signal: AbortSignal | undefined): ExecSession {
		const stdout = new PassThrough();
		const stderr = new PassThrough();
		const stdin = new PassThrough();
		const execID = this.#id();
		const command = options.command.join(' ');
		this.#emit(container, 'exec_create', { execID });
		this.#emit(container, 'exec_start', { execID });
		let cut: (error: EngineError) => void = () => undefined;
		const aborted = new Promise<never>((_, reject) => {
			cut = reject;
		});
		aborted.catch(() => undefined);
		const abort = (): void => cut(new EngineError('ABORTED', 'the exec was cut off'));
		signal?.addEventListener('abort', abort, { once: true });
		let died: () => void = () => undefined;
		const killed = new Promise<ExecResult>((resolve) => {
			died = () => {
				if (container.status !== 'running') resolve({ exitCode: 137 });
			};
		});
		container.watchers.add(died);
		const run = async (): Promise<ExecResult> => {
			if (!container.program.exec && command === 'cat') {
				for await (const chunk of stdin) stdout.write(chunk);
				return { exitCode: 0 };
			}
			const input = options.stdin ? (await buffer(stdin)).toString() : '';
			return (container.program.exec ?? defaultExec)(options.command, input);
		};
		const exitCode = Promise.race([run(), killed, aborted])
			.then((result) => {
				if (options.stdout !== false) stdout.write(result.stdout ?? '');
				if (options.stderr !== false) (options.tty ? stdout : stderr).write(result.stderr ?? '');
				this.#emit(container, 'exec_die', { execID, exitCode: String(result.exitCode), command });
				return result.exitCode;
			})
			.finally(() => {
				container.watchers.delete(died);
				signal?.removeEventListener('abort', abort);
				stdout.end();
				stderr.end();
			});
		exitCode.catch(() => undefined);
		return {
			stdout,
			stderr,
			...(options.stdin ? { stdin } : {}),
			exitCode,
			resize: () => Promise.resolve(),
			close: abort,
		};
	}

	#print(container: FakeContainer, stream: LogChunk['stream'], text: string): void {
		for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
			container.log.push({ at: this.#now, chunk: { stream, data: Buffer.from(line) } });
		}
		this.#changed(container);
	}

	#writeInside(container: FakeContainer, path: string, text: string): void {
		const mount = container.view.mounts
			.filter(({ target }) => path === target || path.startsWith(`${target}/`))
			.sort((a, b) => b.target.length - a.target.length)[0];
		if (!mount) container.view.root.write(path, text);
		else mount.tree.write(`${mount.root === '/' ? '' : mount.root}${path.slice(mount.target.length)}`, text);
	}

	#changed(container: FakeContainer): void {
		for (const watcher of [...container.watchers]) watcher();
	}

	#emit(container: FakeContainer, action: string, attributes: Readonly<Record<string, string>> = {}): void {
		this.#tell({
			kind: 'container',
			action,
			id: container.id,
			attributes: {
				...container.options.labels,
				image: container.options.image,
				name: container.options.name,
				...attributes,
			},
			at: this.#now,
		});
	}

	#tell(event: EngineEvent): void {
		this.#history.push(event);
		if (this.#history.length > HISTORY) this.#history.shift();
		for (const subscriber of [...this.#subscribers]) subscriber.push(event);
	}
}

function fail(code: EngineErrorCode, statusCode: number | undefined, message: string): never {
	throw new EngineError(code, message, statusCode === undefined ? {} : { statusCode });
}

function familiar(ref: string): string {
	return parseImageRef(ref)?.familiar ?? ref;
}

function refuseJoinConflicts(options: CreateOptions): void {
	const refuse = (what: string): never => fail('BAD_REQUEST', 400, `conflicting options: ${what}`);
	if (options.hostname) refuse('hostname and the network mode');
	if (options.dns?.length) refuse('dns and the network mode');
	if (options.extraHosts?.length) refuse('custom host-to-IP mapping and the network mode');
	if (options.ports?.length) refuse('port publishing and the container type network mode');
}

function inspect(container: FakeContainer): EngineContainer {
	const { options } = container;
	return {
		id: container.id,
		name: options.name,
		labels: { ...options.labels },
		image: options.image,
		imageID: container.image.id,
		status: container.status,
		createdAt: container.createdAt,
		...(container.startedAt === undefined ? {} : { startedAt: container.startedAt }),
		...(container.finishedAt === undefined ? {} : { finishedAt: container.finishedAt }),
		exitCode: container.exitCode,
		oomKilled: container.oomKilled,
		error: container.error,
		pid: container.pid,
		networkMode: container.networkMode,
		stopSignal: options.stopSignal || container.image.stopSignal || 'SIGTERM',
		tty: options.tty ?? false,
		openStdin: options.openStdin ?? false,
		networks: Object.fromEntries(container.networks),
		mounts: (options.mounts ?? []).map((mount) => ({
			type: mount.type,
			...(mount.type === 'volume' ? { name: mount.source } : {}),
			source: mount.type === 'tmpfs' ? '' : mount.source,
			target: mount.target,
		})),
	};
}

function defaultExec(command: readonly string[]): ExecResult {
	const [program, ...args] = command;
	switch (program) {
		case 'echo':
			return { exitCode: 0, stdout: `${args.join(' ')}\n` };
		case 'false':
			return { exitCode: 1 };
		default:
			return { exitCode: 0 };
	}
}

/** Resolves when the container prints, dies, or the signal fires. */
function change(container: FakeContainer, signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve) => {
		const done = (): void => {
			container.watchers.delete(done);
			signal?.removeEventListener('abort', done);
			resolve();
		};
		container.watchers.add(done);
		signal?.addEventListener('abort', done, { once: true });
		if (signal?.aborted) done();
	});
}

function matches(labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
	return wanted.every((filter) => {
		const equals = filter.indexOf('=');
		return equals < 0 ? filter in labels : labels[filter.slice(0, equals)] === filter.slice(equals + 1);
	});
}

function volume(known: EngineVolume): EngineVolume {
	const { name, labels, mountpoint, driver, options } = known;
	return { name, labels, mountpoint, driver, options };
}

function network(known: EngineNetwork): EngineNetwork {
	const { id, name, labels, driver, subnets, gateway } = known;
	return { id, name, labels, driver, subnets, gateway };
}

function numeric(ip: string): number {
	return ip.split('.').reduce((total, part) => total * 256 + Number(part), 0);
}

function dotted(value: number): string {
	return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

function range(subnet: string): { base: number; size: number } {
	const [ip = '', bits = '32'] = subnet.split('/');
	const size = 2 ** (32 - Number(bits));
	return { base: Math.floor(numeric(ip) / size) * size, size };
}

function overlap(a: string, b: string): boolean {
	const [one, two] = [range(a), range(b)];
	return one.base < two.base + two.size && two.base < one.base + one.size;
}
