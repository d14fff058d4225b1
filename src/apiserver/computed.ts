/**
 * What is answered but not stored: usage (metrics.k8s.io), evictions, and reviews of what the
 * caller may do. Whoever can open the socket may do everything.
 */
import type { Backend, ContainerUsage, PodUsage } from '../api/backend.ts';
import { ApiError, badRequest, notFound } from '../api/errors.ts';
import type { KubeObject, Pod } from '../api/types.ts';
import { type Exchange, isRecord, readObject, sendJson, success } from './exchange.ts';
import { filterOf } from './listing.ts';
import { deleteOptionsOf } from './write-options.ts';

/** POST …/pods/{name}/eviction: a deletion; there are no disruption budgets to ask. */
export async function evict(backend: Backend, exchange: Exchange): Promise<void> {
	const body = (await readObject(exchange)) ?? {};
	const { namespace, name = '' } = exchange.params;
	const metadata = isRecord(body.metadata) ? body.metadata : {};
	if (metadata.name !== undefined && metadata.name !== name) {
		throw badRequest(`name in URL does not match name in Eviction object`);
	}
	const options = deleteOptionsOf(exchange, isRecord(body.deleteOptions) ? body.deleteOptions : {});
	await backend.delete('Pod', namespace, name, options);
	sendJson(exchange, 201, { ...success(undefined), code: 201 });
}

/** POST /podrun/v1/…/pods/{name}/restart. Throws 400 for a container that the pod has not, or that never restarts. */
export async function restart(backend: Backend, exchange: Exchange): Promise<void> {
	const { namespace = '', name = '' } = exchange.params;
	const container = exchange.query.get('container') || undefined;
	const { spec } = (await backend.get('Pod', namespace, name)) as unknown as Pod;
	const names = [...spec.containers, ...(spec.initContainers ?? [])].map((one) => one.name);
	if (container !== undefined && !names.includes(container)) {
		throw badRequest(
			spec.ephemeralContainers?.some((one) => one.name === container)
				? `container ${container} is an ephemeral one, and those are never restarted: start another with podrun debug`
				: `container ${container} is not valid for pod ${name} out of: ${names.join(', ')}`,
		);
	}
	const restarted = await backend.restart(namespace, name, container);
	sendJson(exchange, 200, restarted);
}

/** GET /apis/metrics.k8s.io/v1beta1[/namespaces/{ns}]/pods[/{name}] */
export async function podMetrics(backend: Backend, exchange: Exchange): Promise<void> {
	const { namespace, name } = exchange.params;
	if (name !== undefined) {
		const pod = (await backend.get('Pod', namespace, name)) as unknown as Pod;
		sendJson(exchange, 200, metricsOf(pod, await backend.stats(namespace ?? '', name)));
		return;
	}
	const { items, resourceVersion } = await backend.list('Pod', namespace);
	const pods = items.filter(filterOf(exchange.query, 'Pod') ?? (() => true)) as unknown as Pod[];
	const running = pods.filter((pod) => pod.status?.phase === 'Running');
	const metrics = await Promise.all(
		running.map(async (pod) =>
			metricsOf(pod, await backend.stats(pod.metadata.namespace ?? '', pod.metadata.name)),
		),
	);
	sendJson(exchange, 200, {
		kind: 'PodMetricsList',
		apiVersion: 'metrics.k8s.io/v1beta1',
		metadata: { resourceVersion },
		items: metrics,
	});
}

/**
 * GET /apis/metrics.k8s.io/v1beta1/nodes[/{name}]: what the pods of this node use together. An engine does not tell
 * what else runs on its machine.
 */
export async function nodeMetrics(backend: Backend, exchange: Exchange): Promise<void> {
	const node = (await backend.node()) as unknown as KubeObject;
	const { name } = exchange.params;
	if (name !== undefined && name !== node.metadata.name) throw notFound('nodes', name);
	const { items, resourceVersion } = await backend.list('Pod', undefined);
	const running = (items as unknown as Pod[]).filter((pod) => pod.status?.phase === 'Running');
	const usages = await Promise.all(
		running.map(({ metadata }) =>
			backend.stats(metadata.namespace ?? '', metadata.name).catch((error: unknown) => {
				// It has gone meanwhile.
				if (error instanceof ApiError && error.status.code === 404) return undefined;
				throw error;
			}),
		),
	);
	const containers = usages.flatMap((usage) => usage?.containers ?? []);
	const metrics = {
		kind: 'NodeMetrics',
		apiVersion: 'metrics.k8s.io/v1beta1',
		metadata: { name: node.metadata.name, labels: node.metadata.labels ?? {} },
		timestamp: usages.find((usage) => usage !== undefined)?.timestamp ?? new Date().toISOString(),
		window: '1s',
		usage: usageOf({
			cpuNanoCores: containers.reduce((sum, one) => sum + one.cpuNanoCores, 0),
			memoryBytes: containers.reduce((sum, one) => sum + one.memoryBytes, 0),
		}),
	};
	const list = { kind: 'NodeMetricsList', apiVersion: metrics.apiVersion, metadata: { resourceVersion } };
	sendJson(exchange, 200, name === undefined ? { ...list, items: [metrics] } : metrics);
}

function usageOf({ cpuNanoCores, memoryBytes }: Pick<ContainerUsage, 'cpuNanoCores' | 'memoryBytes'>) {
	return { cpu: `${Math.round(cpuNanoCores)}n`, memory: `${Math.round(memoryBytes / 1024)}Ki` };
}

function metricsOf(pod: Pod, usage: PodUsage): unknown {
	const { name, namespace, labels, creationTimestamp } = pod.metadata;
	return {
		kind: 'PodMetrics',
		apiVersion: 'metrics.k8s.io/v1beta1',
		metadata: { name, namespace, creationTimestamp, ...(labels ? { labels } : {}) },
		timestamp: usage.timestamp,
		window: `${usage.windowSeconds}s`,
		containers: usage.containers.map((container) => ({
			name: container.name,
			usage: usageOf(container),
		})),
	};
}

/** POST of a SelfSubject…Review: the request back, with the answer in its status. */
export async function review(exchange: Exchange): Promise<void> {
	const body = (await readObject(exchange)) ?? {};
	const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
	const status = exchange.path.endsWith('/selfsubjectaccessreviews')
		? { allowed: true }
		: exchange.path.endsWith('/selfsubjectrulesreviews')
			? { resourceRules: [everything], nonResourceRules: [], incomplete: false }
			: { userInfo: { username: 'podrun', groups: ['system:masters', 'system:authenticated'] } };
	sendJson(exchange, 201, { ...body, status });
}
