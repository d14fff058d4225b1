/** `podrun prune`: removes what this instance has on the engine though no pod owns it. Pods are never touched. */
import type { Leftover } from '../../api/checkup.ts';
import { type Io, print, say } from '../io.ts';
import { usage } from '../output/errors.ts';
import { toJson } from '../output/serialize.ts';
import { withClient } from '../session.ts';

export interface PruneOptions {
	readonly volumes?: boolean;
	readonly dryRun?: boolean;
	readonly output?: string;
}

export async function run(io: Io, options: PruneOptions): Promise<number> {
	if (options.output !== undefined && options.output !== 'json') {
		throw usage(`--output must be 'json', not "${options.output}"`);
	}
	return withClient(io, async (client) => {
		const found = await client.request<{ items: readonly Leftover[] }>('GET', '/podrun/v1/leftovers');
		const kept = found.items.filter(({ data }) => data && !options.volumes);
		const wanted = found.items.filter((item) => !kept.includes(item));
		const removed = options.dryRun
			? wanted
			: (
					await client.request<{ items: readonly Leftover[] }>('POST', '/podrun/v1/prune', {
						query: { volumes: String(options.volumes ?? false) },
					})
				).items;
		if (options.output === 'json') {
			print(io, toJson({ removed, kept }));
			return 0;
		}
		for (const { kind, name, of } of removed) {
			print(io, `${kind}/${name} ${options.dryRun ? 'would be removed' : 'removed'} (${of})`);
		}
		if (removed.length === 0) say(io, 'nothing to remove: everything on the engine has its pod');
		if (kept.length > 0) {
			say(
				io,
				`kept, they hold data of deleted claims (--volumes removes them): ${kept.map(({ name }) => name).join(', ')}`,
			);
		}
		return 0;
	});
}
