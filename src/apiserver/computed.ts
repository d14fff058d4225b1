/**
 * What is answered but not stored: usage (metrics.k8s.io), evictions, and reviews of what the
 * caller may do. Whoever can open the socket may do everything.
 */
import type { Backend, PodUsage } from '../api/backend.ts';
import { badRequest } from '../api/errors.ts';
import type { Pod } from '../api/types.ts';
import { type Exchange, isRecord, readObject, sendJson, success } from './exchange.ts';
import { filterOf } from './listing.ts';
import { deleteOptionsOf } from './objects.ts';

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
			usage: {
				cpu: `${Math.round(container.cpuNanoCores)}n`,
				memory: `${Math.round(container.memoryBytes / 1024)}Ki`,
			},
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
