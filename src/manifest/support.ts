/**
 * What of an object podrun does not do as it is written: fields that are ignored give warnings, fields that it
 * can't honour at all are refused. Which is which is in support-table.ts. The same for every profile.
 */
import { sameJson } from '../api/object.ts';
import type { KubeObject } from '../api/types.ts';
import { modelOf } from './decode.ts';
import { MODELS } from './schema.generated.ts';
import { DUMPED, KIND_SUPPORT, SUPPORT, type Support, type SupportLevel } from './support-table.ts';

export type { Support, SupportLevel } from './support-table.ts';

/** A field that is used and not honoured. */
export interface SupportFinding {
	/** `spec.containers[0].volumeDevices` */
	readonly path: string;
	readonly level: 'ignored' | 'refused';
	/** Why. */
	readonly note: string;
}

/** One row of the table: a field of the Pod API by its path without indices. */
export interface SupportRow {
	readonly path: string;
	readonly level: SupportLevel;
	readonly note: string;
}

/** Whether podrun runs objects of a kind; undefined for kinds that it does not know. */
export function kindSupport(apiVersion: string, kind: string): Support | undefined {
	return apiVersion === 'v1' && Object.hasOwn(KIND_SUPPORT, kind) ? KIND_SUPPORT[kind] : undefined;
}

/** All fields of an object that are ignored or refused, in the order in which they stand. */
export function unsupportedFields(object: KubeObject): SupportFinding[] {
	const model = modelOf(object.apiVersion, object.kind);
	const findings: SupportFinding[] = [];
	if (model && kindSupport(object.apiVersion, object.kind)) scan(object, model, '', findings);
	return findings;
}

function scan(value: object, model: string, path: string, findings: SupportFinding[]): void {
	const fields = MODELS[model] ?? {};
	const support = Object.hasOwn(SUPPORT, model) ? SUPPORT[model] : undefined;
	for (const [key, inner] of Object.entries(value)) {
		const type = Object.hasOwn(fields, key) ? fields[key] : undefined;
		if (type === undefined || isEmpty(inner)) continue;
		const at = path === '' ? key : `${path}.${key}`;
		const entry = support && Object.hasOwn(support, key) ? support[key] : undefined;
		if (entry?.level === 'ignored' || entry?.level === 'refused') {
			if (entry.quiet?.some((one) => sameJson(one, inner)) || DUMPED.has(at)) continue;
			findings.push({ path: at, level: entry.level, note: entry.note ?? '' });
			continue;
		}
		const why = typeof inner === 'object' ? undefined : entry?.refuses;
		if (why && Object.hasOwn(why, String(inner)))
			findings.push({ path: at, level: 'refused', note: why[String(inner)] ?? '' });
		const child = type.replace(/^(\[\]|\{\})+/, '');
		if (!Object.hasOwn(MODELS, child)) continue;
		if (Array.isArray(inner)) {
			for (const [index, item] of inner.entries())
				if (isObject(item)) scan(item, child, `${at}[${index}]`, findings);
		} else if (isObject(inner)) scan(inner, child, at, findings);
	}
}

function isObject(value: unknown): value is object {
	return typeof value === 'object' && value !== null;
}

function isEmpty(value: unknown): boolean {
	if (value === undefined || value === null || value === '') return true;
	if (Array.isArray(value)) return value.length === 0;
	return false;
}

/**
 * The whole table for the Pod API, by path: `spec.containers.livenessProbe.grpc`. initContainers are left out,
 * they are as containers.
 */
export function supportRows(): SupportRow[] {
	const rows: SupportRow[] = [];
	rowsOf('Pod', '', [], rows);
	return rows;
}

function rowsOf(model: string, path: string, above: readonly string[], rows: SupportRow[]): void {
	for (const [field, type] of Object.entries(MODELS[model] ?? {})) {
		const at = path === '' ? field : `${path}.${field}`;
		const entry = SUPPORT[model]?.[field];
		if (!entry) continue;
		rows.push({ path: at, level: entry.level, note: entry.note ?? '' });
		if (entry.level === 'ignored' || entry.level === 'refused') continue;
		const child = type.replace(/^(\[\]|\{\})+/, '');
		const twin = field === 'initContainers' || field === 'ephemeralContainers';
		if (twin || above.includes(child) || !Object.hasOwn(MODELS, child)) continue;
		rowsOf(child, at, [...above, model], rows);
	}
}

/** Fields of the schema, reachable from a Pod, that the table does not name: none, or a test fails. */
export function unlistedFields(): string[] {
	const missing: string[] = [];
	const seen = new Set<string>();
	const visit = (model: string): void => {
		if (seen.has(model)) return;
		seen.add(model);
		for (const [field, type] of Object.entries(MODELS[model] ?? {})) {
			const entry = SUPPORT[model]?.[field];
			if (!entry) missing.push(`${model}.${field}`);
			const child = type.replace(/^(\[\]|\{\})+/, '');
			if (entry && entry.level !== 'ignored' && entry.level !== 'refused' && Object.hasOwn(MODELS, child))
				visit(child);
		}
	};
	visit('Pod');
	return missing;
}
