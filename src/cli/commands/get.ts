/** `podrun get`: objects as tables or data, once or followed. */
import { ApiError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/types.ts';
import { type Client, resourcePath } from '../../client/client.ts';
import { type Io, print, say } from '../io.ts';
import { statusText, usage } from '../output/errors.ts';
import { type Format, formatData, objectTable, parseFormat, sheet, sortBy } from '../output/printer.ts';
import { toJson, toYaml } from '../output/serialize.ts';
import { table, widthsOf } from '../output/table.ts';
import type { GlobalOptions } from '../program.ts';
import { type Asked, findResource, parseAsked, type Resource, resourceOfKind } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';

export interface GetOptions extends GlobalOptions {
	readonly output?: string;
	readonly watch?: boolean;
	readonly watchOnly?: boolean;
	readonly outputWatchEvents?: boolean;
	readonly selector?: string;
	readonly fieldSelector?: string;
	readonly allNamespaces?: boolean;
	readonly sortBy?: string;
	readonly showLabels?: boolean;
	readonly labelColumns?: string;
	readonly headers?: boolean;
	readonly ignoreNotFound?: boolean;
}

interface Found {
	readonly resource: Resource;
	readonly items: readonly KubeObject[];
}

export async function run(io: Io, options: GetOptions, args: readonly string[]): Promise<number> {
	const asked = parseAsked(args);
	const format = parseFormat(options.output);
	const named = asked.some(({ names }) => names.length > 0);
	if (named && options.allNamespaces) {
		throw usage('a resource cannot be retrieved by name across all namespaces');
	}
	if (named && (options.selector || options.fieldSelector)) {
		throw usage('name cannot be provided when a selector is specified');
	}
	return withClient(io, async (client) => {
		if (options.watch || options.watchOnly) {
			return follow(io, client, asked, options, format);
		}
		return once(io, client, asked, options, format);
	});
}

function scopeOf(resource: Resource, options: GetOptions): string | undefined {
	return resource.namespaced && !options.allNamespaces ? namespaceOf(options) : undefined;
}

function selectors(options: GetOptions): { labelSelector?: string; fieldSelector?: string } {
	return {
		...(options.selector ? { labelSelector: options.selector } : {}),
		...(options.fieldSelector ? { fieldSelector: options.fieldSelector } : {}),
	};
}

/** Objects of a list carry no kind of their own; a program that reads one wants it. */
function typed(item: KubeObject, resource: Resource): KubeObject {
	return { ...item, apiVersion: item.apiVersion ?? 'v1', kind: item.kind ?? resource.kind };
}

/** The order of event lists is that of time, as kubectl sorts nothing but has them by name of time. */
async function fetchAll(
	client: Client,
	asked: readonly Asked[],
	options: GetOptions,
	missing: (error: ApiError) => void,
): Promise<Found[]> {
	const found: Found[] = [];
	for (const { resource, names } of asked) {
		const namespace = scopeOf(resource, options);
		const items: KubeObject[] = [];
		if (names.length === 0) {
			const list = await client.list(resourcePath(resource.plural, namespace), selectors(options));
			items.push(...list.items.map((item) => typed(item, resource)));
		}
		for (const name of names) {
			try {
				items.push(await client.request('GET', resourcePath(resource.plural, namespace, name)));
			} catch (error) {
				if (!(error instanceof ApiError)) {
					throw error;
				}
				if (!(options.ignoreNotFound && error.status.code === 404)) {
					missing(error);
				}
			}
		}
		found.push({ resource, items: options.sortBy ? sortBy(items, options.sortBy) : items });
	}
	return found;
}

async function once(
	io: Io,
	client: Client,
	asked: readonly Asked[],
	options: GetOptions,
	format: Format,
): Promise<number> {
	const errors: ApiError[] = [];
	const found = await fetchAll(client, asked, options, (error) => errors.push(error));
	const items = found.flatMap((each) => each.items);
	if (format.type !== 'table') {
		const single = asked.length === 1 && asked[0]?.names.length === 1;
		const nothing = items.length === 0 && (errors.length > 0 || single);
		if (!nothing) {
			io.stdout.write(
				formatData(format, items, {
					single,
					headers: options.headers !== false,
					resourceOf: (kind) => resourceOfKind(kind)?.singular ?? kind.toLowerCase(),
				}),
			);
		}
	} else {
		printTables(io, found, options, format.wide);
		if (items.length === 0 && errors.length === 0 && !options.ignoreNotFound) {
			sayNothingFound(io, asked, options);
		}
	}
	for (const error of errors) {
		say(io, statusText(error.status));
	}
	return errors.length === 0 ? 0 : 1;
}

function printTables(io: Io, found: readonly Found[], options: GetOptions, wide: boolean): void {
	const shown = found.filter(({ items }) => items.length > 0);
	shown.forEach(({ resource, items }, index) => {
		if (index > 0) {
			print(io, '');
		}
		for (const line of objectTable(resource, items, {
			...tableOptions(options, wide, resource),
			typed: found.length > 1,
		})) {
			print(io, line);
		}
	});
}

function tableOptions(options: GetOptions, wide: boolean, resource: Resource) {
	return {
		wide,
		headers: options.headers !== false,
		namespaces: Boolean(options.allNamespaces) && resource.namespaced,
		showLabels: Boolean(options.showLabels),
		labelColumns: options.labelColumns?.split(',') ?? [],
		now: Date.now(),
	};
}

function sayNothingFound(io: Io, asked: readonly Asked[], options: GetOptions): void {
	const namespaced = asked.some(({ resource }) => resource.namespaced);
	say(
		io,
		!namespaced || options.allNamespaces
			? 'No resources found'
			: `No resources found in ${namespaceOf(options)} namespace.`,
	);
}

/** -w: the list first, then a line (or an object) for each change, until it is interrupted. */
async function follow(
	io: Io,
	client: Client,
	asked: readonly Asked[],
	options: GetOptions,
	format: Format,
): Promise<number> {
	const [only] = asked;
	if (!only || asked.length > 1 || only.names.length > 1) {
		throw usage('you may only specify a single resource type, and one name, with --watch');
	}
	const { resource, names } = only;
	const stop = new AbortController();
	const off = io.onSignal(['SIGINT', 'SIGTERM'], () => stop.abort());
	const query = names[0] === undefined ? selectors(options) : { fieldSelector: `metadata.name=${names[0]}` };
	const printer = new WatchPrinter(io, findResource(resource.plural) ?? resource, options, format);
	try {
		const path = resourcePath(resource.plural, scopeOf(resource, options));
		let listed = false;
		const first: KubeObject[] = [];
		for await (const event of client.watch(path, { query, signal: stop.signal })) {
			if (event.type === 'BOOKMARK') {
				if (!listed && !options.watchOnly) {
					if (names.length > 0 && first.length === 0) {
						await client.request('GET', resourcePath(resource.plural, scopeOf(resource, options), names[0]));
					}
					printer.print(
						first.map((object) => ({ type: 'ADDED', object })),
						true,
					);
				}
				listed = true;
			} else if (listed) {
				printer.print([{ type: event.type, object: typed(event.object, resource) }], false);
			} else {
				first.push(typed(event.object, resource));
			}
		}
	} finally {
		off();
	}
	return 0;
}

interface Change {
	readonly type: string;
	readonly object: KubeObject;
}

/** Keeps the column widths of the first table, as kubectl does. */
class WatchPrinter {
	readonly #io: Io;
	readonly #resource: Resource;
	readonly #options: GetOptions;
	readonly #format: Format;
	#widths: readonly number[] | undefined;

	constructor(io: Io, resource: Resource, options: GetOptions, format: Format) {
		this.#io = io;
		this.#resource = resource;
		this.#options = options;
		this.#format = format;
	}

	print(changes: readonly Change[], first: boolean): void {
		if (this.#format.type === 'table') {
			this.#printRows(changes, this.#format.wide);
			return;
		}
		for (const { type, object } of changes) {
			this.#printData(type, object);
		}
		if (first && changes.length === 0) {
			sayNothingFound(this.#io, [{ resource: this.#resource, names: [] }], this.#options);
		}
	}

	#printRows(changes: readonly Change[], wide: boolean): void {
		if (changes.length === 0) {
			return;
		}
		const made = sheet(
			this.#resource,
			changes.map(({ object }) => object),
			tableOptions(this.#options, wide, this.#resource),
		);
		const events = Boolean(this.#options.outputWatchEvents);
		const headers = events ? ['EVENT', ...made.headers] : made.headers;
		const rows = events ? made.rows.map((row, index) => [changes[index]?.type ?? '', ...row]) : made.rows;
		const begun = this.#widths !== undefined;
		this.#widths ??= widthsOf(headers, rows);
		const lines = table(headers, rows, {
			headers: !begun && this.#options.headers !== false,
			widths: this.#widths,
		});
		for (const line of lines) {
			print(this.#io, line);
		}
	}

	#printData(type: string, object: KubeObject): void {
		const shown = this.#options.outputWatchEvents ? { type, object } : object;
		if (this.#format.type === 'json') {
			print(this.#io, toJson(shown));
		} else if (this.#format.type === 'yaml') {
			print(this.#io, `---\n${toYaml(shown)}`);
		} else if (this.#format.type !== 'table') {
			this.#io.stdout.write(
				formatData(this.#format, [object], {
					single: true,
					headers: false,
					resourceOf: () => this.#resource.singular,
				}),
			);
		}
	}
}
