/** label and annotate: keys of objects' metadata set and removed, in kubectl's words. */
import { ApiError, UserError } from '../api/errors.ts';
import type { KubeObject } from '../api/types.ts';
import { type Client, resourcePath } from '../client/client.ts';
import { type Io, print, say } from './io.ts';
import { statusText, usage } from './output/errors.ts';
import type { GlobalOptions } from './program.ts';
import { parseAsked, type Resource } from './resources.ts';
import { namespaceOf, withClient } from './session.ts';

export interface MetadataOptions extends GlobalOptions {
	readonly overwrite?: boolean;
	readonly list?: boolean;
	readonly selector?: string;
	readonly all?: boolean;
	readonly dryRun?: string;
}

export type MetadataField = 'labels' | 'annotations';

/** A value to set, or null to remove the key. */
type Changes = Readonly<Record<string, string | null>>;

const WORDS = {
	labels: { one: 'label', done: 'labeled', undone: 'unlabeled', not: 'not labeled' },
	annotations: {
		one: 'annotation',
		done: 'annotated',
		undone: 'annotated',
		not: 'annotated',
	},
} as const;

/** Splits `pod web a=b c-` into what is meant and what is to change. Throws UserError USAGE. */
export function parseChanges(args: readonly string[]): {
	readonly subjects: readonly string[];
	readonly changes: Changes;
} {
	const isChange = (arg: string) => arg.includes('=') || (arg.endsWith('-') && arg.length > 1);
	const first = args.findIndex(isChange);
	const subjects = first < 0 ? args : args.slice(0, first);
	const changes: Record<string, string | null> = {};
	for (const arg of first < 0 ? [] : args.slice(first)) {
		const equals = arg.indexOf('=');
		const key = equals < 0 ? arg.slice(0, -1) : arg.slice(0, equals);
		if (!isChange(arg) || key === '') throw usage(`"${arg}" is neither KEY=VALUE nor KEY-`);
		if (Object.hasOwn(changes, key)) throw usage(`${key} can not be changed twice at once`);
		changes[key] = equals < 0 ? null : arg.slice(equals + 1);
	}
	return { subjects, changes };
}

/**
 * The verbs label and annotate, with kubectl's words; 1 when an object could not be changed. Throws UserError USAGE.
 */
export async function changeMetadata(
	io: Io,
	field: MetadataField,
	options: MetadataOptions,
	args: readonly string[],
): Promise<number> {
	const { subjects, changes } = parseChanges(args);
	const nothing = Object.keys(changes).length === 0;
	if (nothing && !options.list) {
		throw usage(`at least one ${WORDS[field].one} update is required`, 'write KEY=VALUE, or KEY- to remove');
	}
	const asked = parseAsked(subjects);
	if (asked.every(({ names }) => names.length === 0) && !options.all && !options.selector) {
		throw usage('one or more resources must be specified as <resource> <name> or <resource>/<name>');
	}
	return withClient(io, async (client) => {
		let failed = false;
		for (const { resource, names } of asked) {
			const namespace = resource.namespaced ? namespaceOf(options) : undefined;
			for (const object of await objectsOf(client, resource, namespace, names, options)) {
				try {
					await changeOne(io, client, resource, object, field, changes, options);
				} catch (error) {
					if (!(error instanceof ApiError)) throw error;
					failed = true;
					say(io, statusText(error.status));
				}
			}
		}
		return failed ? 1 : 0;
	});
}

async function objectsOf(
	client: Client,
	resource: Resource,
	namespace: string | undefined,
	names: readonly string[],
	options: MetadataOptions,
): Promise<readonly KubeObject[]> {
	const path = resourcePath(resource.plural, namespace);
	if (names.length > 0) {
		return await Promise.all(
			names.map((name) => client.request<KubeObject>('GET', resourcePath(resource.plural, namespace, name))),
		);
	}
	const { items } = await client.list(path, options.selector ? { labelSelector: options.selector } : {});
	return items;
}

async function changeOne(
	io: Io,
	client: Client,
	resource: Resource,
	object: KubeObject,
	field: MetadataField,
	changes: Changes,
	options: MetadataOptions,
): Promise<void> {
	const present = object.metadata[field] ?? {};
	if (options.list) {
		for (const [key, value] of Object.entries(present).sort()) print(io, `${key}=${value}`);
		return;
	}
	const words = WORDS[field];
	const { name } = object.metadata;
	for (const [key, value] of Object.entries(changes)) {
		const before = present[key];
		if (value === null && before === undefined) print(io, `${words.one} "${key}" not found.`);
		if (value !== null && before !== undefined && before !== value && !options.overwrite) {
			throw new UserError('USAGE', `'${key}' already has a value (${before}), and --overwrite is false`, {
				hint: 'add --overwrite to change it',
			});
		}
	}
	const differs = Object.entries(changes).filter(([key, value]) => (present[key] ?? null) !== value);
	const dry = options.dryRun !== undefined && options.dryRun !== 'none';
	if (differs.length > 0 && options.dryRun !== 'client') {
		const { namespace } = object.metadata;
		await client.request('PATCH', resourcePath(resource.plural, namespace, name), {
			body: { metadata: { [field]: changes } },
			query: dry ? { dryRun: 'All' } : {},
			headers: { 'content-type': 'application/merge-patch+json' },
		});
	}
	const removed = Object.values(changes).every((value) => value === null);
	const word = differs.length === 0 ? words.not : removed ? words.undone : words.done;
	print(io, `${resource.singular}/${name} ${word}${dry ? ' (dry run)' : ''}`);
}
