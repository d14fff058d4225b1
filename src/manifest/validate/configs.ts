/** Rules for ConfigMaps and Secrets: their keys, their sizes, and what an immutable one may still change. */
import type { ConfigMap, Secret } from '../../api/types.ts';
import { stable } from './claims.ts';
import type { FieldErrors } from './field-errors.ts';
import { byteLength, configKey } from './names.ts';

/** Of all values together. */
const MAX_SIZE = 1024 * 1024;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Keys that a Secret of a known type must have; of the basic-auth ones, one is enough. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
	'kubernetes.io/dockercfg': ['.dockercfg'],
	'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
	'kubernetes.io/ssh-auth': ['ssh-privatekey'],
	'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

/** Whose token it is. */
const ACCOUNT = 'kubernetes.io/service-account.name';

/** Keys are file names, in data or in binaryData; 1 MiB of values together. */
export function checkConfigMap(errors: FieldErrors, config: ConfigMap): void {
	let total = 0;
	for (const [key, value] of Object.entries(config.data ?? {})) {
		errors.invalidAll(`data[${key}]`, key, configKey(key));
		if (Object.hasOwn(config.binaryData ?? {}, key)) {
			errors.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
		}
		total += byteLength(value);
	}
	for (const [key, value] of Object.entries(config.binaryData ?? {})) {
		errors.invalidAll(`binaryData[${key}]`, key, configKey(key));
		total += checkBase64(errors, `binaryData[${key}]`, value, 'shown');
	}
	if (total > MAX_SIZE) errors.tooLong('', MAX_SIZE);
}

/** stringData was merged into data before, by the defaults. */
export function checkSecret(errors: FieldErrors, secret: Secret): void {
	let total = 0;
	const data: Record<string, string> = secret.data ?? {};
	for (const [key, value] of Object.entries(data)) {
		errors.invalidAll(`data[${key}]`, key, configKey(key));
		total += checkBase64(errors, `data[${key}]`, value, 'hidden');
	}
	if (total > MAX_SIZE) errors.tooLong('data', MAX_SIZE);
	const type = secret.type ?? 'Opaque';
	const required = Object.hasOwn(REQUIRED_KEYS, type) ? REQUIRED_KEYS[type] : undefined;
	for (const key of required ?? []) if (!Object.hasOwn(data, key)) errors.required(`data[${key}]`);
	if (type === 'kubernetes.io/service-account-token' && !secret.metadata.annotations?.[ACCOUNT]) {
		errors.required(`metadata.annotations[${ACCOUNT}]`);
	}
	if (
		type === 'kubernetes.io/basic-auth' &&
		!Object.hasOwn(data, 'username') &&
		!Object.hasOwn(data, 'password')
	) {
		errors.required('data[username]');
		errors.required('data[password]');
	}
	for (const key of ['.dockercfg', '.dockerconfigjson']) {
		if (!required?.includes(key) || !Object.hasOwn(data, key)) continue;
		if (!isJson(data[key] ?? ''))
			errors.invalid(`data[${key}]`, '<secret contents redacted>', 'must be valid JSON');
	}
}

/** The bytes that the text stands for. A Secret's value is never repeated in a message. */
function checkBase64(errors: FieldErrors, path: string, text: string, value: 'shown' | 'hidden'): number {
	// Line breaks are allowed inside, as in the output of base64.
	const packed = text.replace(/[\r\n]/g, '');
	if (!BASE64.test(packed)) {
		const shown = value === 'hidden' ? '<secret contents redacted>' : text;
		errors.invalid(path, shown, 'illegal base64 data: it must be base64-encoded');
	}
	return Math.floor((packed.length * 3) / 4);
}

function isJson(base64: string): boolean {
	try {
		JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
		return true;
	} catch {
		return false;
	}
}

/** An immutable ConfigMap or Secret stays as it is; a Secret keeps its type. */
export function checkConfigUpdate(
	errors: FieldErrors,
	next: ConfigMap | Secret,
	previous: ConfigMap | Secret,
): void {
	if ('type' in next && 'type' in previous && next.type !== previous.type) {
		errors.invalid('type', next.type, 'field is immutable');
	}
	if (!previous.immutable) return;
	if (!next.immutable) errors.forbidden('immutable', 'field is immutable when `immutable` is set');
	if (stable(next.data ?? {}) !== stable(previous.data ?? {})) {
		errors.forbidden('data', 'field is immutable when `immutable` is set');
	}
	const binary = (config: ConfigMap | Secret): unknown =>
		('binaryData' in config ? config.binaryData : undefined) ?? {};
	if (stable(binary(next)) !== stable(binary(previous))) {
		errors.forbidden('binaryData', 'field is immutable when `immutable` is set');
	}
}
