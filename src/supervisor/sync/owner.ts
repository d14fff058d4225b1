/**
 * Whose the synced files are: the user that the container runs as, so that a process without root may read,
 * change and remove them. Names of an image's USER are looked up in the container's own /etc/passwd and
 * /etc/group: on the host they mean somebody else.
 */
import type { AnyContainer, Pod } from '../../api/types.ts';
import type { Engine } from '../../engine/engine.ts';
import { firstFile } from '../first-file.ts';

export interface Owner {
	readonly uid: number;
	readonly gid: number;
}

const MOST = 1024 * 1024;

/** Spec first, else the image's USER. A name that the container does not know counts as root. */
export async function ownerOf(
	engine: Engine,
	pod: Pod,
	container: AnyContainer,
	engineContainer: { readonly id: string; readonly imageID: string },
): Promise<Owner> {
	const own = container.securityContext;
	const shared = pod.spec.securityContext;
	const uid = own?.runAsUser ?? shared?.runAsUser;
	const gid = own?.runAsGroup ?? shared?.runAsGroup;
	if (uid !== undefined && gid !== undefined) return { uid, gid };
	if (uid === 0) return { uid: 0, gid: gid ?? 0 };
	const image =
		uid === undefined ? ((await engine.inspectImage(engineContainer.imageID))?.user ?? '') : String(uid);
	if (image === '' || image === '0' || image === 'root') return { uid: 0, gid: gid ?? 0 };
	const [user = '', group] = image.split(':');
	const passwd = await lines(engine, engineContainer.id, '/etc/passwd');
	const found = passwd.find((fields) => fields[0] === user || fields[2] === user);
	const number = /^\d+$/.test(user) ? Number(user) : Number(found?.[2] ?? 0);
	if (gid !== undefined) return { uid: number, gid };
	if (group === undefined) return { uid: number, gid: Number(found?.[3] ?? 0) };
	if (/^\d+$/.test(group)) return { uid: number, gid: Number(group) };
	const groups = await lines(engine, engineContainer.id, '/etc/group');
	return { uid: number, gid: Number(groups.find((fields) => fields[0] === group)?.[2] ?? 0) };
}

async function lines(engine: Engine, id: string, path: string): Promise<string[][]> {
	const text = await engine
		.getArchive(id, path)
		.then((archive) => firstFile(archive, MOST))
		.catch(() => Buffer.alloc(0));
	return text
		.toString('utf8')
		.split('\n')
		.map((line) => line.split(':'));
}
