/** Rules for metadata: names, namespaces, labels, annotations. The same for every kind. */
import type { ObjectMeta } from '../../api/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { byteLength, dnsLabel, labelValue, qualifiedName } from './names.ts';

/** All annotations of an object together, keys and values. */
const MAX_ANNOTATIONS = 256 * 1024;

/** `name` says what a name of this kind may look like: a subdomain for most, a label for namespaces. */
export function checkMetadata(
	errors: FieldErrors,
	object: { metadata: ObjectMeta },
	name: (word: string) => string[],
): void {
	const meta = object.metadata;
	const path = 'metadata';
	if (meta.generateName) {
		// A suffix will be appended, so a trailing dash is fine.
		errors.invalidAll(`${path}.generateName`, meta.generateName, name(meta.generateName.replace(/-$/, 'a')));
	}
	if (!meta.name) {
		if (!meta.generateName) errors.required(`${path}.name`, 'name or generateName is required');
	} else errors.invalidAll(`${path}.name`, meta.name, name(meta.name));
	if (meta.namespace) errors.invalidAll(`${path}.namespace`, meta.namespace, dnsLabel(meta.namespace));
	errors.nonNegative(`${path}.generation`, meta.generation);
	checkLabels(errors, `${path}.labels`, meta.labels);
	checkAnnotations(errors, `${path}.annotations`, meta.annotations);
	checkOwners(errors, path, meta);
	for (const [index, finalizer] of (meta.finalizers ?? []).entries()) {
		errors.invalidAll(`${path}.finalizers[${index}]`, finalizer, qualifiedName(finalizer));
	}
}

/** Keys are qualified names, values at most 63 plain characters. */
export function checkLabels(
	errors: FieldErrors,
	path: string,
	labels: Record<string, string> | undefined,
): void {
	for (const [key, value] of Object.entries(labels ?? {})) {
		errors.invalidAll(`${path}[${key}]`, key, qualifiedName(key));
		errors.invalidAll(`${path}[${key}]`, value, labelValue(value));
	}
}

function checkAnnotations(errors: FieldErrors, path: string, annotations: ObjectMeta['annotations']): void {
	let total = 0;
	for (const [key, value] of Object.entries(annotations ?? {})) {
		// Prefixes may hold capitals here, which a DNS name may not.
		errors.invalidAll(`${path}[${key}]`, key, qualifiedName(key.toLowerCase()));
		total += byteLength(key) + byteLength(value);
	}
	if (total > MAX_ANNOTATIONS) errors.tooLong(path, MAX_ANNOTATIONS);
}

function checkOwners(errors: FieldErrors, path: string, meta: ObjectMeta): void {
	for (const [index, owner] of (meta.ownerReferences ?? []).entries()) {
		const at = `${path}.ownerReferences[${index}]`;
		for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
			if (!owner[field])
				errors.invalid(
					`${at}.${field}`,
					owner[field] ?? '',
					`${field === 'apiVersion' ? 'version' : field} must not be empty`,
				);
		}
	}
}
