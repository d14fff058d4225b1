/** Watches as clients see them, raw and through the client's list-then-watch. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../../src/api/backend.ts';
import type { KubeObject } from '../../../src/api/types.ts';
import { type ApiFixture, podNamed, serveMemory } from '../../support/api-fixture.ts';

const PODS = '/api/v1/namespaces/default/pods';
let api: ApiFixture;
beforeEach(async () => {
	api = await serveMemory();
});
afterEach(async () => {
	expect(api.bugs).toEqual([]);
	await api[Symbol.asyncDispose]();
});

function create(name: string, labels?: Record<string, string>) {
	return api.backend.create('Pod', {
		...podNamed(name, labels),
		metadata: { name, namespace: 'default', labels: labels ?? {} },
	});
}

async function relabel(name: string, labels: Record<string, string>): Promise<void> {
	const pod = await api.backend.get('Pod', 'default', name);
	await api.backend.update('Pod', { ...pod, metadata: { ...pod.metadata, labels } });
}

function told(event: { type: string; object: KubeObject } | undefined): string {
	return event === undefined ? 'end' : `${event.type} ${event.object.metadata?.name ?? ''}`.trim();
}

/** The lines of a raw watch, parsed, one at a time. */
async function rawWatch(query: Record<string, string>, accept = 'application/json') {
	const abort = new AbortController();
	const path = `${PODS}?${new URLSearchParams({ watch: 'true', ...query })}`;
	const body = await api.client.stream(path, {}, abort.signal);
	body.setEncoding('utf8');
	expect(accept).toBe('application/json');
	let rest = '';
	const pending: string[] = [];
	const chunks = body[Symbol.asyncIterator]();
	return {
		async next(): Promise<WatchEvent | undefined> {
			while (pending.length === 0) {
				const { done, value } = await chunks.next();
				if (done) return undefined;
				const pieces = `${rest}${value as string}`.split('\n');
				rest = pieces.pop() ?? '';
				pending.push(...pieces.filter((piece) => piece !== ''));
			}
			return JSON.parse(pending.shift() ?? '') as WatchEvent;
		},
		stop: () => {
			abort.abort();
			body.on('error', () => {}).destroy();
		},
	};
}

describe('a raw watch', () => {
	it('begins with what is there when no version is named, and after one that is', async () => {
		await create('one');
		const { resourceVersion } = await api.backend.list('Pod', 'default');
		const all = await rawWatch({});
		expect(told(await all.next())).toBe('ADDED one');
		const after = await rawWatch({ resourceVersion });
		await create('two');
		expect(told(await all.next())).toBe('ADDED two');
		expect(told(await after.next())).toBe('ADDED two');
		api.backend.remove('Pod', 'default', 'two');
		expect(told(await after.next())).toBe('DELETED two');
		all.stop();
		after.stop();
	});

	it('marks the end of the initial events with a bookmark', async () => {
		await create('one');
		const watch = await rawWatch({
			sendInitialEvents: 'true',
			allowWatchBookmarks: 'true',
			resourceVersionMatch: 'NotOlderThan',
		});
		expect(told(await watch.next())).toBe('ADDED one');
		const bookmark = await watch.next();
		expect(bookmark?.type).toBe('BOOKMARK');
		expect(bookmark?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
		watch.stop();
	});

	it('tells an object that begins or ceases to match a selector as ADDED and DELETED', async () => {
		await create('one', { tier: 'db' });
		const { resourceVersion } = await api.backend.list('Pod', 'default');
		const watch = await rawWatch({ resourceVersion, labelSelector: 'tier=web' });
		await relabel('one', { tier: 'web' });
		expect(told(await watch.next())).toBe('ADDED one');
		await relabel('one', { tier: 'web', more: 'x' });
		expect(told(await watch.next())).toBe('MODIFIED one');
		await relabel('one', { tier: 'db' });
		expect(told(await watch.next())).toBe('DELETED one');
		watch.stop();
	});

	it('answers a version that is too old with an ERROR of 410 and ends', async () => {
		api.backend.oldest = 1000;
		const watch = await rawWatch({ resourceVersion: '5' });
		const error = await watch.next();
		expect(error).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
		expect(await watch.next()).toBeUndefined();
	});

	it('ends after timeoutSeconds, and frees everything when the client goes', async () => {
		const short = await rawWatch({ timeoutSeconds: '0' });
		expect(await short.next()).toBeUndefined();
		const long = await rawWatch({});
		expect(api.server.open).toBe(1);
		long.stop();
		await expect.poll(() => api.server.open).toBe(0);
	});
});

describe("the client's watch", () => {
	it('lists, says so with a bookmark, follows, and after 410 tells only what differs', async () => {
		await create('stays');
		await create('goes');
		const abort = new AbortController();
		const events = api.client.watch(PODS, { signal: abort.signal })[Symbol.asyncIterator]();
		const next = async () => {
			const { done, value } = await events.next();
			return told(done ? undefined : value);
		};
		expect([await next(), await next(), await next()]).toEqual(['ADDED goes', 'ADDED stays', 'BOOKMARK']);
		await create('new');
		expect(await next()).toBe('ADDED new');

		// The connection breaks, and what happens in the meantime falls out of the history.
		api.server.http.closeAllConnections();
		api.backend.remove('Pod', 'default', 'goes');
		await create('late');
		api.backend.oldest = 10_000;
		const differences = [await next(), await next()].sort();
		expect(differences).toEqual(['ADDED late', 'DELETED goes']);
		abort.abort();
		await events.return?.();
	});
});

describe('many clients', () => {
	it('200 watches and 1,000 requests leave nothing open behind them', async () => {
		await using busy = await serveMemory();
		const stop = new AbortController();
		const maps = '/api/v1/namespaces/default/configmaps';
		const seen = await Promise.all(
			Array.from({ length: 200 }, async () => {
				const stream = await busy.client.stream(maps, { watch: true }, stop.signal);
				const watch = { text: '' };
				stream.on('error', () => {});
				stream.on('data', (chunk: Buffer) => {
					watch.text += chunk.toString();
				});
				return watch;
			}),
		);
		expect(busy.server.open).toBe(200);
		const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'told' } };
		await busy.client.request('POST', maps, { body: map });
		for (let round = 0; round < 10; round++) {
			await Promise.all(Array.from({ length: 100 }, () => busy.client.list(maps)));
		}
		await expect.poll(() => seen.every(({ text }) => text.includes('"told"'))).toBe(true);
		stop.abort();
		await expect.poll(() => busy.server.open).toBe(0);
	});
});
