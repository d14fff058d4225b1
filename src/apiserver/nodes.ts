/**
 * The one node: the engine's machine, computed. Labels, annotations, taints and `unschedulable` that a client
 * sets (kubectl label, cordon, drain) are kept beside it while the supervisor runs. Nothing is scheduled here,
 * so they keep no pod away, and a warning says so.
 */
import type { Backend } from '../api/backend.ts';
import { notFound } from '../api/errors.ts';
import type { KubeObject } from '../api/types.ts';
import { type Exchange, flag, isRecord, mediaType, negotiate, readBody, sendJson } from './exchange.ts';
import { filterOf } from './listing.ts';
import { applyPatch, type PatchType, parsePatch, patchTypeOf } from './patches.ts';
import { tableOf } from './tables.ts';
import { writeOptions } from './write-options.ts';

/** What clients have set on the node. */
interface Notes {
	readonly labels?: unknown;
	readonly annotations?: unknown;
	readonly spec: Readonly<Record<string, unknown>>;
}

const NO_SCHEDULER = 'podrun has one node and no scheduler: taints and cordons keep no pod away';

export class Nodes {
	readonly #backend: Backend;
	#notes: Notes | undefined;

	constructor(backend: Backend) {
		this.#backend = backend;
	}

	/** GET /api/v1/nodes */
	async list(exchange: Exchange): Promise<void> {
		const form = negotiate(exchange);
		const filter = filterOf(exchange.query, 'Node') ?? (() => true);
		const nodes = [await this.#node()].filter(filter);
		const { resourceVersion } = await this.#backend.list('Namespace', undefined);
		if (flag(exchange.query, 'watch')) {
			await watchNodes(exchange, nodes);
			return;
		}
		const metadata = { resourceVersion };
		if (form === 'table') {
			sendJson(exchange, 200, { ...tableOf('Node', nodes, exchange.query, Date.now()), metadata });
		} else sendJson(exchange, 200, { kind: 'NodeList', apiVersion: 'v1', metadata, items: nodes });
	}

	/** GET /api/v1/nodes/{name} */
	async get(exchange: Exchange): Promise<void> {
		const node = await this.#named(exchange);
		if (negotiate(exchange) === 'object') sendJson(exchange, 200, node);
		else sendJson(exchange, 200, { ...tableOf('Node', [node], exchange.query, Date.now()), metadata: {} });
	}

	/** PATCH /api/v1/nodes/{name}; server-side apply is taken for a merge. */
	async patch(exchange: Exchange): Promise<void> {
		negotiate(exchange);
		const type = patchTypeOf(mediaType(exchange.request.headers['content-type'] ?? ''));
		const { dryRun } = writeOptions(exchange);
		const node = await this.#named(exchange);
		const changed = applyPatch(plainType(type), node, parsePatch(type, await readBody(exchange)));
		const metadata = isRecord(changed.metadata) ? changed.metadata : {};
		const spec = isRecord(changed.spec) ? changed.spec : {};
		const before = this.#notes;
		this.#notes = { labels: metadata.labels, annotations: metadata.annotations, spec };
		const answer = await this.#node();
		if (dryRun) this.#notes = before;
		if (spec.unschedulable === true || (Array.isArray(spec.taints) && spec.taints.length > 0)) {
			exchange.response.setHeader('warning', `299 - "${NO_SCHEDULER}"`);
		}
		sendJson(exchange, 200, answer);
	}

	async #named(exchange: Exchange): Promise<KubeObject> {
		const node = await this.#node();
		const { name = '' } = exchange.params;
		if (node.metadata.name !== name) throw notFound('nodes', name);
		return node;
	}

	async #node(): Promise<KubeObject> {
		const node = (await this.#backend.node()) as unknown as KubeObject;
		if (this.#notes === undefined) return node;
		const { labels, annotations, spec } = this.#notes;
		const metadata = { ...node.metadata, labels, annotations } as KubeObject['metadata'];
		return { ...node, metadata, spec };
	}
}

function plainType(type: PatchType): Exclude<PatchType, 'application/apply-patch+yaml'> {
	return type === 'application/apply-patch+yaml' ? 'application/merge-patch+json' : type;
}

/** The engine does not change while the supervisor runs: a watch tells what is there and then stays quiet. */
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
