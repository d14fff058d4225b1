/** What watching needs: files into containers, images from contexts, and an answer when a pod has settled. */
import type { Backend } from '../api/backend.ts';
import { ApiError, badRequest } from '../api/errors.ts';
import { type Exchange, sendJson, statusOf } from './exchange.ts';
import type { Handler, Route } from './routes.ts';

/** Of one sync: more than any client sends at once. */
const SYNC_LIMIT = 512 * 1024 * 1024;

/** The routes below /podrun/v1. */
export function syncRoutes(backend: Backend): Route<Handler>[] {
	const pod = '/podrun/v1/namespaces/:namespace/pods/:name';
	return [
		['POST', `${pod}/sync`, (x) => sync(backend, x)],
		['GET', `${pod}/sync`, (x) => synced(backend, x)],
		['POST', `${pod}/staged`, (x) => stage(backend, x)],
		['DELETE', `${pod}/staged`, (x) => unstage(backend, x)],
		['GET', `${pod}/watched`, (x) => watched(backend, x)],
		['GET', `${pod}/settled`, (x) => settled(backend, x)],
		['POST', `${pod}/image`, (x) => replace(backend, x)],
		[
			'GET',
			'/podrun/v1/image',
			async (x) => sendJson(x, 200, { id: await backend.imageID(needed(x, 'image')) }),
		],
		['POST', '/podrun/v1/build', (x) => build(backend, x)],
	];
}

async function sync(backend: Backend, x: Exchange): Promise<void> {
	const { namespace = '', name = '' } = x.params;
	const body = await readWhole(x);
	sendJson(x, 200, await backend.sync(namespace, name, needed(x, 'container'), body));
}

async function synced(backend: Backend, x: Exchange): Promise<void> {
	const { namespace = '', name = '' } = x.params;
	const paths = await backend.syncedPaths(namespace, name, needed(x, 'container'));
	sendJson(x, 200, { paths });
}

async function stage(backend: Backend, x: Exchange): Promise<void> {
	const { namespace = '', name = '' } = x.params;
	const body = await readWhole(x);
	await backend.stage(namespace, name, needed(x, 'container'), body);
	sendJson(x, 200, { delivered: false });
}

async function unstage(backend: Backend, x: Exchange): Promise<void> {
	const { namespace = '', name = '' } = x.params;
	await backend.unstage(namespace, name);
	sendJson(x, 200, {});
}

/** Not answered before the supervisor ends: the client's connection is the sign. */
async function watched(backend: Backend, x: Exchange): Promise<void> {
	const { namespace = '', name = '' } = x.params;
	await backend.watched(namespace, name, x.signal);
	if (!x.response.destroyed) sendJson(x, 200, {});
}

async function settled(backend: Backend, x: Exchange): Promise<void> {
	const { namespace = '', name = '' } = x.params;
	await backend.settled(namespace, name, x.signal);
	sendJson(x, 200, {});
}

async function replace(backend: Backend, x: Exchange): Promise<void> {
	const { namespace = '', name = '' } = x.params;
	sendJson(x, 200, { containers: await backend.replaceImage(namespace, name, needed(x, 'image')) });
}

/**
 * The body is the context as a tar. The answer is a line of JSON for each piece of output, and one with the
 * id or with the Status of a failure at the end: by then the head is long on its way.
 */
async function build(backend: Backend, x: Exchange): Promise<void> {
	const image = needed(x, 'image');
	const target = x.query.get('target');
	const args = argsOf(x.query.get('args'));
	x.response.writeHead(200, { 'content-type': 'application/x-ndjson' });
	const say = (line: unknown): void => {
		x.response.write(`${JSON.stringify(line)}\n`);
	};
	try {
		const request = {
			context: x.request,
			image,
			dockerfile: x.query.get('dockerfile') || 'Dockerfile',
			...(target ? { target } : {}),
			...(args ? { args } : {}),
		};
		say({ id: await backend.build(request, (text) => say({ output: text }), x.signal) });
	} catch (error) {
		if (!(error instanceof ApiError)) throw error;
		say({ status: statusOf(error) });
	}
	x.response.end();
}

function argsOf(text: string | null): Record<string, string> | undefined {
	if (text === null || text === '') return undefined;
	try {
		return JSON.parse(text) as Record<string, string>;
	} catch {
		throw badRequest('args: must be an object of strings as JSON');
	}
}

function needed(x: Exchange, name: string): string {
	const value = x.query.get(name);
	if (value === null || value === '') throw badRequest(`${name} is missing in the query`);
	return value;
}

async function readWhole(x: Exchange): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let length = 0;
	for await (const chunk of x.request) {
		length += (chunk as Buffer).length;
		if (length > SYNC_LIMIT) {
			throw new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${SYNC_LIMIT}`);
		}
		chunks.push(chunk as Buffer);
	}
	return Buffer.concat(chunks);
}
