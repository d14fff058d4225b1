/**
 * The one writer: a worker for each pod, woken by the store, by the engine's events and by the clock. It
 * adopts at start what runs already: pods from disk, their containers by label. Killing it harms nothing;
 * the next one goes on from what it finds.
 */
import type { Backend, WatchEvent } from '../api/backend.ts';
import { durationMs } from '../api/duration.ts';
import { notFound } from '../api/errors.ts';
import type { KubeObject, Pod } from '../api/types.ts';
import type { Engine, EngineEvent, EngineInfo } from '../engine/engine.ts';
import { watchEvents } from '../engine/events.ts';
import { Inventory } from '../engine/observe.ts';
import type { EventNote } from '../reconcile/action.ts';
import { INSTANCE, POD_UID } from '../translate/names.ts';
import { forbiddenSysctl } from '../translate/sysctls.ts';
import { Admissions } from './admissions.ts';
import { createBackend } from './backend.ts';
import { releaseClaims } from './claims.ts';
import { type Clock, systemClock } from './clock.ts';
import { EngineLink } from './engine-link.ts';
import { Reach } from './handlers/reach.ts';
import { Images } from './images.ts';
import type { Log } from './log.ts';
import { PodNetwork } from './network.ts';
import { nodeFacts, nodeObject } from './node.ts';
import { Observer } from './observer.ts';
import { Performer } from './perform/performer.ts';
import { FilePersistence } from './persistence.ts';
import { isOver, PodWorker } from './pod-worker.ts';
import { Prober } from './prober.ts';
import { Recorder } from './recorder.ts';
import { Registry, rfc3339 } from './registry.ts';
import { StorageWatch } from './storage-watch.ts';
import { Store } from './store.ts';
import { readStory, Story } from './story.ts';
import { PodStreams } from './streams.ts';
import { PodSync } from './sync/sync.ts';
import { PodVolumes } from './volumes.ts';

export interface SupervisorOptions {
	readonly engine: Engine;
	readonly info: EngineInfo;
	readonly instance: string;
	readonly stateFolder: string;
	readonly env: NodeJS.ProcessEnv;
	readonly log: Log;
	readonly clock?: Clock;
}

export interface Supervisor {
	readonly backend: Backend;
	/** Pods that are stored, finished ones too. */
	podCount(): number;
	/** What whoever looks at pods should know at the moment: that no engine answers. */
	notice(): string | undefined;
	/** Subscribes, lists, adopts. Resolves when every stored pod has its worker. */
	start(): Promise<void>;
	/** Ends the loops; containers run on. Resolves when all is on disk. */
	stop(): Promise<void>;
}

const RESYNC_MS = 10_000;
/** Of containers, images and networks. Execs come in numbers, those of anybody's health checks on this engine. */
const CHANGES: readonly string[] = (
	'start restart die kill oom stop pause unpause rename update destroy ' +
	'disconnect create pull tag untag delete load import prune'
).split(' ');
/** ms: the kubelet's. */
const MAX_BACKOFF = 300_000;

