/**
 * The engine as podrun sees it: some thirty verbs with our own types, so that nothing above this floor knows
 * dockerode. The real one is docker.ts, the stateful fake of the tests stands in test/support; one contract
 * suite runs on both. Every call may be cut by an AbortSignal. Times are milliseconds since the epoch.
 */
import type { Readable } from 'node:stream';
import type { CreateOptions, MountOption, PortBinding, ResourceOptions } from '../translate/options.ts';

export type { CreateOptions, MountOption, PortBinding, ResourceOptions };

/** Closed set: what `perform` and the supervisor tell apart. */
export type EngineErrorCode =
	| 'NOT_FOUND'
	| 'CONFLICT' // a name is taken, or the state forbids it
	| 'BAD_REQUEST' // the engine refused the options
	| 'NOT_MODIFIED' // already started, already stopped
	| 'PORT_TAKEN' // a published port is in use on the host
	| 'ADDRESS_TAKEN' // the address in a network that was asked for is another's
	| 'IMAGE_NOT_FOUND'
	| 'REGISTRY_UNREACHABLE'
	| 'UNAUTHORIZED' // registry says no
	| 'NETWORK_OVERLAP' // the subnet is in use
	| 'UNREACHABLE' // no engine answers
	| 'ABORTED'
	| 'UNKNOWN';

/** A call that the engine refused or that never reached it; `message` is the engine's text, trimmed of API noise. */
export class EngineError extends Error {
	readonly code: EngineErrorCode;
	readonly statusCode: number | undefined;

	constructor(
		code: EngineErrorCode,
		message: string,
		options: { statusCode?: number; cause?: unknown } = {},
	) {
		super(message, options.cause === undefined ? {} : { cause: options.cause });
		this.name = 'EngineError';
		this.code = code;
		this.statusCode = options.statusCode;
	}
}

export interface EngineInfo {
	readonly id: string;
	readonly name: string;
	readonly version: string;
	/** Negotiated: min(engine's newest, ours). */
	readonly apiVersion: string;
	readonly os: string;
	/** amd64, arm64… */
	readonly arch: string;
	readonly cpus: number;
	readonly memoryBytes: number;
	readonly cgroupVersion: '1' | '2';
	readonly cgroupDriver: string;
	/** What its control groups can't limit: memory, CPU, processes. Undefined: all can be. */
	readonly unlimited?: readonly string[];
	readonly runtimes: readonly string[];
	readonly defaultRuntime: string;
	readonly securityOptions: readonly string[];
	readonly kernelVersion: string;
	readonly osImage: string;
	readonly liveRestore: boolean;
	/** unix socket of this machine: host paths are ours, pod IPs may be reachable. */
	readonly local: boolean;
	readonly rootDir: string;
}

/** State of a container by inspect. */
export interface EngineContainer {
	readonly id: string;
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly image: string;
	readonly imageID: string;
	readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
	readonly createdAt: number;
	/** Undefined: never. */
	readonly startedAt?: number;
	readonly finishedAt?: number;
	readonly exitCode: number;
	readonly oomKilled: boolean;
	readonly error: string;
	readonly pid: number;
	readonly networkMode: string;
	readonly stopSignal: string;
	readonly tty: boolean;
	readonly openStdin: boolean;
	/** By network name. */
	readonly networks: Readonly<Record<string, { readonly ip: string; readonly networkID: string }>>;
	readonly mounts: readonly {
		readonly type: string;
		readonly name?: string;
		readonly source: string;
		readonly target: string;
	}[];
}

export interface ContainerSummary {
	readonly id: string;
	readonly names: readonly string[];
	readonly labels: Readonly<Record<string, string>>;
	readonly state: string;
	readonly imageID: string;
}

export interface EngineImage {
	/** sha256:… */
	readonly id: string;
	readonly tags: readonly string[];
	readonly digests: readonly string[];
	readonly user: string;
	readonly entrypoint: readonly string[];
	readonly cmd: readonly string[];
	readonly env: readonly string[];
	readonly workingDir: string;
	readonly stopSignal: string;
	readonly exposedPorts: readonly string[];
	readonly volumes: readonly string[];
	readonly sizeBytes: number;
	readonly arch: string;
}

