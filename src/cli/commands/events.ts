/** `podrun events`: what happened, oldest first. */
import { lastSeen } from '../../api/columns.ts';
import type { Event, KubeObject } from '../../api/types.ts';
import { resourcePath } from '../../client/client.ts';
import { type Io, print, say } from '../io.ts';
import { usage } from '../output/errors.ts';
import { sheet } from '../output/printer.ts';
import { toJson, toYaml } from '../output/serialize.ts';
import { table, widthsOf } from '../output/table.ts';
import type { GlobalOptions } from '../program.ts';
import { findResource, parseAsked, type Resource } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';

export interface EventsOptions extends GlobalOptions {
	readonly for?: string;
	readonly types?: string;
	readonly watch?: boolean;
	readonly allNamespaces?: boolean;
	readonly headers?: boolean;
	readonly output?: string;
}

export async function run(io: Io, options: EventsOptions): Promise<number> {
	const resource = findResource('events') as Resource;
	const selected = filterOf(options);
	const namespace = options.allNamespaces ? undefined : namespaceOf(options);
	const path = resourcePath('events', namespace);
	const sheetOptions = { namespaces: Boolean(options.allNamespaces) };
	return withClient(io, async (client) => {
		const list = await client.list<KubeObject>(path);
		const items = byTime(list.items.filter(selected));
		if (options.output !== undefined) {
			const data = { apiVersion: 'v1', kind: 'EventList', metadata: {}, items };
			print(io, options.output === 'yaml' ? toYaml(data) : toJson(data));
			return 0;
		}
		if (items.length === 0 && !options.watch) {
			say(
				io,
				options.allNamespaces ? 'No events found.' : `No events found in ${namespaceOf(options)} namespace.`,
			);
			return 0;
		}
		const made = sheet(resource, items, { ...sheetOptions, now: Date.now() });
		const widths = widthsOf(made.headers, made.rows);
		for (const line of table(made.headers, made.rows, { headers: options.headers !== false, widths })) {
			print(io, line);
		}
		if (!options.watch) {
			return 0;
		}
		const stop = new AbortController();
		const off = io.onSignal(['SIGINT', 'SIGTERM'], () => stop.abort());
		try {
			for await (const event of client.watch(path, {
				since: list.metadata.resourceVersion,
				signal: stop.signal,
			})) {
				if (event.type === 'BOOKMARK' || event.type === 'DELETED' || !selected(event.object)) {
					continue;
				}
				const { headers, rows } = sheet(resource, [event.object], { ...sheetOptions, now: Date.now() });
				print(io, table(headers, rows, { headers: false, widths }).join('\n'));
			}
		} finally {
			off();
		}
		return 0;
	});
}

function filterOf(options: EventsOptions): (object: KubeObject) => boolean {
	const types = options.types?.split(',').map((type) => type.toLowerCase());
	for (const type of types ?? []) {
		if (type !== 'normal' && type !== 'warning') {
			throw usage(`valid --types are Normal or Warning, not "${type}"`);
		}
	}
	const about = options.for === undefined ? undefined : parseAsked([options.for])[0];
	return (object) => {
		const event = object as unknown as Event;
		return (
			(!types || types.includes((event.type ?? '').toLowerCase())) &&
			(!about ||
				(event.involvedObject.kind === about.resource.kind &&
					about.names.includes(event.involvedObject.name ?? '')))
		);
	};
}

/** Oldest first by when they were last seen. */
function byTime(items: readonly KubeObject[]): readonly KubeObject[] {
	const at = (item: KubeObject) => Date.parse(lastSeen(item as unknown as Event) ?? '') || 0;
	return [...items].sort((a, b) => at(a) - at(b));
}
