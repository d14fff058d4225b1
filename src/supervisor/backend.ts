/**
 * What the API server sees of the supervisor: the store's reads, the registry's writes, and the streams.
 * Writes are on disk before they are answered: what podrun has acknowledged survives its death.
 */
import type { Backend, ProcessStreams, StoredKind } from '../api/backend.ts';
import { ApiError, notFound } from '../api/errors.ts';
import type { KubeObject, Node, Pod } from '../api/types.ts';
import { type Engine, EngineError, type EngineInfo } from '../engine/engine.ts';
import type { Inventory } from '../engine/observe.ts';
import { checkup } from './checkup.ts';
import { type EngineLink, isUnreachable } from './engine-link.ts';
import type { Images } from './images.ts';
import { leftovers, prune } from './leftovers.ts';
import type { PodWorker } from './pod-worker.ts';
import type { Registry } from './registry.ts';
import { RESOURCES, type Store } from './store.ts';
import type { PodStreams } from './streams.ts';
import { buildImage, replaceImage } from './sync/images.ts';
import type { PodSync } from './sync/sync.ts';

export interface BackendParts {
	readonly store: Store;
	readonly registry: Registry;
	readonly streams: PodStreams;
	readonly info: EngineInfo;
	readonly instance: string;
	readonly stateFolder: string;
	readonly node: () => Node;
	readonly engine: Engine;
	/** Of whoever started the supervisor. */
	readonly env: NodeJS.ProcessEnv;
	readonly sync: PodSync;
	readonly inventory: Inventory;
	readonly images: Images;
	readonly link: EngineLink;
	/** Throws ApiError 404. */
	readonly workerOf: (namespace: string, pod: string) => PodWorker;
	/** A claim was deleted: its volume may go once no pod uses it. */
	readonly claimDeleted: (namespace: string, claim: string) => Promise<void>;
}

/** The supervisor as a Backend. Every method rejects with ApiError for what a client may be told. */
export function createBackend(parts: BackendParts): Backend {
	const { store, registry, streams, info } = parts;
	/** Runs a write and waits until it is on disk. */
	const durable = async <T>(write: () => T): Promise<T> => {
		const result = write();
		await store.flush();
		return result;
	};
	/** What needs the engine; that there is none at the moment is told as 503, also to whoever waits for it already. */
	const asked = <T>(question: () => Promise<T>, tooLate?: (answer: T) => void): Promise<T> =>
		told(parts.link.ask(question, tooLate));
	return {
		info: () => ({
			engine: {
				address: parts.engine.address,
				version: info.version,
				apiVersion: info.apiVersion,
				name: info.name,
			},
			instance: parts.instance,
			pods: store.list('Pod').items.length,
		}),
		node: async () => parts.node(),
		get: async (kind, namespace, name) => found(store, kind, namespace, name),
		list: async (kind, namespace) => store.list(kind, namespace),
		watch: (kind, options, signal) => store.watch(kind, options, signal),
		async create(kind, object, options) {
			const created = await durable(() => registry.create(kind, object, options));
			const failure = options?.dryRun ? undefined : store.failureOf(created);
			if (failure === undefined) return created;
			registry.delete(kind, created.metadata.namespace, created.metadata.name, { gracePeriodSeconds: 0 });
			throw notWritten(kind, created, 'it was not created', failure);
		},
		async update(kind, object, options) {
			const updated = await durable(() => registry.update(kind, object, options));
			const failure = options?.dryRun ? undefined : store.failureOf(updated);
			if (failure === undefined) return updated;
			throw notWritten(kind, updated, 'the change is in force until the supervisor ends', failure);
		},
		delete: async (kind, namespace, name, options) => {
			const result = await durable(() => registry.delete(kind, namespace, name, options));
			if (kind === 'PersistentVolumeClaim' && result.deleted && !options?.dryRun) {
				await parts.claimDeleted(namespace ?? 'default', name);
			}
			return result;
		},
		restart: async (namespace, pod, container) => {
			const stored = served(parts, namespace, pod);
			parts.workerOf(namespace, pod).restart(stored, container, parts.inventory);
			return stored;
		},
		logs: (namespace, pod, request) =>
			asked(
				() => streams.logs(namespace, pod, request),
				(log) => log.destroy(),
			),
		exec: (namespace, pod, request) =>
			asked(
				() => streams.exec(namespace, pod, request),
				(process) => process.close(),
			).then(toldAtItsEnd),
		attach: (namespace, pod, request) =>
			asked(
				() => streams.attach(namespace, pod, request),
				(process) => process.close(),
			).then(toldAtItsEnd),
		portForward: (namespace, pod, port) =>
			asked(
				() => streams.portForward(namespace, pod, port),
				(connection) => connection.destroy(),
			),
		stats: (namespace, pod) => asked(() => streams.stats(namespace, pod)),
		sync: (namespace, pod, container, body) =>
			asked(() => parts.sync.sync(served(parts, namespace, pod), container, body)),
		stage: (namespace, pod, container, body) => parts.sync.stage(namespace, pod, container, body),
		unstage: (namespace, pod) => parts.sync.unstage(namespace, pod),
		watched: async (namespace, pod, signal) => parts.sync.watched(parts.workerOf(namespace, pod).uid, signal),
		syncedPaths: async (namespace, pod, container) =>
			parts.sync.paths(served(parts, namespace, pod), container),
		settled: async (namespace, pod, signal) => parts.workerOf(namespace, pod).settled(signal),
		imageID: async (image) => (await asked(() => parts.engine.inspectImage(image)))?.id,
		build: (request, onOutput, signal) =>
			asked(() => buildImage(parts.engine, request, parts.env, onOutput, signal)),
		replaceImage: async (namespace, pod, image) =>
			asked(() => replaceImage(parts, parts.workerOf(namespace, pod), image)),
		checkup: () => checkup(parts),
		leftovers: async () => (await asked(() => leftovers(parts))).map(({ id: _, ...told }) => told),
		prune: (data) => asked(() => prune(parts, data)),
	};
}

/** What the engine refused is told in its words; that there is none at the moment, as 503. */
async function told<T>(answer: Promise<T>): Promise<T> {
	try {
		return await answer;
	} catch (error) {
		if (isUnreachable(error)) throw new ApiError(503, 'ServiceUnavailable', error.message);
		if (error instanceof EngineError) throw new ApiError(500, 'InternalError', error.message);
		throw error;
	}
}

/** A process that is cut off by its engine says so like a call that is. */
function toldAtItsEnd(process: ProcessStreams): ProcessStreams {
	const exitCode = told(process.exitCode);
	exitCode.catch(() => {});
	return { ...process, exitCode };
}

/** 500: the state folder takes no more. */
function notWritten(kind: StoredKind, object: KubeObject, outcome: string, failure: unknown): ApiError {
	const why = failure instanceof Error ? failure.message : String(failure);
	const name = `${RESOURCES[kind]} "${object.metadata.name}"`;
	return new ApiError(500, 'InternalError', `${name} could not be written to disk, ${outcome}: ${why}`);
}

function served(parts: BackendParts, namespace: string, pod: string): Pod {
	const { pod: stored } = parts.workerOf(namespace, pod);
	if (stored === undefined) throw notFound('pods', pod);
	return stored;
}

function found(store: Store, kind: StoredKind, namespace: string | undefined, name: string): KubeObject {
	const object = store.get(kind, namespace, name);
	if (object === undefined) throw notFound(RESOURCES[kind] ?? kind, name);
	return object;
}
