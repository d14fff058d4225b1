/** Creating and removing the fake engine's containers, and what is asked about them. */
import type {
	ContainerStats,
	ContainerSummary,
	CreateOptions,
	EngineImage,
} from '../../../src/engine/engine.ts';
import { type FakeContainer, isLive, summary } from './container.ts';
import type { Endpoints } from './endpoints.ts';
import { FakeView } from './files.ts';
import type { FakeImages } from './images.ts';
import { matches } from './labels.ts';
import type { Life } from './life.ts';
import type { Machine } from './machine.ts';
import type { Program } from './program.ts';
import { fail } from './refusal.ts';
import type { FakeVolumes } from './volumes.ts';

export interface Parts {
	readonly machine: Machine;
	readonly images: FakeImages;
	readonly volumes: FakeVolumes;
	readonly endpoints: Endpoints;
	readonly life: Life;
	readonly programOf: (options: CreateOptions) => Program | undefined;
}

export class FakeContainers {
	readonly #parts: Parts;

	constructor(parts: Parts) {
		this.#parts = parts;
	}

	create(options: CreateOptions): { id: string; warnings: readonly string[] } {
		const { machine, images, volumes } = this.#parts;
		const { name } = options;
		const taken = machine.all().find((other) => other.options.name === name);
		if (taken) {
			fail(
				'CONFLICT',
				409,
				`Conflict. The container name "/${name}" is already in use by container "${taken.id}". You have to remove (or rename) that container to be able to reuse that name.`,
			);
		}
		if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
			fail(
				'BAD_REQUEST',
				400,
				`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
			);
		}
		const image = images.get(options.image);
		if (options.networkMode.startsWith('container:')) refuseJoinConflicts(options);
		// Whose IPC it shares must be there at its creation, the others only at its start.
		if (options.ipcMode?.startsWith('container:')) machine.find(options.ipcMode.slice('container:'.length));
		const container = this.#make(options, image);
		volumes.mount(container);
		machine.containers.set(container.id, container);
		machine.emit(container, 'create');
		return { id: container.id, warnings: [] };
	}

	remove(id: string, force: boolean): void {
		const { machine, life, endpoints } = this.#parts;
		const container = machine.find(id);
		if (isLive(container)) {
			if (!force) {
				fail(
					'CONFLICT',
					409,
					`You cannot remove a running container ${container.id}. Stop the container before attempting removal or force remove`,
				);
			}
			life.kill(container, 9);
		}
		endpoints.leave(container);
		machine.containers.delete(container.id);
		machine.emit(container, 'destroy');
	}

	/** The newest first. */
	list(labels: readonly string[]): ContainerSummary[] {
		const { machine } = this.#parts;
		return machine
			.all()
			.filter(({ options }) => matches(options.labels, labels))
			.reverse()
			.map(summary);
	}

	/** A processor's work of 1 ms in each second that it ran. */
	stats(id: string): ContainerStats {
		const { machine } = this.#parts;
		const container = machine.find(id);
		const ran = container.status === 'running' ? machine.now - (container.startedAt ?? machine.now) : 0;
		return { at: machine.now, cpuNanoseconds: ran * 1000, memoryBytes: ran > 0 ? 2 ** 20 : 0 };
	}

	/** Nothing writes here. */
	writtenBytes(id: string): number {
		this.#parts.machine.find(id);
		return 0;
	}

	top(id: string): string[][] {
		const { options, pid } = this.#parts.machine.running(id);
		const command = [...(options.entrypoint ?? []), ...(options.cmd ?? [])].join(' ');
		return [
			['UID', 'PID', 'CMD'],
			['root', String(pid), command],
		];
	}

	#make(options: CreateOptions, image: EngineImage): FakeContainer {
		const { machine, endpoints, programOf } = this.#parts;
		return {
			id: machine.newID(),
			options: { ...options, labels: { ...options.labels } },
			networkMode: endpoints.modeOf(options.networkMode),
			ipcMode: endpoints.modeOf(options.ipcMode ?? 'private'),
			pidMode: endpoints.modeOf(options.pidMode ?? ''),
			image,
			createdAt: machine.now,
			view: new FakeView(),
			program: programOf(options) ?? {},
			log: [],
			watchers: new Set(),
			networks: new Map(),
			resources: { ...options.resources },
			status: 'created',
			exitCode: 0,
			oomKilled: false,
			error: '',
			pid: 0,
		};
	}
}

function refuseJoinConflicts(options: CreateOptions): void {
	const refuse = (what: string): never => fail('BAD_REQUEST', 400, `conflicting options: ${what}`);
	if (options.hostname) refuse('hostname and the network mode');
	if (options.dns?.length) refuse('dns and the network mode');
	if (options.extraHosts?.length) refuse('custom host-to-IP mapping and the network mode');
	if (options.ports?.length) refuse('port publishing and the container type network mode');
}
