/** What an image says of itself, and, where its groups matter, what its /etc/passwd and /etc/group say. */
import type { AnyContainer, Pod } from '../../api/types.ts';
import type { ImageFacts } from '../../translate/context.ts';
import { imageGroups, needsImageGroups, userName } from '../../translate/security.ts';
import { DeedError } from '../deed-error.ts';
import { firstFile } from '../first-file.ts';
import type { PerformerParts } from './performer.ts';

const MOST = 1024 * 1024;

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
	const [passwd, group] = await filesOf(parts, image.id);
	return { user, entrypoint, cmd, groups: imageGroups(passwd, group, userName(pod, container, image)) };
}

/** Read through a container of it that is never started. */
async function filesOf(parts: PerformerParts, image: string): Promise<readonly [string, string]> {
	const { engine, instance } = parts;
	const { id } = await engine.createContainer({
		name: `podrun-look-${image.slice(7, 19)}-${Math.random().toString(36).slice(2, 10)}`,
		image,
		labels: { 'podrun.dev/look': instance },
		networkMode: 'none',
		entrypoint: ['/'],
	});
	const read = async (path: string): Promise<string> => {
		try {
			return (await firstFile(await engine.getArchive(id, path), MOST)).toString();
		} catch {
			return '';
		}
	};
	try {
		return [await read('/etc/passwd'), await read('/etc/group')];
	} finally {
		await engine.removeContainer(id, { force: true });
	}
}
