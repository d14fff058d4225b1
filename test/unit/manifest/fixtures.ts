/** What the tests of manifests share: short ways to a Pod with one thing changed, and to what is wrong with it. */
import type { KubeObject, Profile } from '../../../src/api/types.ts';
import { decodeJson } from '../../../src/manifest/decode.ts';
import { validateObject } from '../../../src/manifest/validate.ts';

export interface PodParts {
	readonly metadata?: object;
	readonly spec?: object;
	/** Merged into the one container `main`. */
	readonly container?: object;
}

/** A valid Pod with some parts replaced. */
export function pod({ metadata = {}, spec = {}, container = {} }: PodParts = {}): object {
	return {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'p', ...metadata },
		spec: { containers: [{ name: 'main', image: 'busybox:1.36', ...container }], ...spec },
	};
}

/** `path: message` of everything that decoding and validation find. */
export function faults(object: object, profile: Profile = 'kubernetes'): string[] {
	const decoded = decodeJson(object);
	const found = [...decoded.errors, ...validateObject(decoded.object, { profile })];
	return found.map(({ path, message }) => `${path}: ${message}`);
}

/** The decoded object; the test fails if there was anything to complain about. */
export function decoded(object: object): KubeObject {
	const { object: result, errors } = decodeJson(object);
	if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
	return result;
}
