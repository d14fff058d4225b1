/** A container of the fake engine: what it was made with, what has become of it, and what inspect tells. */
import type {
	ContainerSummary,
	CreateOptions,
	EngineContainer,
	EngineImage,
	LogChunk,
	ResourceOptions,
} from '../../../src/engine/engine.ts';
import type { FakeView } from './files.ts';
import type { Program } from './program.ts';

export interface FakeContainer {
	readonly id: string;
	readonly options: CreateOptions;
	readonly networkMode: string;
	readonly ipcMode: string;
	readonly pidMode: string;
	readonly image: EngineImage;
	readonly createdAt: number;
	readonly view: FakeView;
	readonly program: Program;
	readonly log: { at: number; chunk: LogChunk }[];
	/** Called when it prints or dies. */
	readonly watchers: Set<() => void>;
	/** By the network's name; the IP is empty while it does not run. */
	readonly networks: Map<string, { ip: string; networkID: string }>;
	resources: ResourceOptions;
	status: 'created' | 'running' | 'paused' | 'exited';
	startedAt?: number;
	finishedAt?: number;
	exitCode: number;
	oomKilled: boolean;
	error: string;
	pid: number;
	/** The end that is due, if any. */
	due?: { at: number; exitCode: number };
}

export const isLive = ({ status }: FakeContainer): boolean => status === 'running' || status === 'paused';

export function changed(container: FakeContainer): void {
	for (const watcher of [...container.watchers]) watcher();
}

export function inspect(container: FakeContainer): EngineContainer {
	const { options } = container;
	return {
		id: container.id,
		name: options.name,
		labels: { ...options.labels },
		image: options.image,
		imageID: container.image.id,
		status: container.status,
		createdAt: container.createdAt,
		...(container.startedAt === undefined ? {} : { startedAt: container.startedAt }),
		...(container.finishedAt === undefined ? {} : { finishedAt: container.finishedAt }),
		exitCode: container.exitCode,
		oomKilled: container.oomKilled,
		error: container.error,
		pid: container.pid,
		networkMode: container.networkMode,
		stopSignal: options.stopSignal || container.image.stopSignal || 'SIGTERM',
		tty: options.tty ?? false,
		openStdin: options.openStdin ?? false,
		networks: Object.fromEntries(container.networks),
		mounts: (options.mounts ?? []).map((mount) => ({
			type: mount.type,
			...(mount.type === 'volume' ? { name: mount.source } : {}),
			source: mount.type === 'tmpfs' ? '' : mount.source,
			target: mount.target,
		})),
	};
}

export function summary({ id, options, status, image }: FakeContainer): ContainerSummary {
	return { id, names: [options.name], labels: { ...options.labels }, state: status, imageID: image.id };
}