export interface EngineVolume {
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly mountpoint: string;
	readonly driver: string;
	readonly options: Readonly<Record<string, string>>;
}

export interface EngineNetwork {
	readonly id: string;
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly driver: string;
	readonly subnets: readonly string[];
	readonly gateway: string;
	/** Of whatever runs on it, by the container's id. Only `inspectNetwork` tells. */
	readonly addresses?: Readonly<Record<string, string>>;
}

/** A hint that something happened; inspect is the truth. */
export interface EngineEvent {
	readonly kind: 'container' | 'image' | 'volume' | 'network' | 'daemon';
	/** create, start, die, kill, oom, destroy, pause, unpause, update, exec_die, health_status… */
	readonly action: string;
	readonly id: string;
	/** Labels, exitCode, name, signal… */
	readonly attributes: Readonly<Record<string, string>>;
	readonly at: number;
}

export interface PullProgress {
	readonly layer: string;
	readonly status: string;
	readonly current?: number;
	readonly total?: number;
}

export interface RegistryAuth {
	readonly username?: string;
	readonly password?: string;
	readonly identitytoken?: string;
	readonly serveraddress?: string;
}

export interface ExecOptions {
	readonly command: readonly string[];
	readonly user?: string;
	readonly env?: readonly string[];
	readonly workingDir?: string;
	readonly tty?: boolean;
	readonly stdin?: boolean;
	readonly stdout?: boolean;
	readonly stderr?: boolean;
	readonly privileged?: boolean;
}

/** A running exec. Streams are demultiplexed; with a tty everything comes on stdout. */
export interface ExecSession {
	readonly stdout: Readable;
	readonly stderr: Readable;
	/** Writable side to the process; `end()` half-closes its stdin. Undefined without stdin. */
	readonly stdin?: NodeJS.WritableStream;
	/** Resolves with the exit code when the streams have ended; rejects with EngineError. */
	readonly exitCode: Promise<number>;
	resize(columns: number, rows: number): Promise<void>;
	/** Cuts the connection (the process is not killed by Docker). */
	close(): void;
}

/** Attached to a running container's own streams. */
export interface AttachSession {
	readonly stdout: Readable;
	readonly stderr: Readable;
	readonly stdin?: NodeJS.WritableStream;
	resize(columns: number, rows: number): Promise<void>;
	close(): void;
}

export interface LogOptions {
	readonly follow?: boolean;
	readonly stdout?: boolean;
	readonly stderr?: boolean;
	readonly timestamps?: boolean;
	/** Lines from the end; undefined: all. */
	readonly tail?: number;
	/** ms since the epoch. */
	readonly since?: number;
	readonly until?: number;
}

export interface LogChunk {
	readonly stream: 'stdout' | 'stderr';
	readonly data: Buffer;
}

export interface ContainerStats {
	readonly at: number;
	readonly cpuNanoseconds: number;
	readonly memoryBytes: number;
}

export interface BuildOptions {
	readonly context: Readable;
	readonly dockerfile: string;
	readonly tag: string;
	readonly target?: string;
	readonly args?: Readonly<Record<string, string>>;
	readonly labels?: Readonly<Record<string, string>>;
	readonly noCache?: boolean;
	/** The user's login for a registry's host, for base images that are not there. */
	readonly credentials?: (host: string) => Promise<RegistryAuth | undefined>;
}

export interface Engine {
	/** Where it is, for messages: unix:///var/run/docker.sock */
	readonly address: string;
	/** On a connection of its own. The engine takes no lock for it: one that is merely busy answers at once. */
	ping(signal?: AbortSignal): Promise<void>;
	info(): Promise<EngineInfo>;
	/**
	 * The calls that wait for their answer now. The returned function cuts those that wait still when it is called:
	 * they fail as UNREACHABLE. What is streamed already, and what takes as long as it takes (a pull, a build), goes on.
	 */
	unanswered(): () => void;

