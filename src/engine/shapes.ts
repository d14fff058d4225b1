/**
 * The engine's answers, as far as they are read, and how they become our own types. Everything is optional on
 * the wire's side: engines of many ages, and others that speak the same API, leave things out.
 */
import type {
	ContainerStats,
	ContainerSummary,
	EngineContainer,
	EngineEvent,
	EngineImage,
	EngineInfo,
	EngineNetwork,
	EngineVolume,
} from './engine.ts';

type Labels = Readonly<Record<string, string>>;

export interface ContainerJson {
	Id: string;
	Name: string;
	Created: string;
	Image: string;
	State?: {
		Status?: string;
		OOMKilled?: boolean;
		Pid?: number;
		ExitCode?: number;
		Error?: string;
		StartedAt?: string;
		FinishedAt?: string;
	};
	Config?: {
		Image?: string;
		Labels?: Labels | null;
		StopSignal?: string;
		Tty?: boolean;
		OpenStdin?: boolean;
	};
	HostConfig?: { NetworkMode?: string };
	NetworkSettings?: { Networks?: Record<string, { IPAddress?: string; NetworkID?: string }> | null };
	Mounts?: { Type?: string; Name?: string; Source?: string; Destination?: string }[] | null;
}

export interface SummaryJson {
	Id: string;
	Names?: string[] | null;
	Labels?: Labels | null;
	State?: string;
	ImageID?: string;
}

export interface ImageJson {
	Id: string;
	RepoTags?: string[] | null;
	RepoDigests?: string[] | null;
	Size?: number;
	Architecture?: string;
	Config?: {
		User?: string;
		Entrypoint?: string[] | null;
		Cmd?: string[] | null;
		Env?: string[] | null;
		WorkingDir?: string;
		StopSignal?: string;
		ExposedPorts?: Record<string, object> | null;
		Volumes?: Record<string, object> | null;
	} | null;
}

export interface VolumeJson {
	Name: string;
	Labels?: Labels | null;
	Mountpoint?: string;
	Driver?: string;
	Options?: Readonly<Record<string, string>> | null;
}

export interface NetworkJson {
	Id: string;
	Name: string;
	Labels?: Labels | null;
	Driver?: string;
	IPAM?: { Config?: { Subnet?: string; Gateway?: string }[] | null };
	/** By id; of one network only, not in a list. */
	Containers?: Readonly<Record<string, { IPv4Address?: string }>> | null;
}

export interface EventJson {
	Type?: string;
	Action?: string;
	status?: string;
	Actor?: { ID?: string; Attributes?: Readonly<Record<string, string>> | null };
	time?: number;
	timeNano?: number;
}

export interface InfoJson {
	ID?: string;
	Name?: string;
	ServerVersion?: string;
	OSType?: string;
	OperatingSystem?: string;
	Architecture?: string;
	NCPU?: number;
	MemTotal?: number;
	CgroupVersion?: string;
	CgroupDriver?: string;
	MemoryLimit?: boolean;
	CpuCfsQuota?: boolean;
	PidsLimit?: boolean;
	Runtimes?: Record<string, object> | null;
	DefaultRuntime?: string;
	SecurityOptions?: string[] | null;
	KernelVersion?: string;
	LiveRestoreEnabled?: boolean;
	DockerRootDir?: string;
}

export interface StatsJson {
	read?: string;
	cpu_stats?: { cpu_usage?: { total_usage?: number } };
	memory_stats?: { usage?: number; stats?: Record<string, number> };
}

const STATES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const;

