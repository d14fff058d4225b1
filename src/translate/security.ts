/**
 * securityContext → user, groups, capabilities and profiles. A container's field wins over the pod's. Without a
 * seccomp profile a kubelet's container is unconfined, and so it is here.
 */
import type { AnyContainer, Pod, PodSecurityContext, SecurityContext } from '../api/types.ts';
import type { ImageFacts, NodeFacts } from './context.ts';
import { ConfigError, formatPod } from './errors.ts';
import type { CreateOptions } from './options.ts';

const REASON = 'CreateContainerConfigError';
const APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/';

export interface SecurityFacts {
	readonly image: ImageFacts;
	readonly node?: Pick<NodeFacts, 'capabilities'>;
	/** Contents of Localhost seccomp profiles by localhostProfile. */
	readonly seccompProfiles?: ReadonlyMap<string, string>;
}

type SecurityOptions = Pick<
	CreateOptions,
	| 'user'
	| 'groupAdd'
	| 'privileged'
	| 'capAdd'
	| 'capDrop'
	| 'securityOpt'
	| 'maskedPaths'
	| 'readonlyPaths'
	| 'readonlyRootfs'
>;

/** @throws ConfigError when the container must not run as root and would, or a profile is not there. */
export function securityOptions(pod: Pod, container: AnyContainer, facts: SecurityFacts): SecurityOptions {
	const own: SecurityContext = container.securityContext ?? {};
	verifyNonRoot(pod, container, facts.image);
	const user = userOf(pod, container, facts.image);
	const groups = groupsOf(pod, container, facts.image);
	const { add = [], drop = [] } = own.capabilities ?? {};
	const unmasked = own.procMount === 'Unmasked';
	return {
		...(user === undefined ? {} : { user }),
		...(groups.length > 0 ? { groupAdd: groups.map(String) } : {}),
		...(own.privileged ? { privileged: true } : {}),
		...(add.length > 0
			? { capAdd: add.flatMap((name) => given(capability(name), facts.node?.capabilities)) }
			: {}),
		...(drop.length > 0 ? { capDrop: drop.map(capability) } : {}),
		securityOpt: [
			...(own.allowPrivilegeEscalation === false ? ['no-new-privileges'] : []),
			...seccomp(pod, own, facts),
			...appArmor(pod, container),
			...seLinux({ ...pod.spec.securityContext?.seLinuxOptions, ...own.seLinuxOptions }),
		],
		...(unmasked ? { maskedPaths: [], readonlyPaths: [] } : {}),
		...(own.readOnlyRootFilesystem ? { readonlyRootfs: true } : {}),
	};
}

/**
 * Whether the image's /etc/passwd and /etc/group decide which groups the process gets beside those of the spec:
 * the engine adds the image's groups by itself only when no group is given beside the user, and can't be told
 * to leave them out.
 */
export function needsImageGroups(pod: Pod, container: AnyContainer): boolean {
	const gid = field(pod, container, 'runAsGroup');
	return isStrict(pod) ? gid === undefined : gid !== undefined;
}

/** The user's groups by the texts of an image's /etc/passwd and /etc/group. `user`: name or uid, as `userName` tells. */
export function imageGroups(passwd: string, group: string, user: string): NonNullable<ImageFacts['groups']> {
	const rows = (text: string): string[][] => text.split('\n').map((line) => line.split(':'));
	const account = rows(passwd).find(([name, , uid]) => name === user || (uid === user && uid !== ''));
	const primary = account?.[3];
	const name = account?.[0];
	const supplementary = rows(group)
		.filter(([, , , members]) => name !== undefined && (members ?? '').trim().split(',').includes(name))
		.map(([, , gid]) => Number(gid))
		.filter((gid) => Number.isInteger(gid));
	return { ...(primary && /^\d+$/.test(primary) ? { primary: Number(primary) } : {}), supplementary };
}

/** Whom the container runs as, without a group: what to look up in the image's /etc/passwd. */
export function userName(pod: Pod, container: AnyContainer, image: Pick<ImageFacts, 'user'>): string {
	const uid = field(pod, container, 'runAsUser');
	return uid === undefined ? image.user.split(':')[0] || '0' : String(uid);
}

/**
 * `uid`, `uid:gid`, or nothing where the image decides alone. A kubelet hears of an image's user only, so a
 * group in USER does not count; without it the image's /etc/passwd tells the group.
 */
