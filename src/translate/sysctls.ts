/** Sysctls of a pod: those that Kubernetes deems safe, and the words for those that it forbids. */
import type { Pod } from '../api/types.ts';

const SAFE = new Set([
	'kernel.shm_rmid_forced',
	'net.ipv4.ip_local_port_range',
	'net.ipv4.tcp_syncookies',
	'net.ipv4.ping_group_range',
	'net.ipv4.ip_unprivileged_port_start',
	'net.ipv4.ip_local_reserved_ports',
	'net.ipv4.tcp_keepalive_time',
	'net.ipv4.tcp_fin_timeout',
	'net.ipv4.tcp_keepalive_intvl',
	'net.ipv4.tcp_keepalive_probes',
	'net.ipv4.tcp_rmem',
	'net.ipv4.tcp_wmem',
]);

/** name → value, with dots between the parts. */
export function sysctlsOf(pod: Pod): Record<string, string> {
	const list = pod.spec.securityContext?.sysctls ?? [];
	return Object.fromEntries(list.map(({ name, value }) => [dotted(name), value]));
}

/**
 * Why the kubelet would fail the pod (phase Failed, this reason and message); undefined when it may run.
 * `allowed`: unsafe ones that the user let in, `kernel.msg*` for a family.
 */
export function forbiddenSysctl(
	pod: Pod,
	allowed: readonly string[] = [],
): { readonly reason: 'SysctlForbidden'; readonly message: string } | undefined {
	for (const name of Object.keys(sysctlsOf(pod))) {
		const listed = SAFE.has(name) || allowed.some((pattern) => fits(pattern, name));
		const why = !listed
			? 'not allowlisted'
			: name.startsWith('net.') && pod.spec.hostNetwork
				? 'not allowed with host net enabled'
				: /^(kernel\.(shm|msg|sem)|fs\.mqueue\.)/.test(name) && pod.spec.hostIPC
					? 'not allowed with host ipc enabled'
					: undefined;
		if (why) return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${name}" ${why}` };
	}
	return undefined;
}

function fits(pattern: string, name: string): boolean {
	return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** `net/ipv4/x` and `net.ipv4.x` are the same; after a slash a dot stands for itself. */
function dotted(name: string): string {
	const separator = /[./]/.exec(name)?.[0];
	if (separator !== '/') return name;
	return name.replaceAll(/[./]/g, (char) => (char === '/' ? '.' : '/'));
}
