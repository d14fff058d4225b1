/**
 * `podrun top pod|node`: CPU and memory of pods, or of their containers, as the engine measures them; of the node
 * what its pods use together.
 */

import { UserError } from '../../api/errors.ts';
import { quantityMilliValue, quantityValue } from '../../api/quantity.ts';
import type { ListAnswer } from '../../client/client.ts';
import { type Io, print, say } from '../io.ts';
import { usage } from '../output/errors.ts';
import { table } from '../output/table.ts';
import type { GlobalOptions } from '../program.ts';
import { findResource } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';

export interface TopOptions extends GlobalOptions {
	readonly containers?: boolean;
	readonly selector?: string;
	readonly allNamespaces?: boolean;
	readonly sortBy?: string;
	readonly headers?: boolean;
}

interface PodMetrics {
	readonly metadata: { readonly name: string; readonly namespace: string };
	readonly containers: readonly {
		readonly name: string;
		readonly usage: { readonly cpu: string; readonly memory: string };
	}[];
}

interface Row {
	readonly names: readonly string[];
	readonly milliCores: number;
	readonly bytes: number;
}

const METRICS = '/apis/metrics.k8s.io/v1beta1';

export async function run(io: Io, options: TopOptions, args: readonly string[]): Promise<number> {
	const [what = 'pod', ...names] = args;
	const kind = findResource(what)?.kind;
	if (kind === 'Node') return topNode(io, options, names);
	if (kind !== 'Pod') {
		throw usage(`top knows pods and the node, not ${what}`, 'podrun top pod [NAME] [--containers]');
	}
	if (options.sortBy !== undefined && options.sortBy !== 'cpu' && options.sortBy !== 'memory') {
		throw usage('--sort-by accepts only cpu or memory');
	}
	const namespace = namespaceOf(options);
	return withClient(io, async (client) => {
		const path = options.allNamespaces ? `${METRICS}/pods` : `${METRICS}/namespaces/${namespace}/pods`;
		const query = options.selector ? { labelSelector: options.selector } : {};
		const { items } = await client.request<ListAnswer<PodMetrics>>('GET', path, { query });
		const found = names.length === 0 ? items : items.filter(({ metadata }) => names.includes(metadata.name));
		for (const name of names) {
			if (found.some(({ metadata }) => metadata.name === name)) continue;
			await client.request('GET', `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(name)}`);
			throw new UserError('NOT_FOUND', `pod ${name} does not run: there is nothing to measure`);
		}
		const rows = sortedBy(
			options.sortBy,
			found.flatMap((pod) => rowsOf(pod, options)),
		);
		if (rows.length === 0) {
			say(io, options.allNamespaces ? 'No resources found' : `No resources found in ${namespace} namespace.`);
			return 0;
		}
		const headers = [
			...(options.allNamespaces ? ['NAMESPACE'] : []),
			...(options.containers ? ['POD', 'NAME'] : ['NAME']),
			'CPU(cores)',
			'MEMORY(bytes)',
		];
		const cells = rows.map((row) => [
			...row.names,
			`${Math.ceil(row.milliCores)}m`,
			`${Math.floor(row.bytes / (1024 * 1024))}Mi`,
		]);
		for (const line of table(headers, cells, { headers: options.headers !== false })) print(io, line);
		return 0;
	});
}

interface NodeMetrics {
	readonly metadata: { readonly name: string };
	readonly usage: { readonly cpu: string; readonly memory: string };
}

interface Node {
	readonly metadata: { readonly name: string };
	readonly status: { readonly allocatable: { readonly cpu: string; readonly memory: string } };
}

async function topNode(io: Io, options: TopOptions, names: readonly string[]): Promise<number> {
	return withClient(io, async (client) => {
		const { items: nodes } = await client.request<ListAnswer<Node>>('GET', '/api/v1/nodes');
		for (const name of names) await client.request('GET', `/api/v1/nodes/${encodeURIComponent(name)}`);
		const { items } = await client.request<ListAnswer<NodeMetrics>>('GET', `${METRICS}/nodes`);
		const cells = items.map(({ metadata: { name }, usage: used }) => {
			const has = nodes.find((node) => node.metadata.name === name)?.status.allocatable;
			const [cpu, allCpu] = [used.cpu, has?.cpu ?? '0'].map((text) => Number(quantityMilliValue(text)));
			const [memory, allMemory] = [used.memory, has?.memory ?? '0'].map((text) =>
				Number(quantityValue(text)),
			);
			return [
				name,
				`${Math.ceil(cpu ?? 0)}m`,
				percent(cpu, allCpu),
				`${Math.floor((memory ?? 0) / (1024 * 1024))}Mi`,
				percent(memory, allMemory),
			];
		});
		const headers = ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'];
		for (const line of table(headers, cells, { headers: options.headers !== false })) print(io, line);
		return 0;
	});
}

function percent(part = 0, whole = 0): string {
	return whole === 0 ? '<unknown>' : `${Math.floor((100 * part) / whole)}%`;
}

function rowsOf(pod: PodMetrics, options: TopOptions): Row[] {
	const { name, namespace } = pod.metadata;
	const before = options.allNamespaces ? [namespace, name] : [name];
	const rows = pod.containers.map((container) => ({
		names: [...before, container.name],
		milliCores: Number(quantityMilliValue(container.usage.cpu)),
		bytes: Number(quantityValue(container.usage.memory)),
	}));
	if (options.containers) return rows;
	const sum = (pick: (row: Row) => number) => rows.reduce((total, row) => total + pick(row), 0);
	return [{ names: before, milliCores: sum((row) => row.milliCores), bytes: sum((row) => row.bytes) }];
}

function sortedBy(key: string | undefined, rows: readonly Row[]): readonly Row[] {
	if (key === undefined) return rows;
	const value = (row: Row) => (key === 'cpu' ? row.milliCores : row.bytes);
	return [...rows].sort((a, b) => value(b) - value(a));
}
