/**
 * What stands behind the HTTP API: the API server speaks this interface and knows nothing of Docker; the
 * supervisor implements it (`createBackend`), the tests' in-memory store too. What a write *does*
 * (defaulting, validation, uid, generation, update rules of both profiles, deletion) is the backend's
 * business; HTTP, tables, selectors, patches and pagination are the API server's. Types only. Every method
 * rejects with ApiError (metav1.Status) for what a client may be told; anything else is a bug and becomes 500.
 */
import type { Duplex, Readable } from 'node:stream';
import type { Check, Leftover } from './checkup.ts';
import type { SyncResult } from './sync.ts';
import type { KubeObject, Node, Pod, Profile } from './types.ts';

/** The kinds that are stored. A Node is not: there is one, and it is computed. */
export type StoredKind = 'Pod' | 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim' | 'Namespace' | 'Event';

export interface WatchEvent<T = KubeObject> {
	readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
	readonly object: T;
	/** With MODIFIED: the object as it was before, where the store knows it (selectors need it). */
	readonly previous?: T;
}

export interface ObjectList<T = KubeObject> {
	readonly items: readonly T[];
	/** Of the store at the instant of the list; a watch from here misses nothing. */
	readonly resourceVersion: string;
}

export interface WriteOptions {
	/** Profile of the request; recorded on a pod at its creation. Default: local. */
	readonly profile?: Profile;
	/** Do everything but the storing: the answer is the object as it would be. */
	readonly dryRun?: boolean;
}

/** `main` replaces all but status, the others only their own part of the object. */
export type Subresource = 'main' | 'status' | 'ephemeralcontainers' | 'resize';

export interface UpdateOptions extends WriteOptions {
	readonly subresource?: Subresource;
}

export interface DeleteOptions extends WriteOptions {
	/** Seconds; undefined: the pod's own, 0: now. */
	readonly gracePeriodSeconds?: number;
	/** 409 Conflict when the object is another one. */
	readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface LogRequest {
	/** Undefined: the only container, or the one that kubectl.kubernetes.io/default-container names. */
	readonly container?: string;
	readonly previous?: boolean;
	readonly follow?: boolean;
	readonly timestamps?: boolean;
	readonly tailLines?: number;
	readonly sinceSeconds?: number;
	/** RFC 3339. */
	readonly sinceTime?: string;
	readonly limitBytes?: number;
	/** Undefined or All: both. */
	readonly stream?: 'All' | 'Stdout' | 'Stderr';
}

export interface ExecRequest {
	readonly container?: string;
	readonly command: readonly string[];
	readonly stdin: boolean;
	readonly stdout: boolean;
	readonly stderr: boolean;
	readonly tty: boolean;
}

export type AttachRequest = Omit<ExecRequest, 'command'>;

/** Streams of an exec or an attach, demultiplexed; with a tty everything comes on stdout. */
export interface ProcessStreams {
	readonly stdout: Readable;
	readonly stderr: Readable;
	/** Undefined without stdin; `end()` closes the process's stdin. */
	readonly stdin?: NodeJS.WritableStream;
	/** Exit code, once the streams have ended. Of an attach: the container's code, where it is known. */
	readonly exitCode: Promise<number>;
	resize(columns: number, rows: number): Promise<void>;
	/** Cuts the connection. */
	close(): void;
}

export interface ContainerUsage {
	readonly name: string;
	/** Over the window between two readings. */
	readonly cpuNanoCores: number;
	readonly memoryBytes: number;
}

export interface PodUsage {
	/** RFC 3339. */
	readonly timestamp: string;
	readonly windowSeconds: number;
	readonly containers: readonly ContainerUsage[];
}

/** A build of an image from a context. */
export interface BuildRequest {
	/** A tar of the context. */
	readonly context: Readable;
	/** The reference that the image gets. */
	readonly image: string;
	/** Path in the context. */
	readonly dockerfile: string;
	readonly target?: string;
	readonly args?: Readonly<Record<string, string>>;
}

export interface BackendInfo {
	readonly engine: {
		readonly address: string;
		readonly version: string;
		readonly apiVersion: string;
		readonly name: string;
	};
	readonly instance: string;
	/** Pods stored, finished ones too. */
	readonly pods: number;
}

export interface Backend {
	info(): BackendInfo;
	/** Capacity, allocatable, conditions, addresses of the engine as one node. */
	node(): Promise<Node>;

