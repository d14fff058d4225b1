/**
 * CreateOptions as the body of the engine's create call. Pure. What the engine's API version would silently
 * ignore is refused here, since a mount of a whole volume in place of its subPath is worse than none.
 */
import { type CreateOptions, EngineError, type MountOption, type ResourceOptions } from './engine.ts';

/** The body of `POST /containers/create`. Throws EngineError BAD_REQUEST for what this API version can't do. */
export function createBody(options: CreateOptions, apiVersion: string): object {
	const exposed: Record<string, object> = {};
	const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
	for (const port of options.ports ?? []) {
		const key = `${port.containerPort}/${port.protocol}`;
		exposed[key] = {};
		bindings[key] ??= [];
		bindings[key].push({ HostIp: port.hostIP, HostPort: String(port.hostPort) });
	}
	return defined({
		Image: options.image,
		Labels: options.labels,
		Entrypoint: options.entrypoint,
		Cmd: options.cmd,
		Env: options.env,
		WorkingDir: options.workingDir,
		User: options.user,
		Hostname: options.hostname,
		Domainname: options.domainname,
		OpenStdin: options.openStdin ?? false,
		StdinOnce: options.stdinOnce ?? false,
		Tty: options.tty ?? false,
		StopSignal: options.stopSignal,
		// Probes rule; an image's own check would only burn time beside them.
		Healthcheck: { Test: ['NONE'] },
		ExposedPorts: options.ports ? exposed : undefined,
		HostConfig: defined({
			NetworkMode: options.networkMode,
			IpcMode: options.ipcMode,
			PidMode: options.pidMode,
			UTSMode: options.utsMode,
			UsernsMode: options.usernsMode,
			CgroupParent: options.cgroupParent,
			Dns: options.dns,
			DnsSearch: options.dnsSearch,
			DnsOptions: options.dnsOptions,
			ExtraHosts: options.extraHosts,
			PortBindings: options.ports ? bindings : undefined,
			Mounts: options.mounts?.map((mount) => mountBody(mount, apiVersion)),
			...(options.resources ? resourcesBody(options.resources) : {}),
			OomScoreAdj: options.oomScoreAdj,
			Privileged: options.privileged ?? false,
			CapAdd: options.capAdd,
			CapDrop: options.capDrop,
			SecurityOpt: options.securityOpt,
			MaskedPaths: options.maskedPaths,
			ReadonlyPaths: options.readonlyPaths,
			ReadonlyRootfs: options.readonlyRootfs ?? false,
			GroupAdd: options.groupAdd,
			Sysctls: options.sysctls,
			Devices: options.devices?.map((device) => ({
				PathOnHost: device.hostPath,
				PathInContainer: device.containerPath,
				CgroupPermissions: device.permissions,
			})),
			Runtime: options.runtime,
			ShmSize: options.shmSizeBytes,
			LogConfig: options.logDriver === undefined ? undefined : { Type: options.logDriver, Config: {} },
			Init: options.init,
			// An engine's policy gives up for good once a join fails: restarts are the reconciler's.
			RestartPolicy: { Name: 'no' },
		}),
		NetworkingConfig: endpoint(options),
	});
}

/** The part of a create or update call that limits resources. */
export function resourcesBody(resources: ResourceOptions): object {
	return defined({
		CpuShares: resources.cpuShares,
		NanoCpus: resources.nanoCpus,
		Memory: resources.memoryBytes,
		MemorySwap: resources.memorySwapBytes,
		MemoryReservation: resources.memoryReservationBytes,
		PidsLimit: resources.pidsLimit,
	});
}

/** Is `apiVersion` at least `wanted`? Both like 1.41. */
export function atLeast(apiVersion: string, wanted: string): boolean {
	const [major = 0, minor = 0] = apiVersion.split('.').map(Number);
	const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
	return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function endpoint(options: CreateOptions): object | undefined {
	if (options.ipv4 === undefined && options.aliases === undefined) return undefined;
	return {
		EndpointsConfig: {
			[options.networkMode]: defined({
				IPAMConfig: options.ipv4 === undefined ? undefined : { IPv4Address: options.ipv4 },
				Aliases: options.aliases,
			}),
		},
	};
}

function mountBody(mount: MountOption, apiVersion: string): object {
	switch (mount.type) {
		case 'volume':
			if (mount.subPath) needs(apiVersion, '1.45', 'a volume mount with a subPath');
			return defined({
				Type: 'volume',
				Source: mount.source,
				Target: mount.target,
				ReadOnly: mount.readOnly,
				VolumeOptions: defined({ NoCopy: mount.noCopy, Subpath: mount.subPath || undefined }),
			});
		case 'bind': {
			if (mount.recursiveReadOnly === true) needs(apiVersion, '1.44', 'a recursively read-only mount');
			const recursion = atLeast(apiVersion, '1.44') && mount.readOnly;
			return defined({
				Type: 'bind',
				Source: mount.source,
				Target: mount.target,
				ReadOnly: mount.readOnly,
				// Kubernetes' readOnly leaves the mounts beneath alone unless it is told otherwise; without either
				// option the engine does what it can.
				BindOptions: defined({
					Propagation: mount.propagation,
					// 20.10 refuses a source that is not there, whatever it is told.
					CreateMountpoint: mount.create && atLeast(apiVersion, '1.42') ? true : undefined,
					ReadOnlyNonRecursive: recursion && !mount.recursiveReadOnly ? true : undefined,
					ReadOnlyForceRecursive: recursion && mount.recursiveReadOnly === true ? true : undefined,
				}),
			});
		}
		case 'tmpfs':
			return {
				Type: 'tmpfs',
				Target: mount.target,
				TmpfsOptions: defined({ SizeBytes: mount.sizeBytes, Mode: mount.mode }),
			};
		case 'image':
			needs(apiVersion, '1.48', 'an image mount');
			return defined({
				Type: 'image',
				Source: mount.source,
				Target: mount.target,
				ReadOnly: true,
				ImageOptions: mount.subPath ? { Subpath: mount.subPath } : undefined,
			});
	}
}

function needs(apiVersion: string, wanted: string, what: string): void {
	if (atLeast(apiVersion, wanted)) return;
	throw new EngineError(
		'BAD_REQUEST',
		`${what} needs Docker API ${wanted}; this engine speaks ${apiVersion}`,
	);
}

/** Without the keys that are undefined. */
function defined(value: Record<string, unknown>): Record<string, unknown> {
	return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined));
}
