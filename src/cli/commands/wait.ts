/** `podrun wait`: until objects have a condition, a value at a JSONPath, exist, or are gone. */
import { ApiError, notFound, UserError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/types.ts';
import { type Client, resourcePath } from '../../client/client.ts';
import { type Io, print, say } from '../io.ts';
import { parseDuration } from '../output/age.ts';
import { statusText, usage } from '../output/errors.ts';
import { asText, find } from '../output/jsonpath.ts';
import type { GlobalOptions } from '../program.ts';
import { untilGone } from '../removal.ts';
import { parseAsked, type Resource } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';

export interface WaitOptions extends GlobalOptions {
	readonly for?: string;
	readonly timeout: string;
	readonly selector?: string;
	readonly all?: boolean;
	readonly allNamespaces?: boolean;
	readonly output?: string;
}

export type Goal =
	| { readonly type: 'delete' | 'create' }
	| { readonly type: 'met'; readonly holds: (object: KubeObject) => boolean };

/** Reads `--for`; throws UserError USAGE. */
function parseGoal(text: string | undefined): Goal {
	if (!text) {
		throw usage('--for is needed', 'e.g. --for=condition=Ready or --for=delete');
	}
	if (text.toLowerCase() === 'delete' || text.toLowerCase() === 'create') {
		return { type: text.toLowerCase() as 'delete' | 'create' };
	}
	if (text.startsWith('condition=')) {
		const [type = '', wanted = 'true'] = text.slice('condition='.length).split('=');
		return { type: 'met', holds: (object) => conditionIs(object, type, wanted) };
	}
	if (text.startsWith('jsonpath=')) {
		const { path, value } = splitPath(text.slice('jsonpath='.length));
		return {
			type: 'met',
			holds: (object) => {
				const found = find(path, object);
				return value === undefined
					? found.length > 0
					: found.length === 1 && asText(found[0]).trim() === value.trim();
			},
		};
	}
	throw usage(`unrecognized condition: "${text}"`);
}

function conditionIs(object: KubeObject, type: string, wanted: string): boolean {
	const status = object.status as { conditions?: { type: string; status: string }[] } | undefined;
	const condition = status?.conditions?.find((one) => one.type.toLowerCase() === type.toLowerCase());
	return condition?.status.toLowerCase() === wanted.toLowerCase();
}

/** `{.status.phase}=Running`: the first `=` after the closing brace parts path and value. */
function splitPath(text: string): { path: string; value?: string } {
	const bare = text.replace(/^(["'])(.*)\1$/s, '$2');
	const brace = bare.startsWith('{') ? bare.lastIndexOf('}') : -1;
	const equals = brace >= 0 ? bare.indexOf('=', brace) : bare.indexOf('=');
	if (equals < 0) {
		return { path: bare };
	}
	const value = bare.slice(equals + 1).replace(/^(["'])(.*)\1$/s, '$2');
	if (value === '') {
		throw usage('jsonpath wait value cannot be empty');
	}
	return { path: bare.slice(0, equals), value };
}

interface Subject {
	readonly resource: Resource;
	readonly namespace: string | undefined;
	readonly name: string;
	readonly uid?: string;
}

export async function run(io: Io, options: WaitOptions, args: readonly string[]): Promise<number> {
	const goal = parseGoal(options.for);
	const timeout = parseDuration(options.timeout, '--timeout');
	const asked = parseAsked(args);
	return withClient(io, async (client) => {
		const subjects = await subjectsOf(client, asked, options, goal);
		if (subjects.length === 0) {
			if (goal.type === 'delete') {
				return 0;
			}
			throw new UserError('NOT_FOUND', 'no matching resources found');
		}
		const signal = AbortSignal.timeout(Math.max(1, timeout < 0 ? 7 * 24 * 3_600_000 : timeout));
		const results = await Promise.all(
			subjects.map(async (subject) => {
				const told = await reach(client, subject, goal, signal);
				if (told.ok) {
					const name = `${subject.resource.singular}/${subject.name}`;
					print(
						io,
						options.output === 'name'
							? name
							: `${name} ${goal.type === 'delete' ? 'deleted' : 'condition met'}`,
					);
				} else {
					say(io, told.error);
				}
				return told.ok;
			}),
		);
		return results.every(Boolean) ? 0 : 1;
	});
}

type Reached = { readonly ok: true } | { readonly ok: false; readonly error: string };

async function reach(client: Client, subject: Subject, goal: Goal, signal: AbortSignal): Promise<Reached> {
	try {
		if (goal.type === 'delete') {
			await untilGone(client, subject, subject.uid, signal);
		} else {
			await untilMet(client, subject, goal, signal);
		}
		return { ok: true };
	} catch (error) {
		if (signal.aborted) {
			const { resource, name } = subject;
			return { ok: false, error: `error: timed out waiting for the condition on ${resource.plural}/${name}` };
		}
		if (error instanceof ApiError) {
			return { ok: false, error: statusText(error.status) };
		}
		throw error;
	}
}

async function untilMet(client: Client, subject: Subject, goal: Goal, signal: AbortSignal): Promise<void> {
	const { resource, namespace, name } = subject;
	const stop = new AbortController();
	let seen = false;
	try {
		const path = resourcePath(resource.plural, resource.namespaced ? namespace : undefined);
		for await (const event of client.watch(path, {
			query: { fieldSelector: `metadata.name=${name}` },
			signal: AbortSignal.any([signal, stop.signal]),
		})) {
			if (event.type === 'BOOKMARK') {
				if (!seen && goal.type === 'met') {
					throw notFound(resource.plural, name);
				}
				continue;
			}
			if (event.object.metadata.name !== name || event.type === 'DELETED') {
				continue;
			}
			seen = true;
			if (goal.type === 'create' || (goal.type === 'met' && goal.holds(event.object))) {
				return;
			}
		}
	} finally {
		stop.abort();
	}
	signal.throwIfAborted();
}

async function subjectsOf(
	client: Client,
	asked: ReturnType<typeof parseAsked>,
	options: WaitOptions,
	goal: Goal,
): Promise<readonly Subject[]> {
	const subjects: Subject[] = [];
	for (const { resource, names } of asked) {
		const namespace = resource.namespaced ? namespaceOf(options) : undefined;
		if (names.length > 0) {
			for (const name of names) {
				subjects.push({ resource, namespace, name });
			}
			continue;
		}
		if (!options.all && !options.selector) {
			throw usage('a name, --all or a selector (-l) is needed');
		}
		const scope = options.allNamespaces ? undefined : namespace;
		const list = await client.list(resourcePath(resource.plural, scope), { labelSelector: options.selector });
		for (const { metadata } of list.items) {
			const uid = goal.type === 'delete' && metadata.uid ? { uid: metadata.uid } : {};
			subjects.push({ resource, namespace: metadata.namespace ?? namespace, name: metadata.name, ...uid });
		}
	}
	return subjects;
}
