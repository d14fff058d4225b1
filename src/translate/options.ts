/**
 * What translate makes: the options of one container as the engine takes them, in podrun's own words. They
 * stand on this floor so that translate needs nothing of the engine; engine.ts passes them on.
 */

export interface PortBinding {
	readonly containerPort: number;
	readonly protocol: 'tcp' | 'udp' | 'sctp';
	readonly hostPort: number;
	/** '' = every address. */
	readonly hostIP: string;
}

export type MountOption =
	| {
			readonly type: 'volume';
			readonly source: string;
			readonly target: string;
			readonly readOnly: boolean;
			readonly noCopy: boolean;
			readonly subPath?: string;
	  }
	| {
			readonly type: 'bind';
			readonly source: string;
			readonly target: string;
			readonly readOnly: boolean;
			/** IfPossible: as far as engine and kernel can. */
			readonly recursiveReadOnly?: boolean | 'IfPossible';
			readonly propagation?: 'rprivate' | 'rslave' | 'rshared';
			/** The engine makes a folder where nothing is. */
			readonly create?: boolean;
	  }
	| { readonly type: 'tmpfs'; readonly target: string; readonly sizeBytes?: number; readonly mode?: number }
	| { readonly type: 'image'; readonly source: string; readonly target: string; readonly subPath?: string };

export interface ResourceOptions {
	/** 0 or undefined: engine's default. */
	readonly cpuShares?: number;
	readonly nanoCpus?: number;
	readonly memoryBytes?: number;
	/** memory + swap; equal to memory: no swap. */
	readonly memorySwapBytes?: number;
	readonly memoryReservationBytes?: number;
	readonly pidsLimit?: number;
}

/** What translate makes of a container (or of the pause). Undefined: engine's or image's default. */
export interface CreateOptions {
	readonly name: string;
	readonly image: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly entrypoint?: readonly string[];
	readonly cmd?: readonly string[];
	/** KEY=value */
	readonly env?: readonly string[];
	readonly workingDir?: string;
	/** uid[:gid] or a name. */
	readonly user?: string;
	readonly hostname?: string;
	readonly domainname?: string;
	readonly openStdin?: boolean;
	readonly stdinOnce?: boolean;
	readonly tty?: boolean;
	readonly stopSignal?: string;
	/** bridge name | host | none | container:<id> */
	readonly networkMode: string;
	/** private | shareable | host | container:<id> */
	readonly ipcMode?: string;
	/** '' (own) | host | container:<id> */
	readonly pidMode?: string;
	readonly utsMode?: string;
	readonly usernsMode?: string;
	readonly cgroupParent?: string;
	/** With a user-defined network: fixed address and names. */
	readonly ipv4?: string;
	readonly aliases?: readonly string[];
	readonly dns?: readonly string[];
	readonly dnsSearch?: readonly string[];
	readonly dnsOptions?: readonly string[];
	/** host:ip lines of /etc/hosts */
	readonly extraHosts?: readonly string[];
	readonly ports?: readonly PortBinding[];
	readonly mounts?: readonly MountOption[];
	readonly resources?: ResourceOptions;
	readonly oomScoreAdj?: number;
	readonly privileged?: boolean;
	readonly capAdd?: readonly string[];
	readonly capDrop?: readonly string[];
	readonly securityOpt?: readonly string[];
	/** [] = unmasked (procMount Unmasked). */
	readonly maskedPaths?: readonly string[];
	readonly readonlyPaths?: readonly string[];
	readonly readonlyRootfs?: boolean;
	readonly groupAdd?: readonly string[];
	readonly sysctls?: Readonly<Record<string, string>>;
	readonly devices?: readonly {
		readonly hostPath: string;
		readonly containerPath: string;
		readonly permissions: string;
	}[];
	readonly runtime?: string;
	readonly shmSizeBytes?: number;
	/** json-file, none…; undefined: engine's default. */
	readonly logDriver?: string;
	readonly init?: boolean;
}
