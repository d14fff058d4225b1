/**
 * Whether an object keeps the rules of its kind, as the API server would judge it. Pure, and without
 * positions: load.ts adds those for manifests, the API server has none for bodies. The rules themselves are
 * in validate/, one file for each concern; their words are Kubernetes'.
 */
import type { KubeObject, ObjectMeta, Pod, Profile } from '../api/types.ts';
import { applyDefaults, defaultedPod } from './defaults.ts';
import { isClaim, isConfigMap, isNamespace, isPod, isSecret } from './kinds.ts';
import { unsupportedFields } from './support.ts';
import { checkClaimSpec, checkClaimUpdate } from './validate/claims.ts';
import { checkConfigMap, checkConfigUpdate, checkSecret } from './validate/configs.ts';
import { type FieldError, FieldErrors } from './validate/field-errors.ts';
import { checkMetadata } from './validate/metadata.ts';
import { dnsLabel, dnsSubdomain } from './validate/names.ts';
import { checkPod } from './validate/pod.ts';
import { checkPodResize } from './validate/pod-resize.ts';
import { checkPodUpdate } from './validate/pod-update.ts';

export type { FieldError, FieldErrorReason } from './validate/field-errors.ts';

/**
 * All faults of an object that was decoded without error. Defaults are filled in first, as the API server
 * does, so it may be given with or without them.
 */
export function validateObject(object: KubeObject, options: { profile: Profile }): FieldError[] {
	const errors = new FieldErrors();
	const whole = applyDefaults(object);
	if (isPod(whole)) checkPod(errors, whole, options.profile);
	else if (isConfigMap(whole)) {
		checkMetadata(errors, whole, dnsSubdomain);
		checkConfigMap(errors, whole);
	} else if (isSecret(whole)) {
		checkMetadata(errors, whole, dnsSubdomain);
		checkSecret(errors, whole);
	} else if (isClaim(whole)) {
		checkMetadata(errors, whole, dnsSubdomain);
		checkClaimSpec(errors, 'spec', whole.spec);
	} else if (isNamespace(whole)) checkMetadata(errors, whole, dnsLabel);
	else checkMetadata(errors, whole, dnsSubdomain);
	for (const { path, level, note } of unsupportedFields(object)) {
		if (level === 'refused') errors.forbidden(path, `podrun can't honour this field: ${note}`);
	}
	return errors.list;
}

/** What may not change from one version of a Pod to the next, in profile kubernetes. */
export function validatePodUpdate(next: Pod, previous: Pod): FieldError[] {
	const errors = new FieldErrors();
	const [is, was] = [defaultedPod(next), defaultedPod(previous)];
	checkMetadataUpdate(errors, is.metadata, was.metadata);
	checkPodUpdate(errors, is, was);
	return errors.list;
}

/** What the subresource `resize` may not change, in any profile. */
export function validatePodResize(next: Pod, previous: Pod): FieldError[] {
	const errors = new FieldErrors();
	checkPodResize(errors, defaultedPod(next), defaultedPod(previous));
	return errors.list;
}

/** What may not change in any profile: immutable configs, a claim's spec, names and uids. */
export function validateUpdate(next: KubeObject, previous: KubeObject): FieldError[] {
	const errors = new FieldErrors();
	const [is, was] = [applyDefaults(next), applyDefaults(previous)];
	checkMetadataUpdate(errors, is.metadata, was.metadata);
	if (isConfigMap(is) && isConfigMap(was)) checkConfigUpdate(errors, is, was);
	if (isSecret(is) && isSecret(was)) checkConfigUpdate(errors, is, was);
	if (isClaim(is) && isClaim(was)) checkClaimUpdate(errors, is, was);
	return errors.list;
}

function checkMetadataUpdate(errors: FieldErrors, next: ObjectMeta, previous: ObjectMeta): void {
	for (const field of ['name', 'namespace', 'uid'] as const) {
		const [is, was] = [next[field], previous[field]];
		if (is && was && is !== was) errors.invalid(`metadata.${field}`, is, 'field is immutable');
	}
}
