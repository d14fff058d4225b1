/** `podrun describe`: objects in kubectl's layout, with what happened to them. */
import { ApiError } from '../../api/errors.ts';
import type { Event, KubeObject, Pod } from '../../api/types.ts';
import { type Client, resourcePath } from '../../client/client.ts';
import { type Io, print, say } from '../io.ts';
import { describeObject } from '../output/describe-object.ts';
import { describePod } from '../output/describe-pod.ts';
import { statusText } from '../output/errors.ts';
import { plain } from '../output/plain.ts';
import type { GlobalOptions } from '../program.ts';
import { type Asked, parseAsked } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';

export interface DescribeOptions extends GlobalOptions {
	readonly selector?: string;
	readonly allNamespaces?: boolean;
}

export async function run(io: Io, options: DescribeOptions, args: readonly string[]): Promise<number> {
	const asked = parseAsked(args);
	return withClient(io, async (client) => {
		let failed = false;
		let first = true;
		for (const one of asked) {
			for await (const found of objectsOf(client, one, options)) {
				if (found instanceof ApiError) {
					failed = true;
					say(io, statusText(found.status));
					continue;
				}
				const events = await eventsAbout(client, found);
				if (!first) {
					print(io, '\n');
				}
				first = false;
				const now = Date.now();
				const lines =
					found.kind === 'Pod'
						? describePod(found as unknown as Pod, events, now)
						: describeObject(found, events, now);
				print(io, plain(lines.join('\n')));
			}
		}
		if (first && !failed) {
			say(
				io,
				options.allNamespaces
					? 'No resources found'
					: `No resources found in ${namespaceOf(options)} namespace.`,
			);
		}
		return failed ? 1 : 0;
	});
}

async function* objectsOf(
	client: Client,
	{ resource, names }: Asked,
	options: DescribeOptions,
): AsyncIterable<KubeObject | ApiError> {
	const namespace = resource.namespaced && !options.allNamespaces ? namespaceOf(options) : undefined;
	if (names.length === 0) {
		const list = await client.list(resourcePath(resource.plural, namespace), {
			labelSelector: options.selector,
		});
		for (const item of list.items) {
			yield { ...item, kind: resource.kind };
		}
	}
	for (const name of names) {
		try {
			yield await client.request<KubeObject>('GET', resourcePath(resource.plural, namespace, name));
		} catch (error) {
			if (!(error instanceof ApiError)) {
				throw error;
			}
			yield error;
		}
	}
}

async function eventsAbout(client: Client, object: KubeObject): Promise<readonly Event[]> {
	const { name, uid, namespace } = object.metadata;
	const list = await client.list<KubeObject>(resourcePath('events', namespace ?? 'default'), {
		fieldSelector: `involvedObject.name=${name}${uid ? `,involvedObject.uid=${uid}` : ''}`,
	});
	return list.items as unknown as Event[];
}
