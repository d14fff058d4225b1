/**
 * OpenAPI of the core group, made from the tables that manifests are decoded by: what `kubectl explain` shows,
 * and the parameters by which kubectl knows that the server validates fields and bears dry runs. A field's
 * description says what podrun makes of it; Kubernetes' documentation says the rest.
 */
import { KUBERNETES_VERSION, VERSION } from '../api/version.ts';
import { KINDS, MODELS } from '../manifest/schema.generated.ts';
import { KIND_SUPPORT, SUPPORT, type Support } from '../manifest/support-table.ts';
import { RESOURCES } from './resources.ts';

export const INFO = { title: 'podrun', version: KUBERNETES_VERSION.gitVersion };

/** GET /openapi/v3 */
export function openapiV3(): unknown {
	return { paths: { 'api/v1': { serverRelativeURL: `/openapi/v3/api/v1?hash=podrun-${VERSION}` } } };
}

/** GET /openapi/v3/api/v1 */
export function openapiCore(): unknown {
	return { openapi: '3.0.0', info: INFO, paths: paths(), components: { schemas: schemas() } };
}

function paths(): Record<string, unknown> {
	const result: Record<string, unknown> = {};
	for (const { kind, name, namespaced, stored } of RESOURCES) {
		if (!stored) continue;
		const base = namespaced ? `/api/v1/namespaces/{namespace}/${name}` : `/api/v1/${name}`;
		const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((one) => ({
			name: one,
			in: 'query',
			schema: { type: 'string', uniqueItems: true },
		}));
		const write = { parameters, responses: {}, 'x-kubernetes-group-version-kind': groupVersionKind(kind) };
		result[base] = { post: { ...write, 'x-kubernetes-action': 'post' } };
		result[`${base}/{name}`] = {
			put: { ...write, 'x-kubernetes-action': 'put' },
			patch: { ...write, 'x-kubernetes-action': 'patch' },
		};
	}
	return result;
}

export function groupVersionKind(kind: string): Record<string, string> {
	return { group: '', kind, version: 'v1' };
}

/** The models of the kinds that are served, and those that they are made of. */
export function schemas(): Record<string, unknown> {
	const result: Record<string, unknown> = {};
	const add = (model: string): void => {
		const fields = MODELS[model];
		if (fields === undefined || Object.hasOwn(result, nameOf(model))) return;
		const properties: Record<string, unknown> = {};
		result[nameOf(model)] = { type: 'object', ...kindOf(model), properties };
		for (const [field, type] of Object.entries(fields)) {
			const described = descriptionOf(SUPPORT[model]?.[field]);
			properties[field] = { ...described, ...schemaOf(type) };
			add(type.replace(/^(\[\]|\{\})+/, ''));
		}
	};
	for (const { kind } of RESOURCES) {
		const model = KINDS.v1?.[kind];
		if (model !== undefined) add(model);
		// Computed kinds have no table: their fields are free.
		else
			result[nameOf(kind)] = { type: 'object', 'x-kubernetes-group-version-kind': [groupVersionKind(kind)] };
	}
	return result;
}

/** What makes a schema that of a kind: `explain` finds it by that. */
function kindOf(model: string): Record<string, unknown> {
	const [kind] = Object.entries(KINDS.v1 ?? {}).find(([, name]) => name === model) ?? [];
	if (kind === undefined) return {};
	return {
		...descriptionOf(KIND_SUPPORT[kind]),
		'x-kubernetes-group-version-kind': [groupVersionKind(kind)],
	};
}

function descriptionOf(support: Support | undefined): { readonly description?: string } {
	if (support === undefined) return {};
	return { description: `podrun: ${support.note ? `${support.level}: ${support.note}` : support.level}` };
}

function schemaOf(type: string): Record<string, unknown> {
	if (type.startsWith('[]')) return { type: 'array', items: schemaOf(type.slice(2)) };
	if (type.startsWith('{}')) return { type: 'object', additionalProperties: schemaOf(type.slice(2)) };
	switch (type) {
		case 'string':
		case 'boolean':
			return { type };
		case 'int32':
		case 'int64':
			return { type: 'integer', format: type };
		case 'time':
		case 'microTime':
			return { type: 'string', format: 'date-time' };
		case 'bytes':
			return { type: 'string', format: 'byte' };
		case 'quantity':
			return { type: 'string', format: 'quantity' };
		case 'intOrString':
			return { type: 'string', format: 'int-or-string' };
	}
	return Object.hasOwn(MODELS, type)
		? { allOf: [{ $ref: `#/components/schemas/${nameOf(type)}` }], default: {} }
		: { type: 'object' };
}

const META = new Set(['ObjectMeta', 'OwnerReference', 'ManagedFieldsEntry', 'LabelSelector', 'ListMeta']);

function nameOf(model: string): string {
	return META.has(model) ? `io.k8s.apimachinery.pkg.apis.meta.v1.${model}` : `io.k8s.api.core.v1.${model}`;
}
