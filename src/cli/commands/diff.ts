/**
 * `podrun diff -f`: what `apply` would change, as a unified diff of the objects, and what that would do to what
 * runs. Exit code 0: nothing, 1: something, more: it could not be told.
 */
import { stringify } from 'yaml';
import type { KubeObject } from '../../api/types.ts';
import { type Io, say } from '../io.ts';
import { type FileOptions, loadManifests } from '../manifests.ts';
import { LAST_APPLIED } from '../merge.ts';
import { usage } from '../output/errors.ts';
import { sorted } from '../output/serialize.ts';
import { unifiedDiff } from '../output/unified-diff.ts';
import { withClient } from '../session.ts';
import { announce } from '../watch/announce.ts';
import { applyObject } from './apply.ts';

export async function run(io: Io, options: FileOptions, args: readonly string[]): Promise<number> {
	if (args.length > 0 || !options.filename?.length)
		throw usage('must specify -f', 'e.g. podrun diff -f pod.yaml');
	const manifests = await loadManifests(io, options.filename, options);
	return withClient(io, async (client) => {
		let differs = false;
		for (const manifest of manifests) {
			const { outcome, object, before } = await applyObject(client, manifest, 'server');
			if (outcome === 'unchanged') continue;
			const name = `${object.apiVersion}.${object.kind}.${object.metadata.namespace ?? ''}.${object.metadata.name}`;
			const text = unifiedDiff(
				`live/${name}`,
				`merged/${name}`,
				before ? shown(before) : '',
				shown(object, before),
			);
			if (text === '') continue;
			differs = true;
			io.stdout.write(text);
			for (const line of announce(before, object).lines) say(io, line);
		}
		return differs ? 1 : 0;
	});
}

/** As YAML, without what every write changes; of a Secret no value is shown, only that it differs. */
function shown(object: KubeObject, before?: KubeObject): string {
	const { status: _, metadata, ...rest } = object;
	const { managedFields: __, resourceVersion: ___, generation: ____, ...meta } = metadata;
	const { [LAST_APPLIED]: _____, ...annotations } = metadata.annotations ?? {};
	const kept = {
		...rest,
		metadata: {
			...meta,
			...(Object.keys(annotations).length > 0 ? { annotations } : { annotations: undefined }),
		},
	};
	if (object.kind === 'Secret') Object.assign(kept, { data: masked(object.data, before?.data) });
	return stringify(sorted(kept), { lineWidth: 0 });
}

/** Lengths alone would hide a value that changed and kept its length. */
function masked(data: unknown, before: unknown = data): Record<string, string> {
	const old = (before ?? {}) as Record<string, string>;
	return Object.fromEntries(
		Object.entries((data ?? {}) as Record<string, string>).map(([key, value]) => {
			const changed = old[key] === value ? '' : ', changed';
			return [key, `*** (${Buffer.from(value, 'base64').length} bytes${changed})`];
		}),
	);
}
