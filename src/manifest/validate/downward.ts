/** Rules for references to fields of the Pod itself: fieldRef and resourceFieldRef, in env and in volumes. */
import { formatQuantity, tryParseQuantity } from '../../api/quantity.ts';
import type { FieldErrors } from './field-errors.ts';
import { qualifiedName } from './names.ts';

export interface FieldRef {
	readonly apiVersion?: string;
	readonly fieldPath: string;
}

export interface ResourceFieldRef {
	readonly containerName?: string;
	readonly divisor?: string | number;
	readonly resource: string;
}

export const ENV_FIELDS = [
	'metadata.name',
	'metadata.namespace',
	'metadata.uid',
	'spec.nodeName',
	'spec.serviceAccountName',
	'status.hostIP',
	'status.hostIPs',
	'status.podIP',
	'status.podIPs',
] as const;

export const VOLUME_FIELDS = [
	'metadata.annotations',
	'metadata.labels',
	'metadata.name',
	'metadata.namespace',
	'metadata.uid',
] as const;

const KNOWN_FIELDS = new Set<string>([...ENV_FIELDS, ...VOLUME_FIELDS, 'spec.restartPolicy', 'status.phase']);

const RESOURCES = [
	'limits.cpu',
	'limits.ephemeral-storage',
	'limits.memory',
	'requests.cpu',
	'requests.ephemeral-storage',
	'requests.memory',
] as const;
const HUGE_PAGES = ['limits.hugepages-', 'requests.hugepages-'] as const;

const BYTES = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

/** `metadata.labels['app']` → its path and its key. */
function splitSubscript(fieldPath: string): { path: string; key: string } | undefined {
	const match = /^([^[\]]+)\['(.*)'\]$/s.exec(fieldPath);
	return match?.[1] !== undefined && match[2] !== undefined ? { path: match[1], key: match[2] } : undefined;
}

/** `supported`: the paths that may stand here; they differ between env and volumes. */
export function checkFieldRef(
	errors: FieldErrors,
	path: string,
	ref: FieldRef,
	supported: readonly string[],
): void {
	const { fieldPath } = ref;
	if (ref.apiVersion !== undefined && ref.apiVersion !== '' && ref.apiVersion !== 'v1') {
		const why = `unsupported pod version: ${ref.apiVersion}`;
		errors.invalid(`${path}.fieldPath`, fieldPath ?? '', `error converting fieldPath: ${why}`);
		return;
	}
	if (!fieldPath) {
		errors.required(`${path}.fieldPath`);
		return;
	}
	const subscript = splitSubscript(fieldPath);
	if (subscript) {
		const { path: field, key } = subscript;
		if (field === 'metadata.annotations')
			errors.invalidAll(path, key.toLowerCase(), qualifiedName(key.toLowerCase()));
		else if (field === 'metadata.labels') errors.invalidAll(path, key, qualifiedName(key));
		else if (KNOWN_FIELDS.has(field)) errors.invalid(path, field, 'does not support subscript');
		else unknownField(errors, path, fieldPath);
	} else if (!KNOWN_FIELDS.has(fieldPath)) unknownField(errors, path, fieldPath);
	else if (!supported.includes(fieldPath)) errors.unsupported(`${path}.fieldPath`, fieldPath, supported);
}

function unknownField(errors: FieldErrors, path: string, fieldPath: string): void {
	const why = `field label not supported: ${fieldPath}`;
	errors.invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${why}`);
}

/** In a volume the container must be named; in a container's env it is the container itself by default. */
export function checkResourceFieldRef(
	errors: FieldErrors,
	path: string,
	ref: ResourceFieldRef,
	inVolume: boolean,
): void {
	const { resource } = ref;
	const hugePages = HUGE_PAGES.some((prefix) => resource?.startsWith(prefix));
	if (inVolume && !ref.containerName) errors.required(`${path}.containerName`);
	else if (!resource) errors.required(`${path}.resource`);
	else if (!(RESOURCES as readonly string[]).includes(resource) && !hugePages) {
		errors.unsupported(`${path}.resource`, resource, RESOURCES);
	}
	const divisor = tryParseQuantity(ref.divisor);
	if (!divisor || divisor.nano === 0n || !resource) return;
	const text = formatQuantity(divisor);
	if (resource.endsWith('.cpu')) {
		if (text !== '1' && text !== '1m') {
			errors.invalid(
				`${path}.divisor`,
				resource,
				"only divisor's values 1m and 1 are supported with the cpu resource",
			);
		}
		return;
	}
	if (BYTES.includes(text)) return;
	const what = hugePages ? 'hugepages' : resource.endsWith('.memory') ? 'memory' : 'local ephemeral storage';
	errors.invalid(
		`${path}.divisor`,
		resource,
		`only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the ${what} resource`,
	);
}
