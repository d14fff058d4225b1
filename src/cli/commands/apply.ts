/** `podrun apply`: brings objects to what their manifest says, by a three-way merge with what lives. */
import { ApiError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/types.ts';
import { type Client, resourcePath } from '../../client/client.ts';
import { type Io, print, say } from '../io.ts';
import { type FileOptions, loadManifests, type Manifest } from '../manifests.ts';
import { threeWayMerge, withLastApplied, withoutOrigin } from '../merge.ts';
import { statusText, usage } from '../output/errors.ts';
import { formatData, parseFormat } from '../output/printer.ts';
import { resourceOfKind } from '../resources.ts';
import { withClient } from '../session.ts';
import { announce } from '../watch/announce.ts';

export interface ApplyOptions extends FileOptions {
	readonly dryRun: string;
	readonly output?: string;
	readonly force?: boolean;
}

export type DryRun = 'none' | 'client' | 'server';
export type Outcome = 'created' | 'configured' | 'unchanged';

export interface Applied {
	readonly outcome: Outcome;
	readonly object: KubeObject;
	/** What lived before. */
	readonly before?: KubeObject;
}

/** Reads `--dry-run`; throws UserError USAGE for another word. */
export function dryRunOf(text: string): DryRun {
	if (text === 'none' || text === 'client' || text === 'server') {
		return text;
	}
	throw usage(`Invalid dry-run value (${text}). Must be "none", "server", or "client".`);
}

export async function run(io: Io, options: ApplyOptions, args: readonly string[]): Promise<number> {
	const dryRun = dryRunOf(options.dryRun);
	if (args.length > 0) {
		throw usage(`Unexpected args: ${args.join(' ')}`);
	}
	if (!options.filename?.length) {
		throw usage('must specify -f', 'e.g. podrun apply -f pod.yaml');
	}
	const manifests = await loadManifests(io, options.filename, options);
	return withClient(io, async (client) => {
		let failed = false;
		const written: KubeObject[] = [];
		for (const manifest of manifests) {
			try {
				const applied = await applyObject(client, manifest, dryRun);
				written.push(applied.object);
				if (dryRun !== 'none' && options.output === undefined && applied.outcome === 'configured') {
					for (const line of announce(applied.before, applied.object).lines) {
						say(io, `  ${line}`);
					}
				}
				if (options.output === undefined) {
					print(io, outcomeLine(applied.object, applied.outcome, dryRun));
				}
			} catch (error) {
				if (!(error instanceof ApiError)) {
					throw error;
				}
				failed = true;
				say(io, statusText(error.status));
			}
		}
		printWritten(io, options.output, written);
		return failed ? 1 : 0;
	});
}

/** `pod/x created (dry run)` */
export function outcomeLine(object: KubeObject, outcome: string, dryRun: DryRun): string {
	const resource = resourceOfKind(object.kind)?.singular ?? object.kind.toLowerCase();
	const suffix = dryRun === 'none' ? '' : dryRun === 'client' ? ' (dry run)' : ' (server dry run)';
	return `${resource}/${object.metadata.name} ${outcome}${suffix}`;
}

/** `-o`: what was written, as data. Throws UserError USAGE for a table; nothing without `-o`. */
export function printWritten(io: Io, output: string | undefined, written: readonly KubeObject[]): void {
	if (output === undefined || written.length === 0) {
		return;
	}
	const format = parseFormat(output);
	if (format.type === 'table') {
		throw usage(`unable to match a printer suitable for the output format "${output}"`);
	}
	io.stdout.write(
		formatData(format, written, {
			single: written.length === 1,
			resourceOf: (kind) => resourceOfKind(kind)?.singular ?? kind.toLowerCase(),
		}),
	);
}

/** Path of the collection that an object belongs to. Throws UserError for a kind that podrun does not store. */
export function collectionOf(object: KubeObject): string {
	const resource = resourceOfKind(object.kind);
	if (!resource) {
		throw usage(`no matches for kind "${object.kind}" in version "${object.apiVersion}"`);
	}
	return resourcePath(resource.plural, resource.namespaced ? object.metadata.namespace : undefined);
}

/**
 * Creates the object without a look first. Undefined: there is one of its name. Throws ApiError as the server refuses
 * it, UserError for one that has no name of its own.
 */
export async function createNew(client: Client, { object }: Manifest): Promise<Applied | undefined> {
	const { collection } = placeOf(object);
	try {
		const body = withLastApplied(withoutOrigin(object));
		const stored = await client.request<KubeObject>('POST', collection, { body, repeatable: true });
		return { outcome: 'created', object: stored };
	} catch (error) {
		if (error instanceof ApiError && error.status.reason === 'AlreadyExists') return undefined;
		throw error;
	}
}

/** Creates, replaces or leaves one object. Throws ApiError as the server refuses it. `looked`: what lived a moment ago. */
export async function applyObject(
	client: Client,
	{ object }: Manifest,
	dryRun: DryRun = 'none',
	looked?: { readonly live: KubeObject | undefined },
): Promise<Applied> {
	const collection = collectionOf(object);
	const path = pathTo(object);
	const query = dryRun === 'server' ? { dryRun: 'All' } : {};
	for (let attempt = 0; ; attempt++) {
		const live = attempt === 0 && looked !== undefined ? looked.live : await livingOf(client, object);
		try {
			if (!live) {
				const body = withLastApplied(withoutOrigin(object));
				const stored =
					dryRun === 'client'
						? body
						: await client.request<KubeObject>('POST', collection, { body, query, repeatable: true });
				return { outcome: 'created', object: stored };
			}
			const merged = threeWayMerge(object, live);
			if (!merged.changed) {
				return { outcome: 'unchanged', object: live, before: live };
			}
			const stored =
				dryRun === 'client'
					? merged.object
					: await client.request<KubeObject>('PUT', path, { body: merged.object, query });
			return { outcome: 'configured', object: stored, before: live };
		} catch (error) {
			// Somebody else created or changed it in between: look again.
			const again = error instanceof ApiError && error.status.code === 409 && attempt < 3;
			if (!again) {
				throw error;
			}
		}
	}
}

function pathTo(object: KubeObject): string {
	const { name, collection } = placeOf(object);
	return `${collection}/${encodeURIComponent(name)}`;
}

/** Throws UserError for what can't be named. */
function placeOf(object: KubeObject): { readonly collection: string; readonly name: string } {
	const { name, generateName } = object.metadata;
	if (!name) {
		throw generateName
			? usage(`from ${generateName}: cannot use generate name with apply`, '`podrun create` gives it a name')
			: usage('resource name may not be empty');
	}
	return { collection: collectionOf(object), name };
}

/** The object of this kind and name as it lives, if it does. Throws UserError for a kind that podrun does not store. */
export async function livingOf(client: Client, object: KubeObject): Promise<KubeObject | undefined> {
	try {
		return await client.request<KubeObject>('GET', pathTo(object));
	} catch (error) {
		if (error instanceof ApiError && error.status.code === 404) {
			return undefined;
		}
		throw error;
	}
}
