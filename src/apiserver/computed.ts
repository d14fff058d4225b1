/**
 * What is answered but not stored: the one node, usage (metrics.k8s.io), evictions, and reviews of what the
 * caller may do. Whoever can open the socket may do everything.
 */
import type { Backend, PodUsage } from '../api/backend.ts';
import { badRequest, notFound } from '../api/errors.ts';
import type { KubeObject, Pod } from '../api/types.ts';
import { type Exchange, flag, isRecord, negotiate, readObject, sendJson, success } from './exchange.ts';
import { filterOf } from './listing.ts';
import { deleteOptionsOf } from './objects.ts';
import { tableOf } from './tables.ts';

/** GET /api/v1/nodes */
export async function listNodes(backend: Backend, exchange: Exchange): Promise<void> {
	const form = negotiate(exchange);
	const filter = filterOf(exchange.query, 'Node') ?? (() => true);
	const nodes = [(await backend.node()) as unknown as KubeObject].filter(filter);
	const { resourceVersion } = await backend.list('Namespace', undefined);
	if (flag(exchange.query, 'watch')) {
		await watchNodes(exchange, nodes);
		return;
	}
	const metadata = { resourceVersion };
	if (form === 'table') {
		sendJson(exchange, 200, { ...tableOf('Node', nodes, exchange.query, Date.now()), metadata });
	} else sendJson(exchange, 200, { kind: 'NodeList', apiVersion: 'v1', metadata, items: nodes });
}

/** The node does not change while the supervisor runs: its watch tells what is there and then stays quiet. */
async function watchNodes(exchange: Exchange, nodes: readonly KubeObject[]): Promise<void> {
	const { response, query, signal } = exchange;
	response.writeHead(200, { 'content-type': 'application/json' });
	response.flushHeaders();
	if ((query.get('resourceVersion') || '0') === '0') {
		for (const object of nodes) response.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
	}
	const seconds = Math.min(Number(query.get('timeoutSeconds')) || 3600, 3600);
	const ending = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
	await new Promise((resolve) => ending.addEventListener('abort', resolve, { once: true }));
	response.end();
}

/** GET /api/v1/nodes/{name} */
export async function getNode(backend: Backend, exchange: Exchange): Promise<void> {
	const node = (await backend.node()) as unknown as KubeObject;
	const { name = '' } = exchange.params;
	if (node.metadata.name !== name) throw notFound('nodes', name);
	if (negotiate(exchange) === 'object') sendJson(exchange, 200, node);
	else sendJson(exchange, 200, { ...tableOf('Node', [node], exchange.query, Date.now()), metadata: {} });
}

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
