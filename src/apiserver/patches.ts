/**
 * The patches of PATCH: JSON merge (RFC 7386), JSON patch (RFC 6902, by fast-json-patch) and strategic merge.
 * Each makes a new object of the present one; what the new one may change is the backend's business.
 * Server-side apply stands in apply.ts.
 */
import jsonPatch, { type Operation } from 'fast-json-patch';
import { ApiError, badRequest } from '../api/errors.ts';
import type { KubeObject } from '../api/types.ts';
import { BODY_LIMIT, fromJson, fromYaml, isRecord, unsupportedMedia } from './exchange.ts';
import { strategicMerge } from './strategic.ts';

export const PATCH_TYPES = [
	'application/json-patch+json',
	'application/merge-patch+json',
	'application/strategic-merge-patch+json',
	'application/apply-patch+yaml',
] as const;
export type PatchType = (typeof PATCH_TYPES)[number];

/** Operations that one JSON patch may have, as the API server limits them. */
const MOST_OPERATIONS = 10_000;

/** Throws 415 for a content type that is no patch. */
export function patchTypeOf(type: string): PatchType {
	const found = PATCH_TYPES.find((one) => one === type);
	if (found === undefined) throw unsupportedMedia(type, PATCH_TYPES.join(', '));
	return found;
}

/** The body of a patch, parsed. Throws 400. */
export function parsePatch(type: PatchType, body: Buffer): unknown {
	const patch = type === 'application/apply-patch+yaml' ? fromYaml(body) : fromJson(body);
	if (type === 'application/json-patch+json') {
		if (!Array.isArray(patch)) throw badRequest('a JSON patch must be a list of operations');
		if (patch.length > MOST_OPERATIONS) {
			throw new ApiError(
				413,
				'RequestEntityTooLarge',
				`The allowed maximum operations in a JSON patch is ${MOST_OPERATIONS}, got ${patch.length}`,
			);
		}
	} else if (!isRecord(patch)) throw badRequest('the patch must be an object');
	return patch;
}

/** `current` as the patch changes it. Throws 400, or 422 for a JSON patch that does not fit. */
export function applyPatch(
	type: Exclude<PatchType, 'application/apply-patch+yaml'>,
	current: KubeObject,
	patch: unknown,
): Record<string, unknown> {
	switch (type) {
		case 'application/merge-patch+json':
			return mergePatch(current, patch) as Record<string, unknown>;
		case 'application/strategic-merge-patch+json':
			return strategicMerge(current, patch as Record<string, unknown>);
		case 'application/json-patch+json':
			return operate(current, patch as Operation[]);
	}
}

/** RFC 7386: null removes, objects merge, all else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
	if (!isRecord(patch)) return patch;
	const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
	for (const [key, value] of Object.entries(patch)) {
		if (value === null) delete result[key];
		else {
			const merged = mergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value);
			Object.defineProperty(result, key, {
				value: merged,
				enumerable: true,
				configurable: true,
				writable: true,
			});
		}
	}
	return result;
}

function operate(current: KubeObject, operations: Operation[]): Record<string, unknown> {
	try {
		let document: unknown = structuredClone(current);
		let copied = 0;
		for (const [index, operation] of operations.entries()) {
			if (operation?.op === 'copy' && typeof operation.from === 'string') {
				copied += sizeOf(jsonPatch.getValueByPointer(document, operation.from));
				// A copy of a copy of a copy fills any memory in thirty steps.
				if (copied > BODY_LIMIT)
					throw new ApiError(
						413,
						'RequestEntityTooLarge',
						`the copies of the JSON patch are larger than ${BODY_LIMIT} bytes together`,
					);
			}
			document = jsonPatch.applyOperation(document, operation, true, true, true, index).newDocument;
		}
		return document as Record<string, unknown>;
	} catch (error) {
		if (error instanceof ApiError) throw error;
		// The library's message carries the whole document; its first line says what is wrong.
		const why = String((error as Error).message).split('\n')[0];
		throw new ApiError(
			422,
			'Invalid',
			`the server rejected our request due to an error in our request: ${why}`,
		);
	}
}

function sizeOf(value: unknown): number {
	return JSON.stringify(value)?.length ?? 0;
}
