/** `podrun create -f`: creates objects that are not there yet. */
import { ApiError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/types.ts';
import { type Io, print, say } from '../io.ts';
import { type FileOptions, loadManifests } from '../manifests.ts';
import { statusText, usage } from '../output/errors.ts';
import { withClient } from '../session.ts';
import { collectionOf, dryRunOf, outcomeLine, printWritten } from './apply.ts';

export interface CreateOptions extends FileOptions {
	readonly dryRun: string;
	readonly output?: string;
}

export async function run(io: Io, options: CreateOptions, args: readonly string[]): Promise<number> {
	const dryRun = dryRunOf(options.dryRun);
	if (args.length > 0) {
		throw usage(`Unexpected args: ${args.join(' ')}`, 'podrun creates objects from manifests only: -f FILE');
	}
	if (!options.filename?.length) {
		throw usage('must specify -f', 'e.g. podrun create -f pod.yaml');
	}
	const manifests = await loadManifests(io, options.filename, options);
	return withClient(io, async (client) => {
		let failed = false;
		const written: KubeObject[] = [];
		for (const { object, source } of manifests) {
			try {
				const stored =
					dryRun === 'client'
						? object
						: await client.request<KubeObject>('POST', collectionOf(object), {
								body: object,
								query: dryRun === 'server' ? { dryRun: 'All' } : {},
							});
				written.push(stored);
				if (options.output === undefined) {
					print(io, outcomeLine(stored, 'created', dryRun));
				}
			} catch (error) {
				if (!(error instanceof ApiError)) {
					throw error;
				}
				failed = true;
				say(io, statusText(error.status, `error when creating "${source}"`));
			}
		}
		printWritten(io, options.output, written);
		return failed ? 1 : 0;
	});
}
