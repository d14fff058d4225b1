/**
 * A watch: batches of changed files become work on pods that run, one batch after the other, each told in a
 * line. What could not be done for want of a supervisor or an engine is tried again; what was refused is told.
 *
 *      watcher ──batch──▶ manifests changed? ──▶ validate, announce, apply
 *                    └──▶ rules ──▶ rebuild → sync → restart → exec ──▶ done, Ready again
 */
import { relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../client/client.ts';
import type { Io } from '../io.ts';
import type { FileOptions, Manifest } from '../manifests.ts';
import { keyText, type PodFeed, type PodKey } from '../up/feed.ts';
import { type Attempt, Attempts } from './attempts.ts';
import { isBelow, outermost } from './changes.ts';
import { loadConfig, type WatchConfig } from './config.ts';
import { tellDiagnostics } from './diagnostics.ts';
import { type Brought, initialSync } from './initial-sync.ts';
import { applyManifests } from './manifest-change.ts';
import { Presence } from './presence.ts';
import { podOf } from './readiness.ts';
import { restartPods } from './restart.ts';
import { type Batch, type Change, isEmpty, planBatch, planObjects } from './rules.ts';
import { mayGoOn, untilCalm } from './storm.ts';
import type { Teller } from './teller.ts';
import { KnownTree, walk } from './tree.ts';
import { type FileBatch, type Watcher, watchRoots } from './watcher.ts';
import { performBatch } from './work.ts';

export interface SessionOptions {
	readonly io: Io;
	readonly client: Client;
	readonly feed: PodFeed;
	readonly sources: readonly string[];
	readonly options: FileOptions;
	readonly teller: Teller;
	/** What `up` does to a manifest before it sends it. */
	readonly prepare?: (manifest: Manifest) => Manifest;
	/** What went to pods before they were made. */
	readonly brought?: Brought | undefined;
	/** Shown once with what is watched: keys. */
	readonly hint?: string;
}

/** ms after a batch: a last look at the disk, for changes whose events were lost. */
const LOOK_AGAIN = 1500;
/** Trees beyond this are looked at as a whole only after batches that were large themselves. */
const LARGE = 20_000;
const RETRY = 1000;

export class WatchSession {
	readonly #options: SessionOptions;
	readonly #known = new KnownTree();
	readonly #stop = new AbortController();
	readonly #attempts: Attempts;
	readonly #presence: Presence;
	#config: WatchConfig;
	#watcher: Watcher | undefined;
	#paused = false;
	#resumed = Promise.withResolvers<void>();
	/** uid by pod: another uid is another pod, which has none of the files. */
	readonly #served = new Map<string, string>();
	/** Waits for pods to be Ready again, by pod. */
	readonly #waits = new Map<string, AbortController>();

	constructor(config: WatchConfig, options: SessionOptions) {
		this.#config = config;
		this.#options = options;
		this.#attempts = new Attempts(options.teller, this.#stop.signal);
		this.#presence = new Presence(options.client, options.feed, this.#stop.signal);
	}

	get paused(): boolean {
		return this.#paused;
	}

	/** Changes wait until it goes on; none is lost. */
	pause(on: boolean): void {
		this.#paused = on;
		if (on) this.#resumed = Promise.withResolvers();
		else this.#resumed.resolve();
		this.#options.teller.tell(on ? 'paused' : 'resumed', on ? 'watch paused: w goes on' : 'watching again');
	}

	/** All containers of the pods run anew, with what was synced. What can't be done is told. */
	restart(): Promise<void> {
		return restartPods(this.#context());
	}

	/** Watches until `close`. Rejects for bugs only. */
	async run(): Promise<void> {
		const { feed, teller } = this.#options;
		const { signal } = this.#stop;
		const off = feed.onChange(() => this.#lookForNewPods());
		const { brought } = this.#options;
		let lookAgain = brought !== undefined;
		try {
			await this.#arm(brought?.tree);
			for (const [key, uid] of brought?.pods ?? []) this.#serve(key, uid);
			this.#lookForNewPods();
			const { hint } = this.#options;
			const lines = hint === undefined ? [this.#summary()] : [this.#summary(), hint];
			teller.tell('watching', lines.join('\n'), { files: this.#known.size });
			while (!signal.aborted) {
				const batch = await this.#next(lookAgain ? LOOK_AGAIN : undefined);
				while (this.#paused) await Promise.race([this.#resumed.promise, aborted(signal)]);
				lookAgain = await this.#handle(batch);
			}
		} catch (error) {
			if (!signal.aborted) throw error;
		} finally {
			off();
			await this.#watcher?.close();
		}
	}

	close(): void {
		this.#stop.abort(new Error('the watch has ended'));
	}

	/** Watches what the config names; what is there now, or was in `tree`, is the starting point. */
	async #arm(tree?: ReadonlyMap<string, string>): Promise<void> {
		await this.#watcher?.close();
		const { roots, manifestRoots } = this.#config;
		const { teller } = this.#options;
		this.#watcher = await watchRoots([...roots, ...manifestRoots], (error) =>
			teller.always('failed', `watching: ${(error as Error).message}`, { message: (error as Error).message }),
		);
		await this.#watcher.ready;
		this.#known.clear();
		this.#known.compare(tree ?? (await walk(roots)));
	}

	#summary(): string {
		const paths = this.#config.roots.map(({ path }) => relative(this.#options.io.cwd, path) || '.');
		const manifests = this.#config.manifestRoots.map(({ path }) => relative(this.#options.io.cwd, path));
		return `watching ${[...new Set([...manifests, ...paths])].join(', ')} (${this.#known.size} files and folders)`;
	}

	/** A batch; or, after `patience` ms without one, undefined. */
	async #next(patience: number | undefined): Promise<FileBatch | undefined> {
		const { signal } = this.#stop;
		const watcher = this.#watcher as Watcher;
		if (patience === undefined) return watcher.next(signal);
		const patient = new AbortController();
		const timer = setTimeout(() => patient.abort(), patience);
		try {
			return await watcher.next(AbortSignal.any([signal, patient.signal]));
		} catch (error) {
			if (signal.aborted || !patient.signal.aborted) throw error;
			return undefined;
		} finally {
			clearTimeout(timer);
		}
	}

	/** Resolves with whether the disk is worth another look. */
	async #handle(batch: FileBatch | undefined): Promise<boolean> {
		const { roots, manifestRoots } = this.#config;
		const since = batch?.since ?? Date.now();
		const paths = batch?.paths ?? [];
		if (paths.some((path) => isBelow(manifestRoots, path))) await this.#manifestsChanged(since);
		for (const key of this.#strangers()) {
			const uid = podOf(this.#options.feed, key)?.metadata.uid ?? '';
			const context = { ...this.#options, config: this.#config, signal: this.#stop.signal };
			const result = await this.#attempt(() => initialSync(context, key), []);
			if (result !== 'again') this.#serve(keyText(key), uid);
		}
		let changes = batch === undefined ? await this.#look() : [];
		if (batch !== undefined) {
			const wanted = paths.filter((path) => isBelow(roots, path));
			changes = await this.#known.changed(wanted);
			const folders = await this.#withFolders(changes);
			changes = [...changes, ...folders];
		}
		if (mayGoOn(changes))
			changes = await untilCalm(
				changes,
				() => this.#look(),
				(ms) => this.#wait(ms),
			);
		if (changes.length === 0) return false;
		const work = planBatch(this.#config.armed, outermost(changes, roots));
		if (!isEmpty(work)) await this.#attempt(() => this.#perform(work, since), changes);
		return this.#known.size < LARGE || changes.length > 100;
	}

	/** A folder that came or went stands for all in it, whatever events there were. */
	async #withFolders(changes: readonly Change[]): Promise<Change[]> {
		if (!changes.some(({ folder }) => folder)) return [];
		return this.#look();
	}

	/** What has changed on disk since the last look. */
	async #look(): Promise<Change[]> {
		return this.#known.compare(await walk(this.#config.roots));
	}

	#wait(milliseconds: number): Promise<void> {
		return delay(milliseconds, undefined, { signal: this.#stop.signal });
	}

	async #perform(work: Batch, since: number): Promise<void> {
		await performBatch({ ...this.#context(), builds: this.#config.armed.builds }, work, since);
	}

	#context() {
		const later = (pod: string, wait: (signal: AbortSignal) => Promise<void>): void => {
			this.#waits.get(pod)?.abort();
			const abort = new AbortController();
			this.#waits.set(pod, abort);
			const signal = AbortSignal.any([abort.signal, this.#stop.signal]);
			wait(signal).catch((error: unknown) => {
				if (signal.aborted) return;
				const message = error instanceof Error ? error.message : String(error);
				this.#options.teller.always('failed', `watch: ${message}`, { message });
			});
		};
		return { ...this.#options, signal: this.#stop.signal, later };
	}

	/** Runs work; what fails for want of an answer is tried again with the same changes. */
	async #attempt(work: () => Promise<void>, changes: readonly Change[]): Promise<Attempt> {
		const result = await this.#attempts.run(work);
		if (result === 'again') {
			this.#known.forget(changes);
			setTimeout(() => this.#watcher?.add(['', ...changes.map(({ path }) => path)]), RETRY).unref();
		}
		return result;
	}

	/** The pod has its files; from now on they are kept current. */
	#serve(pod: string, uid: string): void {
		this.#served.set(pod, uid);
		const key = this.#config.armed.rules.find(({ rule }) => keyText(rule.pod) === pod)?.rule.pod;
		if (key !== undefined) this.#presence.stay(key, uid);
	}

	#lookForNewPods(): void {
		if (this.#strangers().length > 0) this.#watcher?.add(['']);
	}

	#strangers(): PodKey[] {
		const { feed } = this.#options;
		return feed
			.pods()
			.filter(({ metadata }) => !metadata.deletionTimestamp)
			.map(({ metadata }) => ({ namespace: metadata.namespace ?? 'default', name: metadata.name }))
			.filter((key) => this.#served.get(keyText(key)) !== podOf(feed, key)?.metadata.uid);
	}

	async #manifestsChanged(since: number): Promise<void> {
		const { io, sources, options, teller, prepare } = this.#options;
		const { config, diagnostics } = await loadConfig(io, sources, options);
		if (diagnostics.some(({ severity }) => severity === 'error')) {
			tellDiagnostics(teller, diagnostics);
			return;
		}
		const prepared = { ...config, manifests: config.manifests.map((one) => prepare?.(one) ?? one) };
		const rulesChanged = JSON.stringify(rulesOf(config)) !== JSON.stringify(rulesOf(this.#config));
		const before = this.#config;
		this.#config = prepared;
		await this.#attempt(async () => {
			const changed = await applyManifests(this.#context(), before.manifests, prepared, since);
			const work = planObjects(prepared.armed, changed);
			if (!isEmpty(work)) await this.#perform(work, since);
		}, []);
		if (rulesChanged) {
			await this.#arm();
			this.#served.clear();
			teller.tell('watching', this.#summary(), { files: this.#known.size });
			this.#lookForNewPods();
		}
	}
}

function rulesOf({ armed }: WatchConfig): unknown {
	return [armed.rules.map(({ rule }) => rule), armed.builds.map(({ build }) => build)];
}

function aborted(signal: AbortSignal): Promise<never> {
	return new Promise((_resolve, reject) => {
		signal.addEventListener('abort', () => reject(signal.reason), { once: true });
	});
}