	/** 404 when there is none. `namespace` is undefined for namespaces. */
	get(kind: StoredKind, namespace: string | undefined, name: string): Promise<KubeObject>;
	/** Undefined namespace: all of them. Items in the order of namespace, name. */
	list(kind: StoredKind, namespace: string | undefined): Promise<ObjectList>;
	/**
	 * Changes after `since` (a resourceVersion), forever, until the signal. Rejects with ApiError 410 Expired
	 * when `since` is older than the history. Without `since`: from now on. Must be subscribed when the
	 * promise of the first `next()` is made, so that nothing falls between.
	 */
	watch(
		kind: StoredKind,
		options: { readonly namespace?: string; readonly since?: string },
		signal: AbortSignal,
	): AsyncIterable<WatchEvent>;

	/** metadata.name or generateName; 409 AlreadyExists, 422 Invalid. Resolves with the stored object. */
	create(kind: StoredKind, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
	/**
	 * Replaces. A metadata.resourceVersion or uid in the object must be the stored one's (409 Conflict).
	 * An update that changes nothing keeps the resourceVersion.
	 */
	update(kind: StoredKind, object: KubeObject, options?: UpdateOptions): Promise<KubeObject>;
	/** Resolves with the object: gone (`deleted`), or being deleted (a pod with its deletionTimestamp). */
	delete(
		kind: StoredKind,
		namespace: string | undefined,
		name: string,
		options?: DeleteOptions,
	): Promise<{ readonly object: KubeObject; readonly deleted: boolean }>;
	/** Restarts one container (an init container runs again), or all of the pod; nothing waits for the end. */
	restart(namespace: string, pod: string, container?: string): Promise<Pod>;

	/** Raw bytes; destroy it to stop. 400 for a container that has not started. */
	logs(namespace: string, pod: string, request: LogRequest): Promise<Readable>;
	exec(namespace: string, pod: string, request: ExecRequest): Promise<ProcessStreams>;
	attach(namespace: string, pod: string, request: AttachRequest): Promise<ProcessStreams>;
	/** One TCP connection to localhost:port inside of the pod. */
	portForward(namespace: string, pod: string, port: number): Promise<Duplex>;
	stats(namespace: string, pod: string): Promise<PodUsage>;

	/** Brings files into a container and keeps them for its next attempts; `body` as api/sync.ts tells. */
	sync(namespace: string, pod: string, container: string, body: Buffer): Promise<SyncResult>;
	/** Leaves such a body for a pod that is about to be made: its first attempts begin with it. */
	stage(namespace: string, pod: string, container: string, body: Buffer): Promise<void>;
	/** Drops what was left for a pod and not taken. */
	unstage(namespace: string, pod: string): Promise<void>;
	/** Somebody keeps the pod's files current until the signal: what is kept for it outlives new images. */
	watched(namespace: string, pod: string, signal: AbortSignal): Promise<void>;
	/** Absolute paths that are kept for a container. */
	syncedPaths(namespace: string, pod: string, container: string): Promise<readonly string[]>;
	/** Resolves when nothing is being done to the pod and nothing is left to do at once. */
	settled(namespace: string, pod: string, signal: AbortSignal): Promise<void>;
	/** Id of an image that the engine has. */
	imageID(image: string): Promise<string | undefined>;
	/** Builds an image and resolves with its id. Rejects with ApiError 422 when the build fails. */
	build(request: BuildRequest, onOutput: (text: string) => void, signal: AbortSignal): Promise<string>;
	/**
	 * Containers that run an older image under this reference are replaced in place, init containers run again.
	 * Resolves with their names.
	 */
	replaceImage(namespace: string, pod: string, image: string): Promise<readonly string[]>;

	/** Engine, cgroups, network, state folder, leftovers: what is well and what is not. */
	checkup(): Promise<readonly Check[]>;
	/** What this instance has on the engine though no pod owns it. */
	leftovers(): Promise<readonly Leftover[]>;
	/** Removes that, volumes of deleted claims only with `data`; resolves with what was removed. */
	prune(data: boolean): Promise<readonly Leftover[]>;
}

/** GET /podrun/v1/supervisor: who answers, and for which engine. */
export interface SupervisorInfo extends BackendInfo {
	readonly pid: number;
	readonly version: string;
	/** RFC 3339. */
	readonly startedAt: string;
	readonly socket: string;
	readonly stateFolder: string;
	/** The profile of requests that name none. */
	readonly profile: Profile;
}
