/** OpenAPI must hold together: what generators and older clients read, and a refusal for what is not spoken. */
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiFixture, serveMemory } from '../../support/api-fixture.ts';

interface Swagger {
	readonly paths: Record<string, Record<string, { readonly operationId?: string }>>;
	readonly definitions: Record<string, { readonly properties?: Record<string, unknown> }>;
}

let api: ApiFixture;
beforeAll(async () => {
	api = await serveMemory();
});
afterAll(() => api[Symbol.asyncDispose]());

function asked(accept: string): Promise<number | undefined> {
	const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
	const sent = request({ socketPath: api.socket, path: '/openapi/v2', headers: { accept } }, (answer) => {
		answer.resume();
		resolve(answer.statusCode);
	});
	sent.once('error', reject).end();
	return promise;
}

test('v2 has an operation for whatever is served, each with a name of its own, and no dangling reference', async () => {
	const { paths, definitions } = await api.client.request<Swagger>('GET', '/openapi/v2');
	const operations = Object.values(paths).flatMap((path) =>
		Object.values(path).flatMap(({ operationId }) => operationId ?? []),
	);
	expect(new Set(operations).size).toBe(operations.length);
	expect(operations).toEqual(
		expect.arrayContaining([
			'listCoreV1PodForAllNamespaces',
			'createCoreV1NamespacedPod',
			'readCoreV1NamespacedConfigMap',
			'deleteCoreV1CollectionNamespacedSecret',
			'readCoreV1Node',
		]),
	);
	const references = [...JSON.stringify([paths, definitions]).matchAll(/"#\/definitions\/([^"]+)"/g)];
	expect(references.length).toBeGreaterThan(100);
	for (const [, name = ''] of references) expect(definitions).toHaveProperty([name]);
	expect(definitions['io.k8s.api.core.v1.Pod']?.properties?.spec).toEqual({
		description: 'podrun: honoured',
		$ref: '#/definitions/io.k8s.api.core.v1.PodSpec',
	});
});

test('v2 is refused to a client that takes protobuf alone', async () => {
	const protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
	expect(await asked(protobuf)).toBe(406);
	expect(await asked(`${protobuf}, application/json`)).toBe(200);
});