/** Of `GET /containers/{id}/json`; zero times are left out. */
export function toContainer(json: ContainerJson): EngineContainer {
	const { State: state = {}, Config: config = {} } = json;
	const networks: Record<string, { ip: string; networkID: string }> = {};
	for (const [name, network] of Object.entries(json.NetworkSettings?.Networks ?? {})) {
		networks[name] = { ip: network.IPAddress ?? '', networkID: network.NetworkID ?? '' };
	}
	const startedAt = instant(state.StartedAt);
	const finishedAt = finish(state.FinishedAt, startedAt, state.Status);
	return {
		id: json.Id,
		name: json.Name.replace(/^\//, ''),
		labels: config.Labels ?? {},
		image: config.Image ?? json.Image,
		imageID: json.Image,
		status: STATES.find((known) => known === state.Status) ?? 'dead',
		createdAt: instant(json.Created) ?? 0,
		...(startedAt === undefined ? {} : { startedAt }),
		...(finishedAt === undefined ? {} : { finishedAt }),
		exitCode: state.ExitCode ?? 0,
		oomKilled: state.OOMKilled ?? false,
		error: state.Error ?? '',
		pid: state.Pid ?? 0,
		networkMode: json.HostConfig?.NetworkMode ?? '',
		stopSignal: config.StopSignal || 'SIGTERM',
		tty: config.Tty ?? false,
		openStdin: config.OpenStdin ?? false,
		networks,
		mounts: (json.Mounts ?? []).map((mount) => ({
			type: mount.Type ?? '',
			...(mount.Name ? { name: mount.Name } : {}),
			source: mount.Source ?? '',
			target: mount.Destination ?? '',
		})),
	};
}

/** An item of `GET /containers/json`. */
export function toSummary(json: SummaryJson): ContainerSummary {
	return {
		id: json.Id,
		names: (json.Names ?? []).map((name) => name.replace(/^\//, '')),
		labels: json.Labels ?? {},
		state: json.State ?? '',
		imageID: json.ImageID ?? '',
	};
}

/** Of `GET /images/{name}/json`. */
export function toImage(json: ImageJson): EngineImage {
	const config = json.Config ?? {};
	return {
		id: json.Id,
		tags: json.RepoTags ?? [],
		digests: json.RepoDigests ?? [],
		user: config.User ?? '',
		entrypoint: config.Entrypoint ?? [],
		cmd: config.Cmd ?? [],
		env: config.Env ?? [],
		workingDir: config.WorkingDir ?? '',
		stopSignal: config.StopSignal ?? '',
		exposedPorts: Object.keys(config.ExposedPorts ?? {}),
		volumes: Object.keys(config.Volumes ?? {}),
		sizeBytes: json.Size ?? 0,
		arch: json.Architecture ?? '',
	};
}

/** Of `GET /volumes/{name}`. */
export function toVolume(json: VolumeJson): EngineVolume {
	return {
		name: json.Name,
		labels: json.Labels ?? {},
		mountpoint: json.Mountpoint ?? '',
		driver: json.Driver ?? 'local',
		options: json.Options ?? {},
	};
}

/** Of `GET /networks/{name}`. */
export function toNetwork(json: NetworkJson): EngineNetwork {
	const configs = json.IPAM?.Config ?? [];
	return {
		id: json.Id,
		name: json.Name,
		labels: json.Labels ?? {},
		driver: json.Driver ?? '',
		subnets: configs.flatMap((config) => (config.Subnet ? [config.Subnet] : [])),
		gateway: configs.find((config) => config.Gateway)?.Gateway ?? '',
		// The engine adds the length of the prefix.
		addresses: Object.fromEntries(
			Object.entries(json.Containers ?? {}).flatMap(([id, { IPv4Address = '' }]) => {
				const [ip = ''] = IPv4Address.split('/');
				return ip === '' ? [] : [[id, ip]];
			}),
		),
	};
}

const EVENT_KINDS = ['container', 'image', 'volume', 'network', 'daemon'] as const;

/** Undefined for kinds that podrun has no use for (plugins, swarm). */
export function toEvent(json: EventJson): EngineEvent | undefined {
	const kind = EVENT_KINDS.find((known) => known === json.Type);
	if (!kind) return undefined;
	return {
		kind,
		// "exec_start: /bin/sh -c …" carries the command, which may hold a secret: only the word is kept.
		action: (json.Action ?? json.status ?? '').replace(/:.*$/s, ''),
		id: json.Actor?.ID ?? '',
		attributes: json.Actor?.Attributes ?? {},
		at: json.timeNano === undefined ? (json.time ?? 0) * 1000 : Math.floor(json.timeNano / 1e6),
	};
}

/** @param here is the engine on this machine? @param ourKernel this machine's release. */
export function toInfo(json: InfoJson, apiVersion: string, here: boolean, ourKernel: string): EngineInfo {
	return {
		id: json.ID ?? '',
		name: json.Name ?? '',
		version: json.ServerVersion ?? '',
		apiVersion,
		os: json.OSType ?? 'linux',
		arch: architecture(json.Architecture ?? ''),
		cpus: json.NCPU ?? 0,
		memoryBytes: json.MemTotal ?? 0,
		cgroupVersion: json.CgroupVersion === '2' ? '2' : '1',
		cgroupDriver: json.CgroupDriver ?? '',
		...unlimited(json),
		runtimes: Object.keys(json.Runtimes ?? {}),
		defaultRuntime: json.DefaultRuntime ?? '',
		securityOptions: json.SecurityOptions ?? [],
		kernelVersion: json.KernelVersion ?? '',
		osImage: json.OperatingSystem ?? '',
		liveRestore: json.LiveRestoreEnabled ?? false,
		// Docker Desktop, Colima and the like listen on a local socket too, but run another kernel.
		local: here && json.KernelVersion === ourKernel,
		rootDir: json.DockerRootDir ?? '',
	};
}

/** Controllers that are missing, as on cgroup v2 where nobody handed them down to the engine. */
function unlimited(json: InfoJson): Pick<EngineInfo, 'unlimited'> {
	const missing = [
		...(json.MemoryLimit === false ? ['memory'] : []),
		...(json.CpuCfsQuota === false ? ['CPU'] : []),
		...(json.PidsLimit === false ? ['processes'] : []),
	];
	return missing.length === 0 ? {} : { unlimited: missing };
}

/** Memory as `kubectl top` counts it: the working set, without inactive file pages. */
export function toStats(json: StatsJson, now: number): ContainerStats {
	const memory = json.memory_stats ?? {};
	const inactive = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0;
	return {
		at: instant(json.read) ?? now,
		cpuNanoseconds: json.cpu_stats?.cpu_usage?.total_usage ?? 0,
		memoryBytes: Math.max(0, (memory.usage ?? 0) - inactive),
	};
}

/** The header `X-Docker-Container-Path-Stat`. Go's mode bits are turned into those of stat(2). */
export function toPathStat(header: string): { name: string; size: number; mode: number; linkTarget: string } {
	const json = JSON.parse(Buffer.from(header, 'base64').toString('utf8')) as {
		name?: string;
		size?: number;
		mode?: number;
		linkTarget?: string;
	};
	return {
		name: json.name ?? '',
		size: json.size ?? 0,
		mode: unixMode(json.mode ?? 0),
		linkTarget: json.linkTarget ?? '',
	};
}

function unixMode(goMode: number): number {
	const bit = (n: number): boolean => Math.floor(goMode / 2 ** n) % 2 === 1;
	let type = 0o100000;
	if (bit(31)) type = 0o040000;
	else if (bit(27)) type = 0o120000;
	else if (bit(25)) type = 0o010000;
	else if (bit(24)) type = 0o140000;
	else if (bit(26)) type = bit(21) ? 0o020000 : 0o060000;
	const special = (bit(23) ? 0o4000 : 0) | (bit(22) ? 0o2000 : 0) | (bit(20) ? 0o1000 : 0);
	return type | special | (goMode % 0o1000);
}

/**
 * The engine notes the start after the fact: a process that ends at once was seen to have finished 3 ms before
 * it began. A running one that was started again by somebody keeps the finish of its former run.
 */
function finish(
	text: string | undefined,
	startedAt: number | undefined,
	status?: string,
): number | undefined {
	const at = instant(text);
	if (at === undefined || startedAt === undefined || status === 'running') return at;
	return Math.max(at, startedAt);
}

/** Go's zero time means never. */
function instant(text: string | undefined): number | undefined {
	if (!text || text.startsWith('0001-')) return undefined;
	const at = Date.parse(text);
	return Number.isNaN(at) ? undefined : at;
}

function architecture(machine: string): string {
	switch (machine) {
		case 'x86_64':
			return 'amd64';
		case 'aarch64':
			return 'arm64';
		case 'armv7l':
		case 'armv6l':
			return 'arm';
		case 'i386':
		case 'i686':
			return '386';
		default:
			return machine;
	}
}