	createContainer(
		options: CreateOptions,
	): Promise<{ readonly id: string; readonly warnings: readonly string[] }>;
	startContainer(id: string): Promise<void>;
	/** Engine-side signal; NOT_FOUND, or CONFLICT when it does not run. */
	killContainer(id: string, signal: string): Promise<void>;
	unpauseContainer(id: string): Promise<void>;
	updateContainer(id: string, resources: ResourceOptions): Promise<void>;
	/** With its anonymous volumes. */
	removeContainer(id: string, options: { readonly force: boolean }): Promise<void>;
	inspectContainer(id: string): Promise<EngineContainer>;
	/** All states. Filters are ANDed `key=value` or `key` labels. */
	listContainers(labels: readonly string[]): Promise<readonly ContainerSummary[]>;
	stats(id: string): Promise<ContainerStats>;
	/** Bytes of what a container has written beside its volumes. The engine counts them file by file. */
	writtenBytes(id: string): Promise<number>;
	top(id: string): Promise<readonly (readonly string[])[]>;

	/**
	 * tar out of / into a container; created, running and exited ones alike. The archive's own uids and gids are
	 * kept. `copyUidGid` makes all of it the container's user's, whom the engine looks up on its *host*: it fails
	 * for a plain number that has no name there, so better number the entries.
	 */
	getArchive(id: string, path: string): Promise<Readable>;
	putArchive(
		id: string,
		path: string,
		tar: Readable | Buffer,
		options?: { readonly copyUidGid?: boolean; readonly noOverwriteDirNonDir?: boolean },
	): Promise<void>;
	statPath(
		id: string,
		path: string,
	): Promise<
		| { readonly name: string; readonly size: number; readonly mode: number; readonly linkTarget: string }
		| undefined
	>;

	/** Ends when the container does (follow) or at the end of what there is. Back-pressured; abort by the signal. */
	logs(id: string, options: LogOptions, signal?: AbortSignal): AsyncIterable<LogChunk>;
	exec(id: string, options: ExecOptions, signal?: AbortSignal): Promise<ExecSession>;
	attach(
		id: string,
		options: { readonly stdin: boolean; readonly tty: boolean },
		signal?: AbortSignal,
	): Promise<AttachSession>;

	/** Undefined when the engine does not have it. */
	inspectImage(ref: string): Promise<EngineImage | undefined>;
	/** Resolves with the id. Rejects with IMAGE_NOT_FOUND, UNAUTHORIZED, REGISTRY_UNREACHABLE, in-band errors included. */
	pullImage(
		ref: string,
		options: {
			readonly auth?: RegistryAuth;
			readonly onProgress?: (progress: PullProgress) => void;
			readonly signal?: AbortSignal;
		},
	): Promise<string>;
	/** A `docker save` tar; resolves when all is loaded. */
	loadImage(tar: Readable | Buffer): Promise<void>;
	buildImage(options: BuildOptions, onOutput: (text: string) => void, signal?: AbortSignal): Promise<string>;
	removeImage(ref: string): Promise<void>;

	createVolume(options: {
		readonly name: string;
		readonly labels: Readonly<Record<string, string>>;
		readonly driver?: string;
		readonly options?: Readonly<Record<string, string>>;
	}): Promise<EngineVolume>;
	inspectVolume(name: string): Promise<EngineVolume | undefined>;
	listVolumes(labels: readonly string[]): Promise<readonly EngineVolume[]>;
	removeVolume(name: string): Promise<void>;

	/** NETWORK_OVERLAP when the subnet is taken, CONFLICT when the name is. */
	createNetwork(options: {
		readonly name: string;
		readonly subnet: string;
		readonly labels: Readonly<Record<string, string>>;
	}): Promise<EngineNetwork>;
	inspectNetwork(name: string): Promise<EngineNetwork | undefined>;
	listNetworks(labels: readonly string[]): Promise<readonly EngineNetwork[]>;
	removeNetwork(name: string): Promise<void>;
	connectNetwork(
		network: string,
		containerID: string,
		options: { readonly ipv4?: string; readonly aliases?: readonly string[] },
	): Promise<void>;

	/**
	 * One connection's events from `since` on; ends or throws when the connection does. The caller reconnects,
	 * best by events.ts. `onConnected`: the engine listens; what happens from now on will be told.
	 */
	events(
		options: {
			readonly labels?: readonly string[];
			/** Only these; all without it. */
			readonly actions?: readonly string[];
			readonly since?: number;
			readonly onConnected?: () => void;
		},
		signal: AbortSignal,
	): AsyncIterable<EngineEvent>;
	/** Closes idle connections. */
	close(): void;
}
