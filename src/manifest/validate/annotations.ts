/** Rules for the annotations by which profiles of AppArmor and seccomp were named before they were fields. */
import type { Pod } from '../../api/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkDescending } from './paths.ts';

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

/** An annotation may name only containers that there are, and a profile that is one. */
export function checkProfileAnnotations(errors: FieldErrors, pod: Pod): void {
	const { spec } = pod;
	const names = new Set(
		[...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].map(
			({ name }) => name,
		),
	);
	for (const [key, value] of Object.entries(pod.metadata.annotations ?? {})) {
		const path = `metadata.annotations[${key}]`;
		if (key.startsWith(APP_ARMOR)) {
			const container = key.slice(APP_ARMOR.length);
			if (!names.has(container)) errors.invalid(path, container, 'container not found');
			if (!['', 'runtime/default', 'unconfined'].includes(value) && !value.startsWith('localhost/')) {
				errors.invalid(path, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`);
			}
		} else if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER))
			checkSeccompName(errors, path, value);
		else if (key === DELETION_COST && !/^(0|-?[1-9]\d{0,9})$/.test(value)) {
			errors.invalid(path, value, 'must be a 32bit integer');
		}
	}
}

function checkSeccompName(errors: FieldErrors, path: string, value: string): void {
	if (['runtime/default', 'docker/default', 'unconfined'].includes(value)) return;
	if (value.startsWith('localhost/')) checkDescending(errors, path, value.slice('localhost/'.length));
	else errors.invalid(path, value, 'must be a valid seccomp profile');
}
