/** Files out of and into the fake engine's containers: tars and stats, with Docker's refusals. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Engine } from '../../../src/engine/engine.ts';
import type { Machine } from './machine.ts';
import { fail } from './refusal.ts';

export function getArchive(machine: Machine, id: string, path: string): Readable {
	const container = machine.find(id);
	const archive = container.view.pack(path);
	if (!archive) fail('NOT_FOUND', 404, `Could not find the file ${path} in container ${id}`);
	machine.emit(container, 'archive-path');
	return Readable.from([archive]);
}

export async function putArchive(
	machine: Machine,
	...[id, path, tar, options = {}]: Parameters<Engine['putArchive']>
): Promise<void> {
	const archive = Buffer.isBuffer(tar) ? tar : await buffer(tar);
	const container = machine.find(id);
	if (container.view.find(path) && container.view.isReadOnly(path)) {
		fail('UNKNOWN', 500, 'mounted volume is marked read-only');
	}
	const user = container.options.user || container.image.user;
	if (options.copyUidGid && user) {
		// Seen on 20.10: the engine looks the user up on the host.
		fail('UNKNOWN', 500, `getent unable to find entry "${user}" in passwd database`);
	}
	if (!container.view.unpack(path, archive)) {
		fail('NOT_FOUND', 404, `Could not find the file ${path} in container ${id}`);
	}
	machine.emit(container, 'extract-to-dir');
}

/** Of a symlink, its own; undefined when there is nothing. */
export function statPath(
	machine: Machine,
	id: string,
	path: string,
): Awaited<ReturnType<Engine['statPath']>> {
	const found = machine.find(id).view.find(path, false);
	if (!found) return undefined;
	const { type, mode, data, linkTarget } = found.file;
	const bits = { file: 0o100000, directory: 0o040000, symlink: 0o120000 }[type];
	const name = path.split('/').filter(Boolean).at(-1) ?? '/';
	return { name, size: data.length, mode: bits | mode, linkTarget };
}
