/** What a client of the API sees of objects: writes, reads, selectors, pages, patches, refusals. */
import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/api/errors.ts';
import type { KubeObject } from '../../../src/api/types.ts';
import { type ApiFixture, podNamed, serveMemory } from '../../support/api-fixture.ts';

const PODS = '/api/v1/namespaces/default/pods';
let api: ApiFixture;
beforeAll(async () => {
	api = await serveMemory();
});
afterAll(async () => {
	expect(api.bugs).toEqual([]);
	await api[Symbol.asyncDispose]();
});

async function refusal(promise: Promise<unknown>): Promise<ApiError['status']> {
	const error = await promise.then(
		() => undefined,
		(e: unknown) => e,
	);
	if (!(error instanceof ApiError)) throw new Error('a refusal was expected', { cause: error });
	return error.status;
}

function put(name: string, labels?: Record<string, string>) {
	return api.client.request<KubeObject>('POST', PODS, { body: podNamed(name, labels) });
}

/** An answer with its head, as the client does not give it. */
function answer(method: string, path: string, body: unknown): Promise<IncomingMessage> {
	const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
	const sent = request({ socketPath: api.socket, method, path }, resolve);
	sent.once('error', reject).end(JSON.stringify(body));
	return promise.then((response) => response.resume());
}

function patch<T = KubeObject>(name: string, type: string, body: unknown, query = {}) {
	return api.client.request<T>('PATCH', `${PODS}/${name}`, {
		body,
		query,
		headers: { 'content-type': type },
	});
}