/** Builds the parts and reads the objects that are on disk; nothing runs before `start`. */
export async function createSupervisor(options: SupervisorOptions): Promise<Supervisor> {
	const { engine, info, instance, env, log } = options;
	const clock = options.clock ?? systemClock;
	const persistence = new FilePersistence(options.stateFolder, (path, error) =>
		log.error('state file', { path, error }),
	);
	const store = new Store(persistence, [
		...(await persistence.load()),
		...(await readStory(options.stateFolder)),
	]);
	const story = new Story(store, options.stateFolder, clock);
	const registry = new Registry(store, () => clock.now());
	const node = nodeFacts(info, env);
	const recorder = new Recorder(store, node.name);
	const inventory = new Inventory(engine, instance);
	const images = new Images(engine, info, env['PODRUN_INFRA_IMAGE'] || undefined);
	const network = new PodNetwork(engine, instance, env['PODRUN_SUBNET'] || undefined);
	const archiveOnly = env['PODRUN_VOLUMES'] === 'archive';
	const volumes = new PodVolumes({ engine, info, store, images, instance, node, log, archiveOnly });
	const sync = new PodSync({
		engine,
		inventory,
		log,
		stateFolder: options.stateFolder,
		onRefused: (pod, container, why) => {
			const message = `container "${container}" starts without its synced files: ${why}`;
			recorder.record(pod, { type: 'Warning', reason: 'SyncRefused', message }, clock.now());
		},
	});
	const reach = new Reach(engine, info, env);
	const workers = new Map<string, PodWorker>();
	const wake = (uid: string): void => workers.get(uid)?.wake();
	const link = new EngineLink({
		engine,
		clock,
		log,
		onAway: ({ why }) =>
			tellPods({ type: 'Warning', reason: 'NodeNotReady', message: `Node is not ready: ${why}` }),
		onBack: (told) => {
			if (told) tellPods({ type: 'Normal', reason: 'NodeReady', message: 'The Docker engine answers again' });
			// Another network, other images, other containers: nothing that was known before is taken for granted.
			lookAnew();
		},
	});
	const tellPods = (note: EventNote): void => {
		for (const { pod } of workers.values()) {
			if (pod !== undefined && !isOver(pod)) recorder.record(pod, note, clock.now());
		}
	};
	const prober = new Prober({
		engine,
		clock,
		reach,
		onVerdict: wake,
		onEvent: (uid, note) => {
			const pod = workers.get(uid)?.pod;
			if (pod !== undefined) recorder.record(pod, note, clock.now());
		},
		isHeld: () => link.isAway,
		onNobody: () => link.doubt(),
	});
	const storage = new StorageWatch({
		engine,
		clock,
		log,
		onExceeded: (uid, failure) => {
			const worker = workers.get(uid);
			if (worker === undefined) return;
			worker.journal.failed = failure;
			worker.wake();
		},
		isHeld: () => link.isAway,
	});
	// As a kubelet's --allowed-unsafe-sysctls: names or `kernel.msg*`, with commas between them.
	const unsafeSysctls = (env['PODRUN_ALLOWED_UNSAFE_SYSCTLS'] ?? '').split(',').filter((name) => name !== '');
	const admissions = new Admissions(store, node, clock);
	const observer = new Observer({ inventory, images, network, volumes, prober, clock, hostIP: node.ip });
	const performer = new Performer({
		engine,
		info,
		store,
		inventory,
		images,
		network,
		volumes,
		sync,
		reach,
		recorder,
		clock,
		log,
		instance,
		node,
		env,
		isLast: (uid) => [...workers.keys()].every((other) => other === uid),
	});
	const streams = new PodStreams(engine, store, inventory, clock);
	const maxBackoff = durationMs(env['PODRUN_MAX_RESTART_BACKOFF'] ?? '') ?? MAX_BACKOFF;
	const settings = { maxRestartBackoffMs: Math.min(Math.max(maxBackoff, 1000), MAX_BACKOFF) };
	const startedAt = rfc3339(clock.now());
	const abort = new AbortController();

	const serve = (pod: Pod): void => {
		const uid = pod.metadata.uid ?? '';
		if (workers.has(uid)) return;
		const worker = new PodWorker(pod, {
			store,
			observer,
			performer,
			prober,
			recorder,
			settings,
			nodeName: node.name,
			clock,
			log,
			admit: (asking) => admissions.admit(asking),
			reject: (candidate) => forbiddenSysctl(candidate, unsafeSysctls),
			storage,
			link,
			onGone: gone,
		});
		workers.set(uid, worker);
		worker.wake();
	};

	/** The pod has left the engine: its object goes, its address is free, and somebody who waits may have room. */
	const gone = (worker: PodWorker): void => {
		workers.delete(worker.uid);
		network.release(worker.uid);
		volumes.forget(worker.uid);
		sync.forget(worker.uid);
		if (worker.pod !== undefined) store.remove('Pod', worker.namespace, worker.name);
		releaseClaims(store);
		const namespace = store.get<KubeObject>('Namespace', undefined, worker.namespace);
		const terminating = (namespace?.['status'] as { phase?: string } | undefined)?.phase === 'Terminating';
		if (terminating && store.list('Pod', worker.namespace).items.length === 0) {
			store.remove('Namespace', undefined, worker.namespace);
		}
		for (const other of workers.values()) other.wake();
	};

	const onChange = (event: WatchEvent): void => {
		const { kind, metadata } = event.object;
		if (kind === 'Pod') {
			const pod = event.object as unknown as Pod;
			if (event.type === 'ADDED') serve(pod);
			else if (event.type === 'MODIFIED' && changedBeyondStatus(event)) {
				const worker = workers.get(metadata.uid ?? '');
				if (pod.metadata.generation !== (event.previous as Pod | undefined)?.metadata.generation) {
					worker?.journal.forgive('container:', 'image:', 'volumes', 'sandbox');
				}
				worker?.wake();
			}
			// A pod that finished, or asks for less, may make room for one that waits.
			if (event.type !== 'ADDED' && admissions.changed(event))
				for (const other of workers.values()) other.wake();
			return;
		}
		if (kind !== 'ConfigMap' && kind !== 'Secret' && kind !== 'PersistentVolumeClaim') return;
		if (kind === 'PersistentVolumeClaim' && event.type === 'DELETED') {
			volumes
				.removeClaim(metadata.namespace ?? 'default', metadata.name)
				.catch((error: unknown) => log.warn('volume of a claim', { claim: metadata.name, error }));
		}
		for (const worker of workers.values()) {
			if (worker.namespace !== metadata.namespace) continue;
			worker.journal.forgive('container:', 'volumes');
			worker.wake();
		}
	};

	const onEvent = (event: EngineEvent): void => {
		if (event.kind === 'image') {
			images.forget();
			if (event.action === 'delete' || event.action === 'untag') images.forgetInfra();
			for (const worker of workers.values()) worker.wake();
			return;
		}
		if (event.kind === 'network' && event.attributes['name'] === network.name) {
			if (event.action === 'destroy') network.forget();
			// Of a pause that runs on, nothing else tells that it has lost its address.
			const uid =
				event.action === 'disconnect' ? inventory.touch(event.attributes['container'] ?? '') : undefined;
			if (uid !== undefined) wake(uid);
		}
		if (event.kind !== 'container' || event.attributes[INSTANCE] !== instance) return;
		// Execs (probes, hooks) change nothing of their container; their events come in numbers.
		if (event.action.startsWith('exec_') || event.action === 'top' || event.action.startsWith('archive'))
			return;
		// Only podrun makes them, and the deed that does wakes its pod; a deed that was cut off is done again.
		if (event.action === 'create') return;
		const uid =
			event.action === 'destroy'
				? inventory.forget(event.id)
				: inventory.touch(event.id, event.attributes[POD_UID]);
		if (uid !== undefined) wake(uid);
	};

	const relist = async (all: boolean): Promise<void> => {
		for (const uid of await inventory.relist(all)) wake(uid);
	};

	/** Lists what the engine has and wakes everybody. */
	const lookAnew = (): Promise<void> => {
		images.forget();
		images.forgetInfra();
		network.forget();
		const listed = relist(true);
		listed.catch((error: unknown) => log.warn('relist', { error }));
		for (const worker of workers.values()) worker.engineIsBack();
		return listed;
	};

	const resync = (): void => {
		if (abort.signal.aborted) return;
		clock.after(RESYNC_MS, () => {
			recorder.expire(clock.now());
			store.retry();
			const listed = link.isAway ? Promise.resolve() : relist(false);
			listed.catch((error: unknown) => log.warn('resync', { error })).finally(resync);
		});
	};

	return {
		backend: createBackend({
			store,
			registry,
			streams,
			engineAddress: engine.address,
			info,
			instance,
			stateFolder: options.stateFolder,
			node: () => nodeObject(info, node, startedAt, link.absence),
			claimDeleted: (namespace, claim) => volumes.removeClaim(namespace, claim),
			restart: (namespace, name, container) => {
				const pod = store.get<Pod>('Pod', namespace, name);
				const worker = workers.get(pod?.metadata.uid ?? '');
				if (pod === undefined || worker === undefined) throw notFound('pods', name);
				worker.restart(pod, container, inventory);
				return pod;
			},
			engine,
			sync,
			workerOf: (namespace, name) => {
				const worker = workers.get(store.get<Pod>('Pod', namespace, name)?.metadata.uid ?? '');
				if (worker?.pod === undefined) throw notFound('pods', name);
				return worker;
			},
			inventory,
			images,
		}),
		podCount: () => store.list('Pod').items.length,
		notice() {
			const { absence } = link;
			if (absence === undefined) return undefined;
			const since = new Date(absence.since).toTimeString().slice(0, 8);
			return `the Docker engine at ${engine.address} has not answered since ${since}: pods are shown as they were last seen`;
		},
		async start() {
			store.onChange(onChange);
			releaseClaims(store);
			const stored = store.list<Pod>('Pod').items;
			for (const pod of stored) {
				if (pod.status?.podIP !== undefined && !pod.spec.hostNetwork)
					network.hold(pod.status.podIP, pod.metadata.uid ?? '');
			}
			await new Promise<void>((resolve, reject) => {
				// Subscribed first, then listed: nothing that happens in between is missed.
				let first = true;
				watchEvents(
					{ events: (asked, signal) => engine.events({ ...asked, actions: CHANGES }, signal) },
					[],
					onEvent,
					() => {
						link.found();
						const listed = lookAnew();
						if (first) listed.then(resolve, reject);
						first = false;
					},
					abort.signal,
					() => link.doubt(),
				).catch((error: unknown) => {
					if (!abort.signal.aborted) log.error('events', { error });
				});
			});
			await sync.clean(new Set(stored.map(({ metadata }) => metadata.uid ?? '')));
			for (const pod of stored) serve(pod);
			resync();
		},
		async stop() {
			abort.abort();
			link.end();
			for (const worker of workers.values()) worker.stop();
			await store.flush();
			await story.close();
			// The last pod may have gone while something else still held the network.
			if (store.list('Pod').items.length === 0) await network.remove().catch(() => {});
			engine.close();
		},
	};
}

/** Whether more than status, nodeName and resourceVersion differ: what the worker itself writes is no news to it. */
function changedBeyondStatus(event: WatchEvent): boolean {
	const strip = (object: KubeObject | undefined): string =>
		JSON.stringify({
			...object,
			status: customConditions(object),
			spec: { ...(object?.['spec'] as object), nodeName: undefined },
			metadata: { ...object?.metadata, resourceVersion: undefined },
		});
	return strip(event.object) !== strip(event.previous);
}

/** Conditions of readiness gates are set by others and must wake the worker. */
function customConditions(object: KubeObject | undefined): unknown {
	const pod = object as unknown as Pod | undefined;
	const gates = new Set((pod?.spec.readinessGates ?? []).map(({ conditionType }) => conditionType));
	return (pod?.status?.conditions ?? []).filter(({ type }) => gates.has(type));
}
