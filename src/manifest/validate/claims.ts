/** Rules for PersistentVolumeClaims, and for the templates of ephemeral volumes. */
import { compareQuantities, tryParseQuantity } from '../../api/quantity.ts';
import type { PersistentVolumeClaim } from '../../api/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { dnsSubdomain } from './names.ts';
import { checkLabelSelector } from './selectors.ts';

type ClaimSpec = NonNullable<PersistentVolumeClaim['spec']>;

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const VOLUME_MODES = ['Block', 'Filesystem'];

/** Access modes, selector, size and volume mode of a claim. */
export function checkClaimSpec(errors: FieldErrors, path: string, spec: ClaimSpec | undefined): void {
	const modes: readonly string[] = spec?.accessModes ?? [];
	if (modes.length === 0) errors.required(`${path}.accessModes`, 'at least 1 access mode is required');
	checkLabelSelector(errors, `${path}.selector`, spec?.selector);
	for (const [index, mode] of modes.entries()) {
		if (!ACCESS_MODES.includes(mode)) errors.unsupported(`${path}.accessModes[${index}]`, mode, ACCESS_MODES);
	}
	if (modes.includes('ReadWriteOncePod') && modes.length > 1) {
		errors.forbidden(`${path}.accessModes`, 'may not use ReadWriteOncePod with other access modes');
	}
	const storage = spec?.resources?.requests?.storage;
	if (storage === undefined) errors.required(`${path}.resources[storage]`);
	else {
		const quantity = tryParseQuantity(storage);
		if (quantity && quantity.nano <= 0n)
			errors.invalid(`${path}.resources.requests[storage]`, storage, 'must be greater than zero');
	}
	if (spec?.storageClassName)
		errors.invalidAll(`${path}.storageClassName`, spec.storageClassName, dnsSubdomain(spec.storageClassName));
	const mode: string | undefined = spec?.volumeMode;
	if (mode !== undefined && !VOLUME_MODES.includes(mode))
		errors.unsupported(`${path}.volumeMode`, mode, VOLUME_MODES);
	for (const field of ['dataSource', 'dataSourceRef'] as const) {
		const source = spec?.[field];
		if (!source) continue;
		if (!source.name) errors.required(`${path}.${field}.name`);
		if (!source.kind) errors.required(`${path}.${field}.kind`);
		if (!source.apiGroup && source.kind && source.kind !== 'PersistentVolumeClaim') {
			errors.invalid(
				`${path}.${field}`,
				source.kind,
				"must be 'PersistentVolumeClaim' when referencing the default apiGroup",
			);
		}
	}
}

/** A claim's spec stays as it was; only its size may grow once it is bound, and its volume be named once. */
export function checkClaimUpdate(
	errors: FieldErrors,
	next: PersistentVolumeClaim,
	previous: PersistentVolumeClaim,
): void {
	const [was, is] = [previous.spec ?? {}, next.spec ?? {}];
	const [before, now] = [was.resources?.requests?.storage, is.resources?.requests?.storage];
	const bound = previous.status?.phase === 'Bound';
	const comparable = (spec: ClaimSpec, other: ClaimSpec): string => {
		const requests = { ...spec.resources?.requests };
		if (bound) delete requests.storage;
		const volumeName = other.volumeName && spec.volumeName ? spec.volumeName : undefined;
		return stable({ ...spec, volumeName, resources: { ...spec.resources, requests } });
	};
	if (comparable(is, was) !== comparable(was, is)) {
		errors.forbidden(
			'spec',
			'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
		);
	}
	const [old, fresh] = [tryParseQuantity(before), tryParseQuantity(now)];
	if (old && fresh && compareQuantities(fresh, old) < 0) {
		errors.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
	}
}

/** JSON with sorted keys, in which what is absent and what is undefined are the same. */
export function stable(value: unknown): string {
	return JSON.stringify(value, (_key, inner: unknown) =>
		typeof inner === 'object' && inner !== null && !Array.isArray(inner)
			? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
			: inner,
	);
}
