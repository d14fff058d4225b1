/**
 * Planned mounts made real. Most are the engine's own; a subPath on an engine that has none, and the pod's own
 * files, become binds of the place where the engine keeps the volume. A subPath is walked step by step: a
 * symbolic link in it may not lead out of the volume, and what is missing is made.
 */
import { realpath } from 'node:fs/promises';
import type { AnyContainer } from '../../api/types.ts';
import { ConfigError } from '../../translate/errors.ts';
import {
	bindMount,
	engineMount,
	isEngineImage,
	type PlannedMount,
	plannedMounts,
} from '../../translate/mounts.ts';
import type { MountOption } from '../../translate/options.ts';
import type { Deed, PerformerParts } from './performer.ts';
import type { Pins } from './pins.ts';
import { ensureSubPath } from './sub-path.ts';

type Context = Parameters<typeof plannedMounts>[2];

/** The engine's mounts of a container; subPaths are resolved, and made where they are missing. */
export async function realMounts(
	parts: PerformerParts,
	deed: Deed,
	container: AnyContainer,
	context: Context,
	pins: Pins,
): Promise<MountOption[]> {
	const planned = plannedMounts(deed.pod, container, context);
	const made = await Promise.allSettled(
		planned.map((mount) => realMount(parts, deed, container, mount, pins)),
	);
	// Only when none is under way any more can what was pinned be undone.
	const failed = made.find((one) => one.status === 'rejected');
	if (failed !== undefined) throw failed.reason;
	return made.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

async function realMount(
	parts: PerformerParts,
	deed: Deed,
	container: AnyContainer,
	mount: PlannedMount,
	pins: Pins,
): Promise<MountOption> {
	const { info, volumes } = parts;
	if (mount.kind === 'image' && !isEngineImage(mount, info.apiVersion)) {
		await volumes.fillImageVolume(deed.pod, deed.observed.podIP, mount.volume);
	}
	let subPath: string | undefined;
	let pinned: MountOption | undefined;
	if ('subPath' in mount && mount.subPath !== undefined) {
		try {
			subPath = await ensureSubPath(parts, deed, mount);
			if (engineMount({ ...mount, subPath } as PlannedMount, info.apiVersion) === undefined) {
				const root =
					mount.kind === 'hostPath' ? await realpath(mount.path) : await mountpointOf(parts, mount.source);
				pinned = await pins.mount(mount, root, subPath);
			}
		} catch (error) {
			const why = error instanceof Error ? error.message : String(error);
			throw new ConfigError(
				'CreateContainerConfigError',
				`failed to prepare subPath for volumeMount "${mount.volume}" of container "${container.name}": ${why}`,
			);
		}
	}
	if (pinned !== undefined) return pinned;
	const resolved = subPath === undefined ? mount : ({ ...mount, subPath } as PlannedMount);
	const own = engineMount(resolved, info.apiVersion);
	if (own !== undefined) return own;
	if (mount.kind === 'hostPath') return bindMount(mount, `${mount.path.replace(/\/+$/, '')}/${subPath}`);
	const mountpoint = await mountpointOf(parts, mount.source);
	const inside = mount.kind === 'terminationMessage' || mount.kind === 'podFile' ? mount.file : subPath;
	return bindMount(mount, `${mountpoint}/${inside ?? ''}`);
}

async function mountpointOf({ volumes }: PerformerParts, source: string): Promise<string> {
	const mountpoint = await volumes.writer.mountpoint(source);
	if (mountpoint === undefined) throw new Error(`volume ${source} vanished from the engine`);
	return mountpoint;
}
