/** `podrun ps`: the pods at a glance, one row a container. */
import type { KubeObject, Pod } from '../../api/types.ts';
import { resourcePath } from '../../client/client.ts';
import { findSupervisor } from '../../client/connect.ts';
import { type Io, print, say } from '../io.ts';
import { usage } from '../output/errors.ts';
import { processRows } from '../output/ps-rows.ts';
import { toJson, toYaml } from '../output/serialize.ts';
import { table } from '../output/table.ts';
import type { GlobalOptions } from '../program.ts';
import { podName } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';

export interface PsOptions extends GlobalOptions {
	readonly allNamespaces?: boolean;
	readonly selector?: string;
	readonly output?: string;
	readonly quiet?: boolean;
	readonly engine?: boolean;
}

export async function run(io: Io, options: PsOptions, args: readonly string[]): Promise<number> {
	if (options.output !== undefined && options.output !== 'json' && options.output !== 'yaml') {
		throw usage(`--output must be 'yaml' or 'json', not "${options.output}"`);
	}
	const names = args.map(podName);
	return withClient(io, async (client) => {
		const namespace = options.allNamespaces ? undefined : namespaceOf(options);
		const list = await client.list<KubeObject>(resourcePath('pods', namespace), {
			labelSelector: options.selector,
		});
		const pods = list.items.filter(
			({ metadata }) => names.length === 0 || names.includes(metadata.name),
		) as unknown as Pod[];
		for (const name of names) {
			if (!pods.some(({ metadata }) => metadata.name === name)) {
				// The same words and exit code as for any missing pod.
				await client.request('GET', resourcePath('pods', namespaceOf(options), name));
			}
		}
		if (options.engine) {
			const info = await findSupervisor({ env: io.env });
			say(io, `engine: ${info?.engine.address ?? 'unknown'} (Docker ${info?.engine.version ?? '?'})`);
		}
		if (options.output) {
			const data = { apiVersion: 'v1', kind: 'PodList', metadata: {}, items: pods };
			print(io, options.output === 'yaml' ? toYaml(data) : toJson(data));
			return 0;
		}
		if (options.quiet) {
			for (const { metadata } of pods) {
				print(io, metadata.name);
			}
			return 0;
		}
		if (pods.length === 0) {
			say(io, options.allNamespaces ? 'no pods' : `no pods in namespace ${namespaceOf(options)}`);
			return 0;
		}
		const { headers, rows } = processRows(pods, {
			now: Date.now(),
			namespaces: Boolean(options.allNamespaces),
		});
		for (const line of table(headers, rows)) {
			print(io, line);
		}
		return 0;
	});
}
