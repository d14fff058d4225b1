/** What an image says of itself, and, where its groups matter, what its /etc/passwd and /etc/group say. */
import type { AnyContainer, Pod } from '../../api/types.ts';
import { EngineError } from '../../engine/engine.ts';
import type { ImageFacts } from '../../translate/context.ts';
import { POD_UID } from '../../translate/names.ts';
import { imageGroups, needsImageGroups, userName } from '../../translate/security.ts';
import { DeedError } from '../deed-error.ts';
import { firstFile } from '../first-file.ts';
import { ignoring } from '../ignoring.ts';
import type { PerformerParts } from './performer.ts';

const MOST = 1024 * 1024;

/**
 * What of its image a container's options depend on. Throws DeedError when the image is not there any more.
 */
export async function imageFacts(
	parts: PerformerParts,
	pod: Pod,
	container: AnyContainer,
): Promise<ImageFacts> {
	const ref = container.image ?? '';
	const image = await parts.images.find(ref);
	if (image === undefined) {
		throw new DeedError('CreateContainerError', `image "${ref}" vanished from the engine`, [
			{ type: 'Warning', reason: 'Failed', message: `Error: image "${ref}" vanished from the engine` },
		]);
	}
	const { user, entrypoint, cmd } = image;
	if (!needsImageGroups(pod, container)) return { user, entrypoint, cmd };
	const [passwd, group] = await filesOf(parts, image.id, pod.metadata.uid ?? '');
	return { user, entrypoint, cmd, groups: imageGroups(passwd, group, userName(pod, container, image)) };
}

type Files = readonly [passwd: string, group: string];

/** By image id: what an image holds does not change. */
const known = new WeakMap<PerformerParts, Map<string, Promise<Files>>>();

function filesOf(parts: PerformerParts, image: string, podUID: string): Promise<Files> {
	const files = known.get(parts) ?? new Map<string, Promise<Files>>();
	known.set(parts, files);
	const before = files.get(image);
	if (before !== undefined) return before;
	const reading = readFiles(parts, image, podUID);
	files.set(image, reading);
	reading.catch(() => files.delete(image));
	return reading;
}

/** Read through a container of it that is never started; by its label it goes with the pod at the latest. */
async function readFiles({ engine }: PerformerParts, image: string, podUID: string): Promise<Files> {
	const { id } = await engine.createContainer({
		name: `podrun-look-${image.slice(7, 19)}-${Math.random().toString(36).slice(2, 10)}`,
		image,
		labels: { [POD_UID]: podUID },
		networkMode: 'none',
		entrypoint: ['/'],
	});
	const read = async (path: string): Promise<string> => {
		try {
			return (await firstFile(await engine.getArchive(id, path), MOST)).toString();
		} catch (error) {
			if (error instanceof EngineError && error.code === 'NOT_FOUND') return '';
			throw error;
		}
	};
	try {
		return [await read('/etc/passwd'), await read('/etc/group')];
	} finally {
		await ignoring(['NOT_FOUND'], engine.removeContainer(id, { force: true }));
	}
}