describe('writing and reading', () => {
	it('creates, gets, replaces and deletes', async () => {
		const created = await put('crud');
		expect(created).toMatchObject({ kind: 'Pod', metadata: { name: 'crud', namespace: 'default' } });
		expect(await api.client.request('GET', `${PODS}/crud`)).toEqual(created);
		const changed = { ...created, metadata: { ...created.metadata, labels: { tier: 'web' } } };
		const replaced = await api.client.request<KubeObject>('PUT', `${PODS}/crud`, { body: changed });
		expect(replaced.metadata.labels).toEqual({ tier: 'web' });
		const deleted = await api.client.request<KubeObject>('DELETE', `${PODS}/crud`);
		expect(deleted.metadata.deletionTimestamp).toBeDefined();
		await api.client.request('DELETE', `${PODS}/crud`, { query: { gracePeriodSeconds: 0 } });
		expect(await refusal(api.client.request('GET', `${PODS}/crud`))).toEqual({
			kind: 'Status',
			apiVersion: 'v1',
			metadata: {},
			status: 'Failure',
			message: 'pods "crud" not found',
			reason: 'NotFound',
			details: { name: 'crud', kind: 'pods' },
			code: 404,
		});
	});

	it('refuses what contradicts the URL, a stale version, and a name that is taken', async () => {
		const pod = await put('strict');
		expect((await refusal(put('strict'))).reason).toBe('AlreadyExists');
		const elsewhere = { ...podNamed('x'), metadata: { name: 'x', namespace: 'other' } };
		expect((await refusal(api.client.request('POST', PODS, { body: elsewhere }))).code).toBe(400);
		expect(
			(await refusal(api.client.request('PUT', `${PODS}/strict`, { body: podNamed('other') }))).message,
		).toBe('the name of the object (other) does not match the name on the URL (strict)');
		await patch('strict', 'application/merge-patch+json', { metadata: { labels: { a: 'b' } } });
		expect((await refusal(api.client.request('PUT', `${PODS}/strict`, { body: pod }))).reason).toBe(
			'Conflict',
		);
	});

	it("leaves out a cluster's own volume of a token with a warning, also where fields are checked strictly", async () => {
		const name = 'kube-api-access-vq6rt';
		const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
		const dumped = podNamed('dumped');
		const spec = {
			containers: [{ ...dumped.spec.containers[0], volumeMounts: [{ name, mountPath }] }],
			volumes: [{ name, projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
		};
		const { headers, statusCode } = await answer('POST', `${PODS}?fieldValidation=Strict`, {
			...dumped,
			spec,
		});
		expect(statusCode).toBe(201);
		expect(String(headers.warning)).toContain(`spec.volumes[0]: ${name} is left out`);
	});

	it('refuses mistyped fields, another kind, and unknown fields when asked to be strict', async () => {
		const wrong = { ...podNamed('wrong'), spec: { containers: 5 } };
		expect((await refusal(api.client.request('POST', PODS, { body: wrong }))).message).toContain(
			'cannot unmarshal',
		);
		const kind = { ...podNamed('wrong'), kind: 'Secret' };
		expect((await refusal(api.client.request('POST', PODS, { body: kind }))).code).toBe(400);
		const unknown = { ...podNamed('unknown'), spec: { ...podNamed('').spec, imagee: 'x' } };
		const strict = api.client.request('POST', PODS, { body: unknown, query: { fieldValidation: 'Strict' } });
		expect((await refusal(strict)).message).toBe('strict decoding error: unknown field "spec.imagee"');
		const taken = await api.client.request<KubeObject>('POST', PODS, { body: unknown });
		expect(taken.spec).not.toHaveProperty('imagee');
	});

	it('stores nothing in a dry run', async () => {
		await api.client.request('POST', PODS, { body: podNamed('dry'), query: { dryRun: 'All' } });
		expect((await refusal(api.client.request('GET', `${PODS}/dry`))).code).toBe(404);
		const odd = api.client.request('POST', PODS, { body: podNamed('dry'), query: { dryRun: 'Some' } });
		expect((await refusal(odd)).code).toBe(400);
	});

	it('reads YAML, refuses other formats with 415 and 406, and a body beyond 3 MiB with 413', async () => {
		const yaml = 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: from-yaml}\ndata: {a: b}\n';
		const maps = '/api/v1/namespaces/default/configmaps';
		const headers = { 'content-type': 'application/yaml' };
		expect(await api.client.request('POST', maps, { body: yaml, headers })).toMatchObject({
			data: { a: 'b' },
		});
		const protobuf = 'application/vnd.kubernetes.protobuf';
		const sent = api.client.request('POST', maps, { body: 'x', headers: { 'content-type': 'text/html' } });
		expect((await refusal(sent)).code).toBe(415);
		const wanted = api.client.request('GET', maps, { headers: { accept: protobuf } });
		expect((await refusal(wanted)).code).toBe(406);
		const either = { accept: `${protobuf},application/json` };
		expect(await api.client.request('GET', maps, { headers: either })).toMatchObject({
			kind: 'ConfigMapList',
		});
		const huge = { kind: 'ConfigMap', metadata: { name: 'huge' }, data: { a: 'x'.repeat(4 * 1024 * 1024) } };
		expect((await refusal(api.client.request('POST', maps, { body: huge }))).code).toBe(413);
	});

	it('reads protobuf of the kinds that kubectl creates with typed clients', async () => {
		const varint = (value: number): Buffer =>
			value < 128 ? Buffer.of(value) : Buffer.concat([Buffer.of((value & 127) | 128), varint(value >> 7)]);
		const field = (number: number, content: string | Buffer) => {
			const bytes = Buffer.from(content);
			return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
		};
		const entry = field(2, Buffer.concat([field(1, 'key'), field(2, 'value')]));
		const object = Buffer.concat([field(1, field(1, 'from-protobuf')), entry, Buffer.from([4 << 3, 1])]);
		const type = field(1, Buffer.concat([field(1, 'v1'), field(2, 'ConfigMap')]));
		const body = Buffer.concat([Buffer.from('k8s\0'), type, field(2, object)]);
		const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
		const maps = '/api/v1/namespaces/default/configmaps';
		expect(await api.client.request('POST', maps, { body, headers })).toMatchObject({
			kind: 'ConfigMap',
			metadata: { name: 'from-protobuf' },
			data: { key: 'value' },
			immutable: true,
		});
		const number = (at: number, value: number) => Buffer.concat([varint(at << 3), varint(value)]);
		const container = Buffer.concat([
			...[field(1, 'web'), field(2, 'nginx'), field(3, 'a'), field(3, 'b')],
			field(6, Buffer.concat([field(1, 'http'), number(2, 0), number(3, 80), field(4, 'TCP')])),
			// A port's number in a message in the probe's embedded handler.
			field(10, field(1, field(2, field(2, Buffer.concat([number(1, 0), number(2, 80)]))))),
			field(8, field(1, Buffer.concat([field(1, 'cpu'), field(2, field(1, '500m'))]))),
			field(15, Buffer.concat([number(4, 0), number(5, 0)])),
			number(16, 0),
		]);
		const spec = Buffer.concat([
			field(1, Buffer.concat([field(1, 'tmp'), field(2, field(2, field(1, 'Memory')))])),
			field(2, container),
		]);
		const made = Buffer.concat([field(1, Buffer.concat([field(1, 'wired'), field(8, '')])), field(2, spec)]);
		const podType = field(1, Buffer.concat([field(1, 'v1'), field(2, 'Pod')]));
		const wired = Buffer.concat([Buffer.from('k8s\0'), podType, field(2, made)]);
		expect((await api.client.request<KubeObject>('POST', PODS, { body: wired, headers })).spec).toMatchObject(
			{
				volumes: [{ name: 'tmp', emptyDir: { medium: 'Memory' } }],
				containers: [
					{
						name: 'web',
						image: 'nginx',
						command: ['a', 'b'],
						ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
						livenessProbe: { httpGet: { port: 80 } },
						resources: { limits: { cpu: '500m' } },
						securityContext: { runAsUser: 0, runAsNonRoot: false },
					},
				],
			},
		);
		const cut = api.client.request('POST', maps, { body: body.subarray(0, body.length - 3), headers });
		expect((await refusal(cut)).code).toBe(400);
		const pod = Buffer.concat([Buffer.from('k8s\0'), field(1, field(2, 'Pod'))]);
		expect((await refusal(api.client.request('POST', PODS, { body: pod, headers }))).code).toBe(415);
	});

	it('tells unknown paths from wrong methods', async () => {
		expect((await refusal(api.client.request('GET', '/api/v1/services'))).code).toBe(404);
		expect((await refusal(api.client.request('DELETE', '/version'))).code).toBe(405);
		expect((await refusal(api.client.request('GET', `${PODS}/x/exec`))).message).toBe(
			'Upgrade request required',
		);
	});
});

describe('lists', () => {
	it('selects by labels and fields, and pages through one snapshot', async () => {
		for (const n of [1, 2, 3, 4, 5]) await put(`page-${n}`, { set: 'page', odd: String(n % 2 === 1) });
		const odd = await api.client.list(PODS, { labelSelector: 'set=page,odd=true' });
		expect(odd.items.map((item) => item.metadata.name)).toEqual(['page-1', 'page-3', 'page-5']);
		const named = await api.client.list(PODS, { fieldSelector: 'metadata.name=page-2' });
		expect(named.items).toHaveLength(1);
		const first = await api.client.list(PODS, { labelSelector: 'set=page', limit: 2 });
		await put('page-0', { set: 'page' });
		const next = first.metadata.continue ?? '';
		const second = await api.client.list(PODS, { labelSelector: 'set=page', limit: 3, continue: next });
		expect([...first.items, ...second.items].map((item) => item.metadata.name)).toEqual([
			'page-1',
			'page-2',
			'page-3',
			'page-4',
			'page-5',
		]);
		expect(second.metadata.continue).toBeUndefined();
		expect((await refusal(api.client.list(PODS, { limit: 2, continue: 'bm9uZQ' }))).code).toBe(410);
		expect((await refusal(api.client.list(PODS, { fieldSelector: 'spec.x=y' }))).code).toBe(400);
	});

	it('answers as a Table with the columns of kubectl', async () => {
		const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
		const table = await api.client.request<{
			columnDefinitions: { name: string; priority: number }[];
			rows: { cells: unknown[]; object: { kind: string } }[];
		}>('GET', PODS, { headers: { accept }, query: { fieldSelector: 'metadata.name=page-1' } });
		const narrow = table.columnDefinitions.filter((column) => column.priority === 0);
		expect(narrow.map((column) => column.name)).toEqual(['Name', 'Ready', 'Status', 'Restarts', 'Age']);
		expect(table.rows[0]?.cells[0]).toBe('page-1');
		expect(table.rows[0]?.object.kind).toBe('PartialObjectMetadata');
	});

	it('deletes a collection by selector', async () => {
		await api.client.request('DELETE', PODS, {
			query: { labelSelector: 'set=page' },
			body: { gracePeriodSeconds: 0 },
		});
		const left = await api.client.list(PODS, { labelSelector: 'set=page' });
		expect(left.items).toEqual([]);
	});
});

describe('patches', () => {
	it('merges, strategically merges lists by key, and operates', async () => {
		await put('patched', { keep: 'me', drop: 'me' });
		const merged = await patch('patched', 'application/merge-patch+json', {
			metadata: { labels: { drop: null, new: 'one' } },
		});
		expect(merged.metadata.labels).toEqual({ keep: 'me', new: 'one' });
		const strategic = await patch<{ spec: { containers: unknown[] } }>(
			'patched',
			'application/strategic-merge-patch+json',
			{
				spec: {
					containers: [
						{ name: 'web', image: 'nginx:2' },
						{ name: 'side', image: 'busybox' },
					],
				},
			},
		);
		expect(strategic.spec.containers).toEqual([
			{ name: 'web', image: 'nginx:2' },
			{ name: 'side', image: 'busybox' },
		]);
		const removed = await patch<{ spec: { containers: unknown[] } }>(
			'patched',
			'application/strategic-merge-patch+json',
			{ spec: { containers: [{ name: 'side', $patch: 'delete' }] } },
		);
		expect(removed.spec.containers).toHaveLength(1);
		const operated = await patch('patched', 'application/json-patch+json', [
			{ op: 'test', path: '/metadata/labels/keep', value: 'me' },
			{ op: 'replace', path: '/metadata/labels/keep', value: 'you' },
		]);
		expect(operated.metadata.labels).toEqual({ keep: 'you', new: 'one' });
		const failing = patch('patched', 'application/json-patch+json', [
			{ op: 'test', path: '/metadata/labels/keep', value: 'nobody' },
		]);
		expect((await refusal(failing)).code).toBe(422);
		expect((await refusal(patch('patched', 'application/json', {}))).code).toBe(415);
	});

	it('applies on the server: creates, merges, removes what is left out, and tells conflicts', async () => {
		const type = 'application/apply-patch+yaml';
		const config = (labels: Record<string, string>) => ({
			apiVersion: 'v1',
			kind: 'ConfigMap',
			metadata: { name: 'applied', labels },
			data: { a: '1' },
		});
		const path = '/api/v1/namespaces/default/configmaps/applied';
		const apply = (body: unknown, fieldManager: string, force = false) =>
			api.client.request<KubeObject>('PATCH', path, {
				body,
				query: { fieldManager, force },
				headers: { 'content-type': type },
			});
		await apply(config({ one: '1', two: '2' }), 'me');
		await api.client.request('PATCH', path, {
			body: { data: { b: '2' } },
			headers: { 'content-type': 'application/merge-patch+json' },
		});
		const again = await apply(config({ one: '1' }), 'me');
		expect(again.metadata.labels).toEqual({ one: '1' });
		expect(again.data).toEqual({ a: '1', b: '2' });
		const other = { ...config({ one: 'else' }), data: {} };
		const status = await refusal(apply(other, 'you'));
		expect(status.details?.causes).toEqual([
			{ reason: 'FieldManagerConflict', message: 'conflict with "me"', field: '.metadata.labels.one' },
		]);
		expect((await apply(other, 'you', true)).metadata.labels).toEqual({ one: 'else' });
		expect((await refusal(apply(config({}), ''))).code).toBe(400);
	});
});

describe('what is computed', () => {
	it('has discovery, one node, metrics, reviews, eviction and its own endpoints', async () => {
		const get = <T>(path: string) => api.client.request<T>('GET', path);
		const core = await get<{ resources: { name: string }[] }>('/api/v1');
		expect(core.resources.map((one) => one.name)).toContain('pods/exec');
		expect(await get('/apis')).toMatchObject({ kind: 'APIGroupList' });
		expect(await get('/version')).toMatchObject({ major: '1' });
		expect(await get('/api/v1/nodes')).toMatchObject({ items: [{ metadata: { name: 'memory' } }] });
		await put('measured');
		expect(await get('/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/measured')).toMatchObject({
			containers: [{ name: 'web', usage: { cpu: '1500n', memory: '2Ki' } }],
		});
		const running = {
			...(await get<KubeObject>(`${PODS}/measured`)),
			status: { phase: 'Running' },
		};
		await api.client.request('PUT', `${PODS}/measured/status`, { body: running });
		const nodes = '/apis/metrics.k8s.io/v1beta1/nodes';
		expect(await get(nodes)).toMatchObject({ items: [{ usage: { cpu: '1500n', memory: '2Ki' } }] });
		await expect(get(`${nodes}/nowhere`)).rejects.toThrow('nodes "nowhere" not found');
		const review = await api.client.request(
			'POST',
			'/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
			{ body: { spec: {} } },
		);
		expect(review).toMatchObject({ status: { allowed: true } });
		await api.client.request('POST', `${PODS}/measured/eviction`, {
			body: { metadata: { name: 'measured' } },
		});
		expect((await get<KubeObject>(`${PODS}/measured`)).metadata.deletionTimestamp).toBeDefined();
		const restart = '/podrun/v1/namespaces/default/pods/measured/restart';
		await api.client.request('POST', restart, { query: { container: 'web' } });
		expect(api.backend.restarts).toEqual(['default/measured/web']);
		const other = api.client.request('POST', restart, { query: { container: 'nope' } });
		await expect(other).rejects.toThrow('container nope is not valid for pod measured out of: web');
		await api.client.request('PATCH', `${PODS}/measured/ephemeralcontainers`, {
			body: { spec: { ephemeralContainers: [{ name: 'look', image: 'busybox' }] } },
			headers: { 'content-type': 'application/strategic-merge-patch+json' },
		});
		const look = api.client.request('POST', restart, { query: { container: 'look' } });
		await expect(look).rejects.toThrow('never restarted');
		expect(await get('/podrun/v1/supervisor')).toMatchObject({
			pid: process.pid,
			stateFolder: expect.any(String),
		});
	});
});

describe('the node', () => {
	it('keeps what clients note on it, and says that a cordon keeps no pod away', async () => {
		const { items } = await api.client.list('/api/v1/nodes');
		const path = `/api/v1/nodes/${items[0]?.metadata.name}`;
		const change = (body: unknown, query = {}) =>
			api.client.request<KubeObject>('PATCH', path, {
				body,
				query,
				headers: { 'content-type': 'application/strategic-merge-patch+json' },
			});
		await change({ metadata: { labels: { disk: 'fast' } } });
		await change({ metadata: { labels: { disk: 'none' } } }, { dryRun: 'All' });
		await change({ spec: { unschedulable: true } });
		expect(await api.client.request('GET', path)).toMatchObject({
			metadata: { labels: { disk: 'fast' } },
			spec: { unschedulable: true },
		});
		await change({ metadata: { labels: { disk: null } } });
		expect((await api.client.request<KubeObject>('GET', path)).metadata.labels ?? {}).not.toHaveProperty(
			'disk',
		);
	});
});
