/** What `up --watch` and `watch` share: a session beside logs, its keys, and its end. */
import type { Client } from '../../client/client.ts';
import { formatDiagnostic } from '../../manifest/diagnostic.ts';
import type { Io } from '../io.ts';
import { say } from '../io.ts';
import type { FileOptions, Manifest } from '../manifests.ts';
import { ExitError } from '../output/errors.ts';
import type { PodFeed } from '../up/feed.ts';
import { loadConfig, type WatchConfig } from './config.ts';
import type { Brought } from './initial-sync.ts';
import { Gate, KEYS, listenForKeys } from './keys.ts';
import { WatchSession } from './session.ts';
import type { Teller } from './teller.ts';
import { podPath } from './transfer.ts';
import { rebuild } from './work.ts';

export interface WatchStart {
	readonly io: Io;
	readonly client: Client;
	readonly feed: PodFeed;
	readonly sources: readonly string[];
	readonly options: FileOptions;
	readonly teller: Teller;
	readonly config: WatchConfig;
	readonly prepare?: (manifest: Manifest) => Manifest;
	/** What went to pods before they were made. */
	readonly brought?: Brought | undefined;
	readonly quit: () => void;
}

export interface RunningWatch {
	/** The io for logs, which the key l shuts. */
	readonly io: Io;
	/** Rejects for bugs of the session; never resolves before `close`. */
	readonly ended: Promise<void>;
	close(): Promise<void>;
}

/** Loads manifests with their rules and tells what is wrong with them. Throws ExitError then. */
export async function loadWatched(
	io: Io,
	sources: readonly string[],
	options: FileOptions,
): Promise<WatchConfig> {
	const { config, diagnostics } = await loadConfig(io, sources, options);
	for (const diagnostic of diagnostics) say(io, formatDiagnostic(diagnostic));
	if (diagnostics.some(({ severity }) => severity === 'error')) throw new ExitError(1);
	return config;
}

/** Builds the images of podrun.dev/build that are to be built at the start, one after the other. False: one has failed and was told. */
export async function buildAll(
	io: Io,
	client: Client,
	config: WatchConfig,
	teller: Teller,
): Promise<boolean> {
	const abort = new AbortController();
	const off = io.onSignal(['SIGINT', 'SIGTERM'], (signal) => abort.abort(new Error(signal)));
	try {
		for (const { build } of config.armed.builds) {
			if (!build.initialBuild && (await isThere(client, build.image))) continue;
			if (!(await rebuild({ client, teller, signal: abort.signal }, build, Date.now()))) return false;
		}
		return true;
	} finally {
		off();
	}
}

async function isThere(client: Client, image: string): Promise<boolean> {
	const { id } = await client.request<{ id?: string }>('GET', '/podrun/v1/image', { query: { image } });
	return id !== undefined;
}

/** After the pods were applied: those that ran before get what was built. */
export async function replaceBuilt(client: Client, config: WatchConfig): Promise<void> {
	for (const { build } of config.armed.builds) {
		await client.request('POST', `${podPath(build.pod)}/image`, { query: { image: build.image } });
	}
}

export function startWatch(start: WatchStart): RunningWatch {
	const { io, config } = start;
	const gate = new Gate(io.stdout);
	const session = new WatchSession(config, { ...start, ...(io.stdin.isTTY ? { hint: KEYS } : {}) });
	const ended = session.run();
	const off = listenForKeys(io, {
		restart: () => void session.restart(),
		pause: () => session.pause(!session.paused),
		logs: () => {
			gate.open = !gate.open;
			start.teller.tell('changed', gate.open ? 'logs are shown again' : 'logs are hidden: l shows them');
		},
		quit: start.quit,
	});
	return {
		io: { ...io, stdout: gate.output },
		ended,
		async close() {
			off();
			session.close();
			await ended;
		},
	};
}
