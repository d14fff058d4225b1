/**
 * `podrun watch`: attaches to pods that run already, brings them to what the manifest says and keeps them so,
 * file by file. The pods go on when it ends.
 */
import type { Pod } from '../../api/types.ts';
import { type Io, say } from '../io.ts';
import { type FileOptions, sourcesOf } from '../manifests.ts';
import { usage } from '../output/errors.ts';
import { withClient } from '../session.ts';
import { PodFeed } from '../up/feed.ts';
import { LogFollower } from '../up/log-follower.ts';
import { buildAll, loadWatched, replaceBuilt, startWatch } from '../watch/start.ts';
import { Teller } from '../watch/teller.ts';
import { applyObject, outcomeLine } from './apply.ts';

export interface WatchOptions extends FileOptions {
	readonly progress: string;
	readonly logs?: boolean;
}

export async function run(io: Io, options: WatchOptions, args: readonly string[]): Promise<number> {
	if (args.length > 0) throw usage(`watch takes no arguments: ${args.join(' ')}`, 'name manifests with -f');
	const sources = sourcesOf(io, options, 'watch');
	const config = await loadWatched(io, sources, options);
	const keys = config.manifests
		.filter(({ object }) => object.kind === 'Pod')
		.map(({ object: { metadata } }) => ({ namespace: metadata.namespace ?? 'default', name: metadata.name }));
	return withClient(io, async (client) => {
		const feed = new PodFeed(client, keys);
		const stop = Promise.withResolvers<void>();
		const off = io.onSignal(['SIGINT', 'SIGTERM'], () => stop.resolve());
		const teller = new Teller(io, options.progress);
		let follower: LogFollower | undefined;
		try {
			await feed.start();
			const missing = keys.filter((key) => !feed.pods().some((pod) => isPod(pod, key)));
			if (missing.length > 0) {
				say(io, `error: ${missing.map(({ name }) => `pod/${name}`).join(', ')} does not run`);
				say(io, '  podrun up --watch starts it and watches');
				return 1;
			}
			if (!(await buildAll(io, client, config, teller))) return 1;
			for (const manifest of config.manifests) {
				const { outcome } = await applyObject(client, manifest);
				if (outcome !== 'unchanged') teller.tell('applied', outcomeLine(manifest.object, outcome, 'none'));
			}
			await replaceBuilt(client, config);
			const quit = () => stop.resolve();
			const watch = startWatch({ io, client, feed, sources, options, teller, config, quit });
			if (options.logs)
				follower = new LogFollower(watch.io, client, feed, { prefix: true, timestamps: false });
			try {
				await Promise.race([stop.promise, watch.ended]);
			} finally {
				await watch.close();
			}
			return 0;
		} finally {
			follower?.close();
			feed.close();
			off();
		}
	});
}

function isPod(pod: Pod, key: { readonly namespace: string; readonly name: string }): boolean {
	return pod.metadata.name === key.name && pod.metadata.namespace === key.namespace;
}
