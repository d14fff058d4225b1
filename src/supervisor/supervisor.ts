/**
 * The one writer: a worker for each pod, woken by the store, by the engine's events and by the clock. It
 * adopts at start what runs already: pods from disk, their containers by label. Killing it harms nothing;
 * the next one goes on from what it finds.
 */
import type { Backend } from '../api/backend.ts';
import type { Pod } from '../api/types.ts';
import type { Engine, EngineInfo } from '../engine/engine.ts';
import { Inventory } from '../engine/observe.ts';
import type { EventNote } from '../reconcile/action.ts';
import { forbiddenSysctl } from '../translate/sysctls.ts';
import { Admissions } from './admissions.ts';
import { createBackend } from './backend.ts';
import { releaseClaims } from './claims.ts';
import { type Clock, systemClock } from './clock.ts';
import { EngineLink } from './engine-link.ts';
import { EngineWatch } from './engine-watch.ts';
import { Reach } from './handlers/reach.ts';
import { Images } from './images.ts';
import type { Log } from './log.ts';
import { neighboursOf } from './neighbours.ts';
import { PodNetwork } from './network.ts';
import { nodeFacts, nodeObject } from './node.ts';
import { onObjectChange } from './object-changes.ts';
import { Observer } from './observer.ts';
import { Performer } from './perform/performer.ts';
import { FilePersistence } from './persistence.ts';
import { isOver, PodWorker } from './pod-worker.ts';
import { Prober } from './prober.ts';
import { Recorder } from './recorder.ts';
import { Registry, rfc3339 } from './registry.ts';
import { readSettings } from './settings.ts';
import { StorageWatch } from './storage-watch.ts';
import { Store } from './store.ts';
import { readStory, Story } from './story.ts';
import { PodStreams } from './streams.ts';
import { PodSync } from './sync/sync.ts';
import { PodVolumes } from './volumes.ts';
import { Workers } from './workers.ts';

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

/** How often the list of containers is compared, whatever the events told. */
const RESYNC_MS = 10_000;

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
	const recorder = new Recorder(store, node.name, clock);
	const inventory = new Inventory(engine, instance);
	const settings = readSettings(env);
	const images = new Images(engine, info, settings.infraImage);
	const network = new PodNetwork(engine, instance, settings.subnet);
	const { archiveOnly } = settings;
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
	const workers = new Workers({
		store,
		make: (pod, onGone) =>
			new PodWorker(pod, {
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
				reject: (candidate) => forbiddenSysctl(candidate, settings.unsafeSysctls),
				storage,
				link,
				onGone,
			}),
		onGone: (uid) => {
			network.release(uid);
			volumes.forget(uid);
			sync.forget(uid);
		},
	});
	const link = new EngineLink({
		engine,
		clock,
		log,
		onAway: ({ why }) =>
			tellPods({ type: 'Warning', reason: 'NodeNotReady', message: `Node is not ready: ${why}` }),
		onBack: (told) => {
			if (told) tellPods({ type: 'Normal', reason: 'NodeReady', message: 'The Docker engine answers again' });
			for (const worker of workers.all()) worker.engineIsBack();
		},
		onFound: () => watch.lookAnew(),
		onSilenceOver: () => watch.reconnect(),
	});
	const tellPods = (note: EventNote): void => {
		for (const { pod } of workers.all()) {
			if (pod !== undefined && !isOver(pod)) recorder.record(pod, note, clock.now());
		}
	};
	const prober = new Prober({
		engine,
		clock,
		reach,
		onVerdict: (uid) => workers.wake(uid),
		onEvent: (uid, note) => {
			const pod = workers.get(uid)?.pod;
			if (pod !== undefined) recorder.record(pod, note, clock.now());
		},
		isHeld: () => link.isAway,
		onNobody: () => link.doubt(),
		answers: () => link.answers(),
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
		neighbours: () => neighboursOf(options.stateFolder),
		isLast: (uid) => workers.isLast(uid),
	});
	const streams = new PodStreams(engine, store, inventory, clock);
	const watch = new EngineWatch({ engine, instance, inventory, images, network, workers, link, log });
	const startedAt = rfc3339(clock.now());
	const abort = new AbortController();

	const resync = (): void => {
		if (abort.signal.aborted) return;
		clock.after(RESYNC_MS, () => {
			recorder.expire(clock.now());
			store.retry();
			const listed = link.isAway ? Promise.resolve() : watch.relist(false);
			listed.catch((error: unknown) => log.warn('resync', { error })).finally(resync);
		});
	};

	return {
		backend: createBackend({
			store,
			registry,
			streams,
			info,
			instance,
			stateFolder: options.stateFolder,
			node: () => nodeObject(info, node, startedAt, link.absence),
			claimDeleted: (namespace, claim) => volumes.removeClaim(namespace, claim),
			engine,
			env,
			sync,
			link,
			workerOf: (namespace, name) => workers.find(namespace, name),
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
			store.onChange((event) => onObjectChange({ workers, admissions, volumes, log }, event));
			releaseClaims(store);
			const stored = store.list<Pod>('Pod').items;
			for (const pod of stored) {
				if (pod.status?.podIP !== undefined && !pod.spec.hostNetwork)
					network.hold(pod.status.podIP, pod.metadata.uid ?? '');
			}
			await watch.start(abort.signal);
			await sync.clean(new Set(stored.map(({ metadata }) => metadata.uid ?? '')));
			for (const pod of stored) workers.serve(pod);
			link.begin();
			resync();
		},
		async stop() {
			abort.abort();
			link.end();
			for (const worker of workers.all()) worker.stop();
			await store.flush();
			await story.close();
			// The last pod may have gone while something else still held the network.
			if (store.list('Pod').items.length === 0) await network.remove().catch(() => {});
			engine.close();
		},
	};
}
