/**
 * The pause: what the pod has as a whole and what its containers only join. Network with its address, names and
 * ports, hostname, DNS, /etc/hosts, sysctls, IPC and PID namespaces, and every volume, so that all of them
 * outlive any container.
 */
import type { Pod } from '../api/types.ts';
import type { SandboxContext } from './context.ts';
import { dnsOf } from './dns.ts';
import type { Translated } from './errors.ts';
import { hostAliasLines, podAliases, podNames } from './hostname.ts';
import { SANDBOX_OOM, sandboxResources } from './limits.ts';
import { identityOf, makeLabels, POD_CONTAINER, sandboxName } from './names.ts';
import type { CreateOptions, MountOption, PortBinding } from './options.ts';
import { sysctlsOf } from './sysctls.ts';
import { plannedVolumes, VOLUMES_PATH } from './volumes.ts';

/** To remove, measure and hand over files of any owner; every root process of a container has them by default. */
const VOLUME_CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'];

/** The create options of the pause of one sandbox attempt. */
export function sandboxOptions(pod: Pod, context: SandboxContext): Translated<CreateOptions> {
	const { spec } = pod;
	const identity = identityOf(pod);
	const sysctls = sysctlsOf(pod);
	const { oomScoreAllowed } = context.node;
	const mounts = pauseMounts(pod, context);
	const options: CreateOptions = {
		name: sandboxName(context.instance, identity, context.attempt),
		image: context.infraImage,
		labels: makeLabels({
			instance: context.instance,
			pod: identity,
			container: POD_CONTAINER,
			role: 'infra',
			attempt: context.attempt,
			hash: context.hash,
			resourcesHash: '',
			backoffMs: 0,
		}),
		...(spec.hostNetwork ? hostNetwork(pod, context) : ownNetwork(pod, context)),
		ipcMode: spec.hostIPC ? 'host' : 'shareable',
		pidMode: spec.hostPID ? 'host' : '',
		mounts,
		resources: sandboxResources(),
		...(oomScoreAllowed ? { oomScoreAdj: SANDBOX_OOM } : {}),
		...(Object.keys(sysctls).length > 0 ? { sysctls } : {}),
		// It waits and connects: nothing of that takes a capability, only work on volumes does (an exec has the
		// container's own; a privileged one is refused where the engine itself is not all-powerful).
		capDrop: ['ALL'],
		...(mounts.length > 1 ? { capAdd: VOLUME_CAPABILITIES } : {}),
		// A seccomp filter would cost 20 ms a start.
		securityOpt: ['seccomp=unconfined'],
		logDriver: 'none',
		...(context.runtime === undefined ? {} : { runtime: context.runtime }),
	};
	const notes = oomScoreAllowed
		? []
		: ['the engine may not lower oom_score_adj: the sandbox runs without its -998'];
	return { options, notes };
}

/** Ports that the pod publishes on the host: those of all its containers, the sidecars' too. */
export function hostPorts(pod: Pod): PortBinding[] {
	if (pod.spec.hostNetwork) return [];
	return [...(pod.spec.initContainers ?? []), ...pod.spec.containers].flatMap((container) =>
		(container.ports ?? []).flatMap(
			({ containerPort, hostPort, hostIP = '', protocol = 'TCP' }): PortBinding[] =>
				hostPort
					? [{ containerPort, hostPort, hostIP, protocol: protocol.toLowerCase() as PortBinding['protocol'] }]
					: [],
		),
	);
}

type Network = Pick<
	CreateOptions,
	| 'networkMode'
	| 'hostname'
	| 'domainname'
	| 'utsMode'
	| 'ipv4'
	| 'aliases'
	| 'dns'
	| 'dnsSearch'
	| 'dnsOptions'
	| 'extraHosts'
	| 'ports'
>;

function ownNetwork(pod: Pod, context: SandboxContext): Network {
	const { hostname, domain } = podNames(pod);
	const { nameservers, searches, options } = dnsOf(pod, context);
	// 127.0.0.11 is the engine's resolver itself; the others it may ask.
	const asked = nameservers.filter((server) => server !== '127.0.0.11');
	const ports = hostPorts(pod);
	return {
		networkMode: context.network,
		hostname,
		...(domain && hostname.indexOf('.') < 0 ? { domainname: domain } : {}),
		ipv4: context.podIP,
		aliases: podAliases(pod, context.podIP),
		...(asked.length > 0 ? { dns: asked } : {}),
		...searchOptions(pod, searches),
		...(options.length > 0 ? { dnsOptions: options } : {}),
		...extraHosts(pod),
		...(ports.length > 0 ? { ports } : {}),
	};
}

function hostNetwork(pod: Pod, context: SandboxContext): Network {
	const { dnsPolicy, dnsConfig } = pod.spec;
	// Left alone, the engine hands the host's own resolv.conf through.
	const own = dnsPolicy === 'None' || dnsPolicy === 'ClusterFirstWithHostNet' || dnsConfig !== undefined;
	const { nameservers, searches, options } = dnsOf(pod, context);
	return {
		networkMode: 'host',
		utsMode: 'host',
		...(own && nameservers.length > 0 ? { dns: nameservers } : {}),
		...(own ? searchOptions(pod, searches) : {}),
		...(own && options.length > 0 ? { dnsOptions: options } : {}),
		...extraHosts(pod),
	};
}

/** Without a list the engine takes the host's search domains; `.` means none. */
function searchOptions(pod: Pod, searches: readonly string[]): Pick<CreateOptions, 'dnsSearch'> {
	if (searches.length > 0) return { dnsSearch: searches };
	return pod.spec.dnsPolicy === 'None' ? { dnsSearch: ['.'] } : {};
}

/** The engine writes `<ip>\t<what stands before the colon>`: tabs keep an alias's names on one line. */
function extraHosts(pod: Pod): Pick<CreateOptions, 'extraHosts'> {
	const lines = hostAliasLines(pod).map(({ ip, names }) => `${names}:${ip}`);
	return lines.length > 0 ? { extraHosts: lines } : {};
}

function pauseMounts(pod: Pod, context: SandboxContext): MountOption[] {
	return plannedVolumes(pod, context)
		.filter(({ inPause }) => inPause)
		.map(({ name, volume }) => ({
			type: 'volume',
			source: name,
			target: `${VOLUMES_PATH}/${volume}`,
			readOnly: false,
			noCopy: true,
		}));
}