function userOf(pod: Pod, container: AnyContainer, image: ImageFacts): string | undefined {
	const name = userName(pod, container, image);
	const gid = field(pod, container, 'runAsGroup');
	if (gid !== undefined) return `${name}:${gid}`;
	// A group that is given keeps the engine from adding those of the image.
	if (isStrict(pod)) return `${name}:${image.groups?.primary ?? 0}`;
	if (field(pod, container, 'runAsUser') !== undefined || image.user.includes(':')) return name;
	return undefined;
}

function groupsOf(pod: Pod, container: AnyContainer, image: ImageFacts): number[] {
	const { supplementalGroups = [], fsGroup } = pod.spec.securityContext ?? {};
	const ofImage = !isStrict(pod) && needsImageGroups(pod, container) ? image.groups?.supplementary : [];
	return [
		...new Set([...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup]), ...(ofImage ?? [])]),
	];
}

function isStrict(pod: Pod): boolean {
	return pod.spec.securityContext?.supplementalGroupsPolicy === 'Strict';
}

function verifyNonRoot(pod: Pod, container: AnyContainer, image: ImageFacts): void {
	if (!field(pod, container, 'runAsNonRoot')) return;
	const where = `(pod: "${formatPod(pod)}", container: ${container.name})`;
	const uid = field(pod, container, 'runAsUser');
	if (uid !== undefined) {
		if (uid === 0) throw new ConfigError(REASON, `container's runAsUser breaks non-root policy ${where}`);
		return;
	}
	const name = image.user.split(':')[0] || '0';
	if (!/^\d+$/.test(name)) {
		throw new ConfigError(
			REASON,
			`container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${where}`,
		);
	}
	if (Number(name) === 0) {
		throw new ConfigError(REASON, `container has runAsNonRoot and image will run as root ${where}`);
	}
}

type Shared = keyof PodSecurityContext & keyof SecurityContext;

/** The container's field, else the pod's. */
function field<K extends Shared>(
	pod: Pod,
	container: AnyContainer,
	name: K,
): SecurityContext[K] | PodSecurityContext[K] | undefined {
	return container.securityContext?.[name] ?? pod.spec.securityContext?.[name] ?? undefined;
}

/** Docker's spelling: no CAP_, capitals; ALL stands for the whole set. */
function capability(name: string): string {
	return name.toUpperCase().replace(/^CAP_/, '');
}

/** ALL as a list, where the machine can't give all: an engine that is asked for one too many starts nothing. */
function given(name: string, capabilities: readonly string[] | undefined): readonly string[] {
	return name === 'ALL' && capabilities !== undefined ? capabilities : [name];
}

function seccomp(pod: Pod, own: SecurityContext, facts: SecurityFacts): string[] {
	// A privileged container is never confined.
	if (own.privileged) return [];
	const profile = own.seccompProfile ?? pod.spec.securityContext?.seccompProfile;
	switch (profile?.type) {
		case 'RuntimeDefault':
			return [];
		case 'Localhost': {
			const path = profile.localhostProfile ?? '';
			const content = facts.seccompProfiles?.get(path);
			if (content === undefined) {
				const why = `cannot load seccomp profile "${path}": there is no such file`;
				throw new ConfigError('CreateContainerError', why);
			}
			return [`seccomp=${content}`];
		}
		default:
			return ['seccomp=unconfined'];
	}
}

function appArmor(pod: Pod, container: AnyContainer): string[] {
	const profile = container.securityContext?.appArmorProfile ?? pod.spec.securityContext?.appArmorProfile;
	if (profile?.type === 'Unconfined') return ['apparmor=unconfined'];
	if (profile?.type === 'Localhost') return [`apparmor=${profile.localhostProfile ?? ''}`];
	if (profile) return [];
	// How it was said before there was a field.
	const annotation = pod.metadata.annotations?.[APPARMOR_ANNOTATION + container.name];
	if (annotation === 'unconfined') return ['apparmor=unconfined'];
	if (annotation?.startsWith('localhost/')) return [`apparmor=${annotation.slice('localhost/'.length)}`];
	return [];
}

function seLinux(options: { user?: string; role?: string; type?: string; level?: string }): string[] {
	return (['user', 'role', 'type', 'level'] as const)
		.filter((part) => options[part])
		.map((part) => `label=${part}:${options[part]}`);
}
