/**
 * The route table: every path that is served, and by whom. Order does not matter; a path that is not here is
 * 404, a known path with another method 405.
 */
import type { Backend, SupervisorInfo } from '../api/backend.ts';
import { notFound } from '../api/errors.ts';
import { evict, nodeMetrics, podMetrics, restart, review } from './computed.ts';
import { apiGroup, apiGroups, apiVersions, coreResources, groupResources, versionInfo } from './discovery.ts';
import { type Exchange, sendJson, sendText } from './exchange.ts';
import { Pager } from './listing.ts';
import { Nodes } from './nodes.ts';
import { Objects } from './objects.ts';
import { openapiCore, openapiV3 } from './openapi.ts';
import { openapiV2 } from './openapi-v2.ts';
import { serveAttach, serveExec, serveLog, servePortForward, type UpgradeExchange } from './pod-streams.ts';
import { STORED_RESOURCES, type StoredResource } from './resources.ts';
import { syncRoutes } from './sync-routes.ts';
import { vitals } from './vitals.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Handler = (exchange: Exchange) => Promise<void> | void;
export type UpgradeHandler = (exchange: UpgradeExchange) => Promise<void>;
export type Route<H> = readonly [Method, string, H];

export interface RouteOptions {
	readonly backend: Backend;
	readonly supervisor: () => SupervisorInfo;
	/** Asked to stop: called after the answer is on its way. */
	readonly onStop: () => void;
}

const POD = '/api/v1/namespaces/:namespace/pods/:name';

/** All routes of plain requests. */
export function routesOf(options: RouteOptions): Route<Handler>[] {
	const { backend } = options;
	const pager = new Pager();
	const nodes = new Nodes(backend);
	return [
		...STORED_RESOURCES.flatMap((resource) => storedRoutes(resource, new Objects(backend, pager, resource))),
		['GET', '/api/v1/nodes', (x) => nodes.list(x)],
		['GET', '/api/v1/nodes/:name', (x) => nodes.get(x)],
		['PATCH', '/api/v1/nodes/:name', (x) => nodes.patch(x)],
		['GET', `${POD}/log`, (x) => serveLog(backend, x)],
		['POST', `${POD}/eviction`, (x) => evict(backend, x)],
		...discoveryRoutes(),
		...ownRoutes(options),
		...syncRoutes(backend),
		...metricsRoutes(backend),
	];
}

/** Routes of requests that ask for an upgrade. */
export function upgradeRoutesOf(backend: Backend): Route<UpgradeHandler>[] {
	return (['GET', 'POST'] as const).flatMap((method): Route<UpgradeHandler>[] => [
		[method, `${POD}/exec`, (x) => serveExec(backend, x)],
		[method, `${POD}/attach`, (x) => serveAttach(backend, x)],
		[method, `${POD}/portforward`, (x) => servePortForward(backend, x)],
	]);
}

function storedRoutes(resource: StoredResource, objects: Objects): Route<Handler>[] {
	const all = `/api/v1/${resource.name}`;
	const collection = resource.namespaced ? `/api/v1/namespaces/:namespace/${resource.name}` : all;
	const one = `${collection}/:name`;
	const routes: Route<Handler>[] = [
		['GET', collection, (x) => objects.list(x)],
		['POST', collection, (x) => objects.create(x)],
		['DELETE', collection, (x) => objects.deleteCollection(x)],
		['GET', one, (x) => objects.get(x)],
		['PUT', one, (x) => objects.replace(x)],
		['PATCH', one, (x) => objects.patch(x)],
		['DELETE', one, (x) => objects.delete(x)],
	];
	if (resource.namespaced) routes.push(['GET', all, (x) => objects.list(x)]);
	if (resource.kind !== 'Pod') return routes;
	for (const subresource of ['status', 'ephemeralcontainers', 'resize'] as const) {
		routes.push(
			['GET', `${one}/${subresource}`, (x) => objects.get(x)],
			['PUT', `${one}/${subresource}`, (x) => objects.replace(x, subresource)],
			['PATCH', `${one}/${subresource}`, (x) => objects.patch(x, subresource)],
		);
	}
	return routes;
}

function discoveryRoutes(): Route<Handler>[] {
	const json =
		(make: (x: Exchange) => unknown): Handler =>
		(x) => {
			const answer = make(x);
			if (answer === undefined) throw notFound('groups', x.params.group ?? '');
			sendJson(x, 200, answer);
		};
	const ok: Handler = (x) => sendText(x, 200, 'ok', 'text/plain');
	const reviews = [
		'/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
		'/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
		'/apis/authentication.k8s.io/v1/selfsubjectreviews',
	];
	return [
		['GET', '/healthz', ok],
		['GET', '/livez', ok],
		['GET', '/readyz', ok],
		['GET', '/version', json(versionInfo)],
		['GET', '/api', json((x) => apiVersions(x.request.headers.host ?? 'localhost'))],
		['GET', '/api/v1', json(coreResources)],
		['GET', '/apis', json(apiGroups)],
		['GET', '/apis/:group', json((x) => apiGroup(x.params.group))],
		['GET', '/apis/:group/:version', json((x) => groupResources(x.params.group, x.params.version))],
		['GET', '/openapi/v2', json(openapiV2)],
		['GET', '/openapi/v3', json(openapiV3)],
		['GET', '/openapi/v3/api/v1', json(openapiCore)],
		...reviews.map((path): Route<Handler> => ['POST', path, review]),
	];
}

function metricsRoutes(backend: Backend): Route<Handler>[] {
	const group = '/apis/metrics.k8s.io/v1beta1';
	const handler: Handler = (x) => podMetrics(backend, x);
	return [
		['GET', `${group}/nodes`, (x) => nodeMetrics(backend, x)],
		['GET', `${group}/nodes/:name`, (x) => nodeMetrics(backend, x)],
		['GET', `${group}/pods`, handler],
		['GET', `${group}/namespaces/:namespace/pods`, handler],
		['GET', `${group}/namespaces/:namespace/pods/:name`, handler],
	];
}

/** What Kubernetes has no word for. */
function ownRoutes({ backend, supervisor, onStop }: RouteOptions): Route<Handler>[] {
	const pod = '/podrun/v1/namespaces/:namespace/pods/:name';
	return [
		['GET', '/podrun/v1/supervisor', (x) => sendJson(x, 200, supervisor())],
		['GET', '/podrun/v1/vitals', (x) => sendJson(x, 200, vitals(x.query.get('collect') === 'true'))],
		['GET', '/podrun/v1/checkup', async (x) => sendJson(x, 200, { checks: await backend.checkup() })],
		['GET', '/podrun/v1/leftovers', async (x) => sendJson(x, 200, { items: await backend.leftovers() })],
		[
			'POST',
			'/podrun/v1/prune',
			async (x) => sendJson(x, 200, { items: await backend.prune(x.query.get('volumes') === 'true') }),
		],
		[
			'POST',
			'/podrun/v1/supervisor/stop',
			(x) => {
				x.response.once('close', onStop);
				x.response.setHeader('connection', 'close');
				sendJson(x, 200, supervisor());
			},
		],
		['POST', `${pod}/restart`, (x) => restart(backend, x)],
		[
			'GET',
			`${pod}/stats`,
			async (x) => sendJson(x, 200, await backend.stats(x.params.namespace ?? '', x.params.name ?? '')),
		],
	];
}
