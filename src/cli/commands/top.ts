/** `podrun top pod`: CPU and memory of pods, or of their containers, as the engine measures them. */

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
	if (findResource(what)?.kind !== 'Pod') {
		throw usage(`top knows pods, not ${what}`, 'podrun top pod [NAME] [--containers]');
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
