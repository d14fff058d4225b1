/**
 * What the rules name, as a whole, into a pod that has none of it yet: before the pod is made wherever that can
 * be, so that its containers never run without their files; else into what runs, where what is stale goes away.
 */
import type { Client } from '../../client/client.ts';
import { keyText, type PodKey } from '../up/feed.ts';
import type { WatchConfig } from './config.ts';
import { planBatch, type SyncWork } from './rules.ts';
import type { Teller } from './teller.ts';
import { podPath, stage, type Transferred, transfer } from './transfer.ts';
import { walk } from './tree.ts';

/** What was left for pods before they were made. */
export interface Brought {
	/** The disk as it was then: what has changed since has still to go over. */
	readonly tree: ReadonlyMap<string, string>;
	/** uid by pod (keyText). */
	readonly pods: Map<string, string>;
}

export interface InitialContext {
	readonly client: Client;
	readonly config: WatchConfig;
	readonly teller: Teller;
	readonly signal?: AbortSignal;
}

/** Leaves everything for pods that are about to be made, and sees to it that they have taken it. */
export class Staging {
	readonly #context: InitialContext;
	readonly #work = new Map<string, readonly SyncWork[]>();
	readonly #pods = new Map<string, string>();
	#tree: Promise<ReadonlyMap<string, string>> | undefined;

	constructor(context: InitialContext) {
		this.#context = context;
	}

	/** Before the pod is made. Throws ApiError, UserError. */
	async leave(key: PodKey): Promise<void> {
		const { client, config, teller, signal } = this.#context;
		const since = Date.now();
		this.#tree ??= walk(config.roots);
		const work = initialWork(config, await this.#tree, key);
		this.#work.set(keyText(key), work);
		const results: Transferred[] = [];
		for (const one of work) results.push(await stage(client, one, signal));
		tell(teller, key, work, results, since);
	}

	/**
	 * After it was made, or refused: `uid` of the pod. What it did not take is left to the session. Never rejects: the
	 * pod is there by now, and its files can still come.
	 */
	async taken(key: PodKey, uid: string | undefined): Promise<void> {
		const work = this.#work.get(keyText(key));
		if (work === undefined) return;
		try {
			if (uid !== undefined && (await this.#hasAll(work))) this.#pods.set(keyText(key), uid);
			if (work.length > 0) await this.#context.client.request('DELETE', `${podPath(key)}/staged`);
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			this.#context.teller.always('failed', `initial sync of pod/${key.name}: ${message}`, { message });
		}
	}

	async #hasAll(work: readonly SyncWork[]): Promise<boolean> {
		const { client, signal } = this.#context;
		for (const one of work) {
			const kept = new Set(await keptPaths(client, one, signal));
			if (!one.writes.every(({ target }) => kept.has(target))) return false;
		}
		return true;
	}

	/** Undefined when no pod was made. */
	async brought(): Promise<Brought | undefined> {
		return this.#tree === undefined ? undefined : { tree: await this.#tree, pods: this.#pods };
	}
}

/** Everything into a pod that is there. Throws ApiError, UserError. */
export async function initialSync(context: InitialContext, key: PodKey): Promise<void> {
	const { client, config, teller, signal } = context;
	const since = Date.now();
	const work = initialWork(config, await walk(config.roots), key);
	const results: Transferred[] = [];
	for (const sync of work) {
		const kept = await keptPaths(client, sync, signal);
		const targets = new Set(sync.writes.map(({ target }) => target));
		const mine = config.armed.rules.filter(
			({ rule }) =>
				keyText(rule.pod) === keyText(key) && rule.container === sync.container && rule.initialSync,
		);
		const stale = kept.filter(
			(path) =>
				!targets.has(path) &&
				mine.some(({ rule }) => path === rule.target || path.startsWith(`${rule.target}/`)),
		);
		sync.removed.push(...stale);
		results.push(await transfer(client, sync, signal));
	}
	tell(teller, key, work, results, since);
}

function initialWork(
	{ armed }: WatchConfig,
	tree: ReadonlyMap<string, string>,
	key: PodKey,
): readonly SyncWork[] {
	const rules = armed.rules.filter(
		({ rule }) => keyText(rule.pod) === keyText(key) && rule.target !== undefined && rule.initialSync,
	);
	if (rules.length === 0) return [];
	const all = [...tree].map(([path, state]) => ({ path, gone: false, folder: state.startsWith('d') }));
	return planBatch({ ...armed, rules }, all, true).syncs;
}

async function keptPaths(client: Client, work: SyncWork, signal?: AbortSignal): Promise<readonly string[]> {
	const query = { container: work.container };
	const { paths } = await client.request<{ paths: string[] }>('GET', `${podPath(work.pod)}/sync`, {
		query,
		...(signal ? { signal } : {}),
	});
	return paths;
}

/** One line for a pod; an event for each container. */
function tell(
	teller: Teller,
	key: PodKey,
	work: readonly SyncWork[],
	results: readonly Transferred[],
	since: number,
): void {
	if (work.length === 0) return;
	const milliseconds = Date.now() - since;
	const parts = work.map(({ container }, at) => `${count(results[at]?.files ?? 0)} to ${container}`);
	const text = `initial sync of pod/${key.name}: ${parts.join(', ')}`;
	for (const [at, { container, removed }] of work.entries()) {
		teller.tell('synced', at === 0 ? text : '', {
			pod: key.name,
			container,
			files: results[at]?.files ?? 0,
			removed: removed.length,
			milliseconds,
			initial: true,
		});
	}
}

function count(files: number): string {
	return files === 1 ? '1 file' : `${files} files`;
}
