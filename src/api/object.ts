/**
 * What holds for every object whatever its kind: its key, its stable text and hash, generated names. All of it
 * is arithmetic over the object; randomness and time are the caller's.
 */
import { createHash } from 'node:crypto';
import type { ObjectMeta } from './types.ts';

/** `namespace/name`, or the name alone for what has no namespace. */
export function objectKey(namespace: string | undefined, name: string): string {
	return namespace ? `${namespace}/${name}` : name;
}

/** The key of an object by its metadata. */
export function keyOf(object: { readonly metadata: ObjectMeta }): string {
	return objectKey(object.metadata.namespace, object.metadata.name);
}

/**
 * JSON with the keys of every object in order, so that equal values have equal texts. As JSON.stringify, it
 * leaves out what is undefined.
 */
export function stableJson(value: unknown): string {
	return JSON.stringify(value, (_key, part: unknown) => {
		if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
		const sorted: Record<string, unknown> = Object.create(null);
		for (const key of Object.keys(part).sort()) sorted[key] = (part as Record<string, unknown>)[key];
		return sorted;
	});
}

/** Whether two values mean the same once they are JSON. */
export function sameJson(a: unknown, b: unknown): boolean {
	return a === b || stableJson(a) === stableJson(b);
}

/** 16 hex digits that change whenever the value's stable JSON does. */
export function shortHash(value: unknown): string {
	return createHash('sha256')
		.update(stableJson(value) ?? 'undefined')
		.digest('hex')
		.slice(0, 16);
}

/** No vowels and no digits that look like them, so that no words come out; as the API server's generator. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const GENERATED_MAX = 63;

/**
 * metadata.generateName with five random characters, as the API server makes it: the base is cut so that the
 * whole is a DNS label. `random` yields numbers in [0, 1).
 */
export function generateName(base: string, random: () => number): string {
	let suffix = '';
	while (suffix.length < SUFFIX_LENGTH) {
		suffix += SUFFIX_ALPHABET[Math.floor(random() * SUFFIX_ALPHABET.length)] ?? 'x';
	}
	return base.slice(0, GENERATED_MAX - SUFFIX_LENGTH) + suffix;
}
