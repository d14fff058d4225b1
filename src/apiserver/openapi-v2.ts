/**
 * OpenAPI v2 of the core group, for older kubectl and for generators of clients, which go by operations and the
 * schemas of their bodies. As JSON; whoever takes its protobuf form alone is refused.
 */
import { ApiError } from '../api/errors.ts';
import { accepted, type Exchange } from './exchange.ts';
import { groupVersionKind, INFO, schemas } from './openapi.ts';
import { RESOURCES } from './resources.ts';

/** GET /openapi/v2. Throws 406. */
export function openapiV2({ request }: Pick<Exchange, 'request'>): unknown {
	const types = accepted(request.headers.accept ?? '*/*').map(({ type }) => type);
	if (!types.some((type) => ['*/*', 'application/*', 'application/json'].includes(type))) {
		throw new ApiError(406, 'NotAcceptable', 'only the following media types are accepted: application/json');
	}
	return {
		swagger: '2.0',
		info: INFO,
		paths: operationPaths(),
		definitions: { ...asDefinitions(schemas()), ...LISTS_AND_PATCH },
	};
}

const STATUS = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status';
const PATCH = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch';

const LISTS_AND_PATCH: Readonly<Record<string, unknown>> = {
	[STATUS]: { type: 'object', 'x-kubernetes-group-version-kind': [groupVersionKind('Status')] },
	[PATCH]: { type: 'object' },
	...Object.fromEntries(
		RESOURCES.map(({ kind }) => [
			`io.k8s.api.core.v1.${kind}List`,
			{
				type: 'object',
				required: ['items'],
				properties: {
					apiVersion: { type: 'string' },
					items: { type: 'array', items: reference(kind) },
					kind: { type: 'string' },
					metadata: { type: 'object' },
				},
				'x-kubernetes-group-version-kind': [groupVersionKind(`${kind}List`)],
			},
		]),
	),
};

/** Swagger 2 has its schemas elsewhere, and a `$ref` with nothing beside it. */
function asDefinitions(value: Record<string, unknown>): Record<string, unknown> {
	return JSON.parse(
		JSON.stringify(value, (_key, inner: unknown) => {
			if (typeof inner !== 'object' || inner === null || !('allOf' in inner)) return inner;
			const { allOf, default: _, ...rest } = inner as { allOf: { $ref: string }[]; default?: unknown };
			const $ref = allOf[0]?.$ref.replace('#/components/schemas/', '#/definitions/');
			return { ...rest, $ref };
		}),
	) as Record<string, unknown>;
}

function reference(kind: string): { readonly $ref: string } {
	return { $ref: `#/definitions/${kind === 'Status' ? STATUS : `io.k8s.api.core.v1.${kind}`}` };
}

function operationPaths(): Record<string, unknown> {
	const result: Record<string, unknown> = {};
	for (const resource of RESOURCES) {
		const { kind, name, namespaced, stored } = resource;
		const all = `/api/v1/${name}`;
		const collection = namespaced ? `/api/v1/namespaces/{namespace}/${name}` : all;
		const told = { kind, space: namespaced ? 'Namespaced' : '' };
		if (namespaced) {
			result[all] = { get: operation('list', { ...told, space: '', suffix: 'ForAllNamespaces' }) };
		}
		result[collection] = {
			get: operation('list', told),
			...(stored ? { post: operation('create', told), delete: operation('deleteCollection', told) } : {}),
			...(namespaced ? { parameters: [pathParameter('namespace')] } : {}),
		};
		result[`${collection}/{name}`] = {
			get: operation('read', told),
			...(stored
				? {
						put: operation('replace', told),
						patch: operation('patch', told),
						delete: operation('delete', told),
					}
				: {}),
			parameters: [...(namespaced ? [pathParameter('namespace')] : []), pathParameter('name')],
		};
	}
	return result;
}

/** What each does: its action, its answer and its body. */
const OPERATIONS = {
	list: { action: 'list', answer: 'List' },
	create: { action: 'post', body: true, answer: '' },
	read: { action: 'get', answer: '' },
	replace: { action: 'put', body: true, answer: '' },
	patch: { action: 'patch', body: true, answer: '' },
	delete: { action: 'delete', answer: 'Status' },
	deleteCollection: { action: 'deletecollection', answer: 'Status' },
} as const;

function operation(
	verb: keyof typeof OPERATIONS,
	{ kind, space, suffix = '' }: { readonly kind: string; readonly space: string; readonly suffix?: string },
): unknown {
	const { action, answer, ...rest } = OPERATIONS[verb];
	const what =
		verb === 'deleteCollection' ? ['deleteCoreV1Collection', space, kind] : [`${verb}CoreV1`, space, kind];
	const schema = verb === 'patch' ? { $ref: `#/definitions/${PATCH}` } : reference(kind);
	return {
		consumes: ['*/*'],
		produces: ['application/json'],
		schemes: ['https'],
		tags: ['core_v1'],
		operationId: `${what.join('')}${suffix}`,
		parameters: 'body' in rest ? [{ name: 'body', in: 'body', required: true, schema }] : [],
		responses: {
			200: { description: 'OK', schema: reference(answer === 'Status' ? 'Status' : `${kind}${answer}`) },
		},
		'x-kubernetes-action': action,
		'x-kubernetes-group-version-kind': groupVersionKind(kind),
	};
}

function pathParameter(name: string): unknown {
	return { name, in: 'path', required: true, type: 'string', uniqueItems: true };
}
