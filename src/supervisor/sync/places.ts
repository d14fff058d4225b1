/**
 * Where a path of a container really lies: in its own root filesystem, which every attempt begins anew, or in
 * a volume, which outlives attempts and which the pause mounts writable at /volumes/<name>, whatever the
 * container itself may do with it.
 */
import type { AnyContainer, Pod } from '../../api/types.ts';
import { VOLUMES_PATH } from '../../translate/volumes.ts';

export type Place =
	| { readonly type: 'root'; readonly path: string }
	/** `path`: absolute, as the pause has it. */
	| { readonly type: 'volume'; readonly volume: string; readonly path: string }
	/** Its contents are podrun's. */
	| { readonly type: 'refused'; readonly reason: string };

const WRITTEN_BY_PODRUN = ['configMap', 'secret', 'projected', 'downwardAPI', 'image'] as const;

/** The deepest mount that holds the path decides. */
export function placeOf(pod: Pod, container: AnyContainer, path: string): Place {
	const mounts = (container.volumeMounts ?? []).map((mount) => ({
		...mount,
		at: `/${mount.mountPath.replace(/^\/+|\/+$/g, '')}`,
	}));
	const holding = mounts
		.filter(({ at }) => path === at || path.startsWith(`${at}/`))
		.sort((a, b) => b.at.length - a.at.length)[0];
	if (holding === undefined) return { type: 'root', path };
	const volume = pod.spec.volumes?.find(({ name }) => name === holding.name);
	const kind = WRITTEN_BY_PODRUN.find((name) => volume?.[name] !== undefined);
	if (kind !== undefined) {
		const reason = `${path} lies in volume "${holding.name}", whose contents come from its ${kind}`;
		return { type: 'refused', reason };
	}
	if (holding.subPathExpr) {
		return {
			type: 'refused',
			reason: `${path} lies in a mount with subPathExpr, which can't be synced into`,
		};
	}
	const below = [holding.subPath, path.slice(holding.at.length + 1)].filter(Boolean).join('/');
	const path_ = `${VOLUMES_PATH}/${holding.name}${below === '' ? '' : `/${below}`}`;
	return { type: 'volume', volume: holding.name, path: path_ };
}
