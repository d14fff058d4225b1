/** Files out of and into containers through the Docker Engine API: tars, and what is told of one path. */
import type { Engine } from '../engine.ts';
import * as shapes from '../shapes.ts';
import type { Transport } from '../transport.ts';
import { containerPath, isCode } from './requests.ts';

/** See `Engine` for each. */
export function archiveVerbs(transport: Transport): Pick<Engine, 'getArchive' | 'putArchive' | 'statPath'> {
	return {
		getArchive: (id, path) =>
			transport.stream({ method: 'GET', path: containerPath(id, '/archive'), query: { path } }),

		async putArchive(id, path, tar, options = {}) {
			await transport.json({
				method: 'PUT',
				path: containerPath(id, '/archive'),
				query: {
					path,
					copyUIDGID: options.copyUidGid ? true : undefined,
					noOverwriteDirNonDir: options.noOverwriteDirNonDir ? true : undefined,
				},
				file: tar,
				idempotent: Buffer.isBuffer(tar),
			});
		},

		async statPath(id, path) {
			try {
				const answer = await transport.stream({
					method: 'HEAD',
					path: containerPath(id, '/archive'),
					query: { path },
				});
				answer.resume();
				const header = answer.headers['x-docker-container-path-stat'];
				return typeof header === 'string' ? shapes.toPathStat(header) : undefined;
			} catch (error) {
				if (!isCode(error, 'NOT_FOUND')) throw error;
				// An answer to HEAD has no body, so a missing path and a missing container look alike.
				await transport.json({ method: 'GET', path: containerPath(id, '/json') });
				return undefined;
			}
		},
	};
}
