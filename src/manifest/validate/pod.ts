/** Rules for a Pod: the walk over its spec in the order in which the API server reports its faults. */
import type { Pod, PodSpec, Profile } from '../../api/types.ts';
import { checkProfileAnnotations } from './annotations.ts';
import { checkAllContainers } from './containers.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkMetadata } from './metadata.ts';
import { dnsLabel, dnsSubdomain, qualifiedName, rangeMessage } from './names.ts';
import { checkNetwork } from './network.ts';
import { checkPodResources, checkResources } from './resources.ts';
import { checkScheduling } from './scheduling.ts';
import { checkPodSecurity } from './security.ts';
import { checkVolumes } from './volumes.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const SYSTEMS = ['linux', 'windows'];
const MAX_SECONDS = 2 ** 31 - 1;

/** The Pod with its defaults filled in. */
export function checkPod(errors: FieldErrors, pod: Pod, profile: Profile): void {
	checkMetadata(errors, pod, dnsSubdomain);
	if (!pod.spec) {
		errors.required('spec.containers');
		return;
	}
	const { spec } = pod;
	checkProfileAnnotations(errors, pod);
	checkPodSpec(errors, spec, pod.metadata.name || undefined, profile);
	// Ephemeral containers are added to a Pod that lives, by way of a subresource.
	if (spec.ephemeralContainers?.length && !pod.metadata.uid) {
		errors.forbidden('spec.ephemeralContainers', 'cannot be set on create');
	}
}

/** The spec of a Pod, or of a template of Pods (then without a name). */
function checkPodSpec(
	errors: FieldErrors,
	spec: PodSpec,
	podName: string | undefined,
	profile: Profile,
): void {
	const volumes = checkVolumes(errors, 'spec.volumes', spec.volumes ?? [], podName, profile);
	checkResourceClaims(errors, spec);
	checkAllContainers(errors, spec, volumes);
	checkPodResources(errors, 'spec.resources', spec);
	errors.oneOf('spec.restartPolicy', spec.restartPolicy, RESTART_POLICIES, 'allowed');
	checkNetwork(errors, spec);
	checkPodSecurity(errors, spec);
	checkScheduling(errors, spec);
	for (const [index, gate] of (spec.readinessGates ?? []).entries()) {
		const type = gate.conditionType ?? '';
		errors.invalidAll(`spec.readinessGates[${index}].conditionType`, type, qualifiedName(type));
	}
	if (spec.serviceAccountName) {
		errors.invalidAll(
			'spec.serviceAccountName',
			spec.serviceAccountName,
			dnsSubdomain(spec.serviceAccountName),
		);
	}
	if (spec.runtimeClassName) {
		errors.invalidAll('spec.runtimeClassName', spec.runtimeClassName, dnsSubdomain(spec.runtimeClassName));
	}
	const deadline = spec.activeDeadlineSeconds;
	if (deadline !== undefined && (deadline < 1 || deadline > MAX_SECONDS)) {
		errors.invalid('spec.activeDeadlineSeconds', deadline, rangeMessage(1, MAX_SECONDS));
	}
	if (spec.overhead) {
		checkResources(errors, 'spec.overhead', { limits: spec.overhead }, 'container', new Set());
	}
	checkOs(errors, spec);
}

function checkResourceClaims(errors: FieldErrors, spec: PodSpec): void {
	const names = new Set<string>();
	for (const [index, claim] of (spec.resourceClaims ?? []).entries()) {
		const at = `spec.resourceClaims[${index}]`;
		if (!claim.name) errors.required(`${at}.name`);
		else if (names.has(claim.name)) errors.duplicate(`${at}.name`, claim.name);
		else errors.invalidAll(`${at}.name`, claim.name, dnsLabel(claim.name));
		names.add(claim.name);
		const [byName, byTemplate] = [claim.resourceClaimName, claim.resourceClaimTemplateName];
		if (byName !== undefined && byTemplate !== undefined) {
			errors.invalid(
				at,
				claim,
				'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
			);
		} else if (byName === undefined && byTemplate === undefined) {
			errors.invalid(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
		}
	}
}

function checkOs(errors: FieldErrors, spec: PodSpec): void {
	if (!spec.os) return;
	const name: string | undefined = spec.os.name;
	if (!name) {
		errors.required('spec.os.name');
		return;
	}
	if (!SYSTEMS.includes(name)) {
		errors.unsupported('spec.os.name', name, SYSTEMS);
		return;
	}
	if (name !== 'linux') return;
	const why = 'windows options cannot be set for a linux pod';
	if (spec.securityContext?.windowsOptions) errors.forbidden('spec.securityContext.windowsOptions', why);
	for (const list of ['containers', 'initContainers', 'ephemeralContainers'] as const) {
		for (const [index, container] of (spec[list] ?? []).entries()) {
			if (!container.securityContext?.windowsOptions) continue;
			errors.forbidden(`spec.${list}[${index}].securityContext.windowsOptions`, why);
		}
	}
}
