/**
 * `podrun __complete -- WORDS…`, which the shells' completions call: what the last word may become, a line
 * each. Names come from a supervisor that runs already; none is started for a Tab, and no error is told.
 */
import type { Command } from 'commander';
import type { KubeObject, Pod } from '../../api/types.ts';
import { createClient, resourcePath } from '../../client/client.ts';
import { findSupervisor } from '../../client/connect.ts';
import { containersOf } from '../containers.ts';
import { type Io, print } from '../io.ts';
import { allResources, findResource } from '../resources.ts';

const ANSWER_WITHIN = 2_000;
/** Verbs whose first word is a resource, and those that take pods only. */
const OF_RESOURCES = ['get', 'describe', 'delete', 'edit', 'label', 'annotate', 'wait'];
const OF_PODS = ['logs', 'exec', 'attach', 'cp', 'port-forward', 'debug', 'restart', 'down', 'ps'];
const SHELLS = ['bash', 'zsh', 'fish'];

/** `program` is the tree of verbs that words are looked up in. */
export async function complete(io: Io, program: Command, words: readonly string[]): Promise<number> {
	try {
		for (const one of await candidates(io, program, words)) print(io, one);
	} catch {
		// A Tab is no place for errors.
	}
	return 0;
}

async function candidates(io: Io, program: Command, words: readonly string[]): Promise<readonly string[]> {
	const current = words.at(-1) ?? '';
	const before = words.slice(0, -1);
	const { command, positional, pending, namespace } = walk(program, before);
	const matching = (all: readonly string[]) => all.filter((one) => one.startsWith(current));
	if (pending !== undefined) return matching(await valuesOf(io, pending, namespace, positional));
	const [, flag = '', start = ''] = /^(--[^=]+=)(.*)$/s.exec(current) ?? [];
	if (flag !== '') {
		const values = await valuesOf(io, flag.slice(0, -1), namespace, positional);
		return values.filter((one) => one.startsWith(start)).map((one) => `${flag}${one}`);
	}
	if (current.startsWith('-')) return matching(flagsOf(command, program));
	const verbs = command.commands.map((one) => one.name()).filter((name) => !name.startsWith('_'));
	if (verbs.length > 0) return matching(verbs.filter((name) => name !== 'supervise'));
	return matching(await argumentsOf(io, command.name(), positional, namespace, current));
}

interface Walked {
	readonly command: Command;
	readonly positional: readonly string[];
	/** A flag that waits for its value. */
	readonly pending: string | undefined;
	readonly namespace: string;
}

function walk(program: Command, words: readonly string[]): Walked {
	let command = program;
	let pending: string | undefined;
	let namespace = 'default';
	const positional: string[] = [];
	for (const word of words) {
		if (pending !== undefined) {
			if (pending === '--namespace') namespace = word;
			pending = undefined;
		} else if (word.startsWith('-')) {
			const [name = '', value] = word.split('=', 2);
			const option = [...command.options, ...program.options].find(
				({ short, long }) => name === short || name === long,
			);
			if (option?.long === '--namespace' && value !== undefined) namespace = value;
			if (option?.required && value === undefined) pending = option.long ?? name;
		} else {
			const below = command.commands.find((one) => one.name() === word);
			if (below && positional.length === 0) command = below;
			else positional.push(word);
		}
	}
	return { command, positional, pending, namespace };
}

function flagsOf(command: Command, program: Command): readonly string[] {
	const options = [...command.options, ...program.options].filter((option) => !option.hidden);
	return [...new Set([...options.flatMap(({ long }) => (long ? [long] : [])), '--help'])].sort();
}

async function valuesOf(
	io: Io,
	flag: string,
	namespace: string,
	positional: readonly string[],
): Promise<readonly string[]> {
	switch (flag) {
		case '--namespace':
			return names(await list(io, 'namespaces', undefined));
		case '--container':
		case '--target':
		case '--exit-code-from':
			return containers(await list(io, 'pods', namespace), positional);
		case '--output':
			return ['json', 'yaml', 'wide', 'name', 'jsonpath=', 'custom-columns='];
		case '--for':
			return ['condition=Ready', 'condition=', 'delete', 'create', 'jsonpath='];
		case '--profile':
			return ['local', 'kubernetes'];
		case '--progress':
			return ['auto', 'tty', 'plain', 'json', 'quiet'];
		case '--pull':
			return ['always', 'missing', 'never'];
		case '--image-pull-policy':
			return ['Always', 'IfNotPresent', 'Never'];
		case '--dry-run':
			return ['none', 'client', 'server'];
		default:
			return [];
	}
}

async function argumentsOf(
	io: Io,
	verb: string,
	positional: readonly string[],
	namespace: string,
	current: string,
): Promise<readonly string[]> {
	const resources = allResources();
	if (verb === 'completion') return SHELLS;
	if (verb === 'explain') return resources.map(({ plural }) => plural);
	if (verb === 'top')
		return positional.length === 0 ? ['pod', 'node'] : names(await list(io, 'pods', namespace));
	if (OF_PODS.includes(verb)) {
		const pods = await list(io, 'pods', namespace);
		if (verb === 'cp') return names(pods).map((name) => `${name}:`);
		const several = verb === 'restart' || verb === 'down' || verb === 'ps';
		const prefix = /^(po|pods?)\//.exec(current)?.[0] ?? '';
		if (positional.length === 0 || several) return names(pods).map((name) => `${prefix}${name}`);
		if (verb === 'port-forward') return ports(pods, positional[0]);
		return verb === 'logs' ? containers(pods, positional) : [];
	}
	if (!OF_RESOURCES.includes(verb)) return [];
	const slash = current.indexOf('/');
	const type = slash > 0 ? current.slice(0, slash) : positional[0];
	if (type === undefined) return resources.map(({ plural }) => plural);
	const resource = findResource(type);
	if (!resource) return [];
	const found = names(await list(io, resource.plural, resource.namespaced ? namespace : undefined));
	return slash > 0 ? found.map((name) => `${type}/${name}`) : found;
}

async function list(io: Io, plural: string, namespace: string | undefined): Promise<readonly KubeObject[]> {
	const supervisor = await findSupervisor({ env: io.env });
	if (!supervisor) return [];
	const client = createClient({ socket: supervisor.socket });
	try {
		const signal = AbortSignal.timeout(ANSWER_WITHIN);
		const path = resourcePath(plural, namespace);
		return (await client.request<{ items: KubeObject[] }>('GET', path, { signal })).items;
	} finally {
		client.close();
	}
}

function names(objects: readonly KubeObject[]): readonly string[] {
	return objects.map(({ metadata }) => metadata.name);
}

function containers(pods: readonly KubeObject[], positional: readonly string[]): readonly string[] {
	const wanted = positional.map((word) => word.replace(/^pods?\//, ''));
	const meant = pods.filter(({ metadata }) => wanted.includes(metadata.name));
	const all = (meant.length > 0 ? meant : pods) as unknown as readonly Pod[];
	return [...new Set(all.flatMap((pod) => containersOf(pod).map(({ name }) => name)))];
}

function ports(pods: readonly KubeObject[], name: string | undefined): readonly string[] {
	const plain = name?.replace(/^(po|pods?)\//, '');
	const pod = pods.find(({ metadata }) => metadata.name === plain) as unknown as Pod | undefined;
	const all = pod?.spec.containers.flatMap((container) => container.ports ?? []) ?? [];
	return all.map(({ containerPort }) => String(containerPort));
}
