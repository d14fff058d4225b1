/** Rules for security contexts, of the Pod and of its containers. */
import type { AnyContainer, PodSecurityContext, PodSpec, SecurityContext } from '../../api/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { linuxId } from './names.ts';
import { checkDescending } from './paths.ts';

const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const SYSCTL = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL_PATTERN = new RegExp(`^${SYSCTL}$`);
const MAX_SYSCTL = 253;
const MAX_PATH = 4095;

/** `hostNetwork` and its like stand in the spec, so the rules that join them to the context need both. */
export function checkPodSecurity(errors: FieldErrors, spec: PodSpec): void {
	const context: PodSecurityContext = spec.securityContext ?? {};
	const path = 'spec.securityContext';
	for (const field of ['fsGroup', 'runAsUser', 'runAsGroup'] as const)
		checkId(errors, `${path}.${field}`, context[field]);
	for (const [index, group] of (context.supplementalGroups ?? []).entries()) {
		checkId(errors, `${path}.supplementalGroups[${index}]`, group);
	}
	if (spec.shareProcessNamespace && spec.hostPID) {
		errors.invalid(
			'spec.shareProcessNamespace',
			true,
			'ShareProcessNamespace and HostPID cannot both be enabled',
		);
	}
	checkSysctls(errors, `${path}.sysctls`, spec);
	errors.oneOf(
		`${path}.fsGroupChangePolicy`,
		context.fsGroupChangePolicy,
		['Always', 'OnRootMismatch'],
		'allowed',
	);
	errors.oneOf(
		`${path}.supplementalGroupsPolicy`,
		context.supplementalGroupsPolicy,
		['Merge', 'Strict'],
		'allowed',
	);
	errors.oneOf(
		`${path}.seLinuxChangePolicy`,
		context.seLinuxChangePolicy,
		['MountOption', 'Recursive'],
		'allowed',
	);
	checkSeccomp(errors, `${path}.seccompProfile`, context.seccompProfile);
	checkAppArmor(errors, `${path}.appArmorProfile`, context.appArmorProfile);
	if (spec.hostUsers === false) {
		const why = 'when `pod.Spec.HostUsers` is false';
		for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const)
			if (spec[field]) errors.forbidden(`spec.${field}`, why);
	}
}

function checkId(errors: FieldErrors, path: string, id: number | undefined): void {
	if (id !== undefined) errors.invalidAll(path, id, linuxId(id));
}

function checkSysctls(errors: FieldErrors, path: string, spec: PodSpec): void {
	const seen = new Set<string>();
	for (const [index, { name }] of (spec.securityContext?.sysctls ?? []).entries()) {
		const at = `${path}[${index}].name`;
		if (!name) errors.required(at);
		else if (name.length > MAX_SYSCTL || !SYSCTL_PATTERN.test(name)) {
			errors.invalid(at, name, `must have at most ${MAX_SYSCTL} characters and match regex ^${SYSCTL}$`);
		} else if (seen.has(name)) errors.duplicate(at, name);
		seen.add(name);
		const dotted = (name ?? '').replaceAll('/', '.');
		if (spec.hostNetwork && dotted.startsWith('net.'))
			errors.invalid(at, name, "may not be specified when 'hostNetwork' is true");
		if (spec.hostIPC && /^(kernel\.(sem|shm|msg)|fs\.mqueue\.)/.test(dotted)) {
			errors.invalid(at, name, "may not be specified when 'hostIPC' is true");
		}
	}
}

interface LocalProfile {
	readonly type?: string;
	readonly localhostProfile?: string;
}

function checkSeccomp(errors: FieldErrors, path: string, profile: LocalProfile | undefined): void {
	if (!profile) return;
	if (!profile.type) errors.required(`${path}.type`, 'type is required when seccompProfile is set');
	else if (!PROFILE_TYPES.includes(profile.type))
		errors.unsupported(`${path}.type`, profile.type, PROFILE_TYPES);
	const file = profile.localhostProfile;
	const at = `${path}.localhostProfile`;
	if (profile.type === 'Localhost') {
		if (file === undefined) errors.required(at, 'must be set when seccomp type is Localhost');
		else checkDescending(errors, at, file);
	} else if (file !== undefined) errors.invalid(at, file, 'can only be set when seccomp type is Localhost');
}

function checkAppArmor(errors: FieldErrors, path: string, profile: LocalProfile | undefined): void {
	if (!profile) return;
	if (!profile.type) {
		errors.required(`${path}.type`, 'type is required when appArmorProfile is set');
		return;
	}
	if (!PROFILE_TYPES.includes(profile.type)) {
		errors.unsupported(`${path}.type`, profile.type, PROFILE_TYPES);
		return;
	}
	const name = profile.localhostProfile;
	const at = `${path}.localhostProfile`;
	if (profile.type !== 'Localhost') {
		if (name !== undefined) errors.invalid(at, name, 'can only be set when AppArmor type is Localhost');
	} else if (name === undefined || name.trim() === '')
		errors.required(at, 'must be set when AppArmor type is Localhost');
	else if (name.trim() !== name) errors.invalid(at, name, 'must not be padded with whitespace');
	else if (name.length > MAX_PATH) errors.tooLong(at, MAX_PATH);
}

/** `hostUsers`: whether the Pod shares the host's user namespace. */
export function checkSecurityContext(
	errors: FieldErrors,
	path: string,
	container: AnyContainer,
	hostUsers: boolean,
): void {
	const context: SecurityContext | undefined = container.securityContext;
	if (!context) return;
	const at = `${path}.securityContext`;
	checkId(errors, `${at}.runAsUser`, context.runAsUser);
	checkId(errors, `${at}.runAsGroup`, context.runAsGroup);
	errors.oneOf(`${at}.procMount`, context.procMount, ['Default', 'Unmasked'], 'allowed');
	if (context.procMount === 'Unmasked' && hostUsers) {
		errors.invalid(`${at}.procMount`, context.procMount, '`hostUsers` must be false to use `Unmasked`');
	}
	checkSeccomp(errors, `${at}.seccompProfile`, context.seccompProfile);
	checkAppArmor(errors, `${at}.appArmorProfile`, context.appArmorProfile);
	if (context.allowPrivilegeEscalation !== false) return;
	const field = `${at}.allowPrivilegeEscalation`;
	if (context.privileged) {
		errors.invalid(field, false, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true');
	}
	if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
		errors.invalid(
			field,
			false,
			'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
		);
	}
}
