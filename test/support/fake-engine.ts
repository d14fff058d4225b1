/**
 * A stateful engine in memory, for tests that want Docker's rules without Docker: names, states, joins, ports,
 * networks, volumes with files, events. The contract suite runs on it and on the real one. It has a clock of
 * its own, which only the test moves, and no timers; what a container's process does is scripted. Calls can
 * be made to fail, or to fail after the deed was done, or be held back, at the n-th time. Here stand the verbs
 * of `Engine` and what a test may do to it; how it is done stands in the folder fake-engine.
 */
import type {
	CreateOptions,
	Engine,
	EngineImage,
	EngineInfo,
	ResourceOptions,
} from '../../src/engine/engine.ts';
import { getArchive, putArchive, statPath } from './fake-engine/archive.ts';
import { FakeCalls, type Fault } from './fake-engine/calls.ts';
import { inspect } from './fake-engine/container.ts';
import { FakeContainers } from './fake-engine/containers.ts';
import { Endpoints } from './fake-engine/endpoints.ts';
import { FakeTree, type FakeView } from './fake-engine/files.ts';
import { FakeImages } from './fake-engine/images.ts';
import { Life } from './fake-engine/life.ts';
import { readLog } from './fake-engine/logs.ts';
import { Machine } from './fake-engine/machine.ts';
import { FakeNetworks } from './fake-engine/networks.ts';
import type { Program } from './fake-engine/program.ts';
import { startAttach, startExec } from './fake-engine/sessions.ts';
import { FakeVolumes } from './fake-engine/volumes.ts';

export type { Program } from './fake-engine/program.ts';

export interface FakeOptions {
	/** Start of the clock, ms since the epoch. */
	readonly now?: number;
	/** What the process of a container does. */
	readonly program?: (options: CreateOptions) => Program | undefined;
	/** Images that are there from the start. Default: busybox:1.36. */
	readonly images?: readonly string[];
	readonly info?: Partial<EngineInfo>;
}

const INFO: EngineInfo = {
	id: 'FAKE',
	name: 'fake',
	version: '20.10.24',
	apiVersion: '1.41',
	os: 'linux',
	arch: 'amd64',
	cpus: 4,
	memoryBytes: 8 * 2 ** 30,
	cgroupVersion: '2',
	cgroupDriver: 'cgroupfs',
	runtimes: ['runc'],
	defaultRuntime: 'runc',
	securityOptions: [],
	kernelVersion: '6.1.0',
	osImage: 'Fake Linux',
	liveRestore: false,
	local: true,
	rootDir: '/var/lib/docker',
};

export class FakeEngine implements Engine {
	readonly address = 'unix:///fake/docker.sock';
	/** The host's files, as bind mounts see them. */
	readonly host = new FakeTree();
	readonly #info: EngineInfo;
	readonly #calls = new FakeCalls(this.address);
	readonly #machine: Machine;
	readonly #images: FakeImages;
	readonly #volumes: FakeVolumes;
	readonly #networks: FakeNetworks;
	readonly #endpoints: Endpoints;
	readonly #life: Life;
	readonly #containers: FakeContainers;

	constructor(options: FakeOptions = {}) {
		const machine = new Machine(options.now ?? Date.parse('2026-01-01T00:00:00Z'));
		this.#info = { ...INFO, ...options.info };
		this.#machine = machine;
		this.#images = new FakeImages(machine);
		this.#volumes = new FakeVolumes(machine, this.host);
		this.#networks = new FakeNetworks(machine);
		this.#endpoints = new Endpoints(machine, this.#networks);
		this.#life = new Life(machine, this.#endpoints);
		this.#containers = new FakeContainers({
			machine,
			images: this.#images,
			volumes: this.#volumes,
			endpoints: this.#endpoints,
			life: this.#life,
			programOf: options.program ?? (() => undefined),
		});
		for (const ref of options.images ?? ['busybox:1.36']) this.addImage(ref);
	}

	// --- what a test does to it -------------------------------------------------------------------------

	/** The engine's clock, ms since the epoch. */
	get now(): number {
		return this.#machine.now;
	}

	/** Moves the clock; everything due on the way happens in order, at its own instant. */
	advance(ms: number): void {
		this.#life.advance(ms);
	}

	/** The next instant at which something is due; undefined: never. */
	get nextDue(): number | undefined {
		return this.#life.nextDue;
	}

	/** Every call made, in order. */
	get calls(): readonly { readonly method: keyof Engine; readonly args: readonly unknown[] }[] {
		return this.#calls.made;
	}

	/** What a pull finds: an image's name, or the refusal. */
	get registry(): FakeImages['registry'] {
		return this.#images.registry;
	}

	/** The process ends now, as by itself. */
	exit(nameOrID: string, exitCode: number, options: { oom?: boolean } = {}): void {
		this.#life.die(this.#machine.running(nameOrID), exitCode, options.oom ?? false);
	}

	/** Says after its death that it was killed for its memory. */
	lateOom(nameOrID: string): void {
		this.#life.lateOom(nameOrID);
	}

	/** Files as the container sees them; kept after its death. */
	view(nameOrID: string): FakeView {
		return this.#machine.find(nameOrID).view;
	}

	volumeTree(name: string): FakeTree | undefined {
		return this.#volumes.treeOf(name);
	}

	/** What was asked for at create, for a test to look at. */
	optionsOf(nameOrID: string): CreateOptions & { readonly resources: ResourceOptions } {
		const { options, resources } = this.#machine.find(nameOrID);
		return { ...options, resources };
	}

	pause(nameOrID: string): void {
		this.#life.pause(nameOrID);
	}

	addImage(ref: string, image: Partial<EngineImage> = {}): EngineImage {
		return this.#images.add(ref, image);
	}

	/** A failure to come; several may wait at once. Default error: the connection was lost. */
	inject(fault: Partial<Fault>): void {
		this.#calls.inject(fault);
	}

	/** Calls of this kind wait, undone, until the returned function is called. */
	hold(method: keyof Engine): () => void {
		return this.#calls.hold(method);
	}

	/** Ends all event streams without a word, as a proxy does with quiet ones. */
	cutEvents(): void {
		this.#machine.events.cut();
	}

	/** Until `up`, every call fails with UNREACHABLE. Without live-restore all containers are killed. */
	down(options: { live?: boolean } = {}): void {
		if (!options.live) this.#life.killAll();
		this.cutEvents();
		this.#machine.events.forget();
		this.#calls.down = true;
	}

	up(): void {
		this.#calls.down = false;
	}

	/** It takes calls and answers none, until `speak`: then what was asked meanwhile is done. `deaf`: that was never heard. */
	fallSilent(): void {
		this.#calls.fallSilent();
	}

	speak(options: { deaf?: boolean } = {}): void {
		this.#calls.speak(options.deaf ?? false);
	}

	// --- Engine -----------------------------------------------------------------------------------------

	readonly ping: Engine['ping'] = (signal) =>
		this.#calls.cuttable(
			this.#calls.make('ping', [], () => undefined),
			signal,
		);

	readonly unanswered: Engine['unanswered'] = () => this.#calls.unanswered();

	readonly info: Engine['info'] = () => this.#calls.make('info', [], () => this.#info);

	readonly createContainer: Engine['createContainer'] = (options) =>
		this.#calls.make('createContainer', [options], () => this.#containers.create(options));

	readonly startContainer: Engine['startContainer'] = (id) =>
		this.#calls.make('startContainer', [id], () => this.#life.start(id));

	readonly killContainer: Engine['killContainer'] = (id, signal) =>
		this.#calls.make('killContainer', [id, signal], () => this.#life.signal(id, signal));

	readonly unpauseContainer: Engine['unpauseContainer'] = (id) =>
		this.#calls.make('unpauseContainer', [id], () => this.#life.unpause(id));

	readonly updateContainer: Engine['updateContainer'] = (id, resources) =>
		this.#calls.make('updateContainer', [id, resources], () => {
			const container = this.#machine.find(id);
			container.resources = { ...container.resources, ...resources };
			this.#machine.emit(container, 'update');
		});

	readonly removeContainer: Engine['removeContainer'] = (id, options) =>
		this.#calls.make('removeContainer', [id, options], () => this.#containers.remove(id, options.force));

	readonly inspectContainer: Engine['inspectContainer'] = (id) =>
		this.#calls.make('inspectContainer', [id], () => inspect(this.#machine.find(id)));

	readonly listContainers: Engine['listContainers'] = (labels) =>
		this.#calls.make('listContainers', [labels], () => this.#containers.list(labels));

	readonly stats: Engine['stats'] = (id) => this.#calls.make('stats', [id], () => this.#containers.stats(id));

	readonly writtenBytes: Engine['writtenBytes'] = (id) =>
		this.#calls.make('writtenBytes', [id], () => this.#containers.writtenBytes(id));

	readonly top: Engine['top'] = (id) => this.#calls.make('top', [id], () => this.#containers.top(id));

	readonly getArchive: Engine['getArchive'] = (id, path) =>
		this.#calls.make('getArchive', [id, path], () => getArchive(this.#machine, id, path));

	readonly putArchive: Engine['putArchive'] = (...args) =>
		this.#calls.make('putArchive', args, () => putArchive(this.#machine, ...args));

	readonly statPath: Engine['statPath'] = (id, path) =>
		this.#calls.make('statPath', [id, path], () => statPath(this.#machine, id, path));

	async *logs(...[id, options, signal]: Parameters<Engine['logs']>): ReturnType<Engine['logs']> {
		const container = await this.#calls.make('logs', [id, options], () => this.#machine.find(id));
		yield* readLog(this.#machine, container, options, signal);
	}

	readonly exec: Engine['exec'] = (id, options, signal) =>
		this.#calls.make('exec', [id, options], () => startExec(this.#machine, id, options, signal));

	readonly attach: Engine['attach'] = (id, options, signal) =>
		this.#calls.make('attach', [id, options], () =>
			startAttach(this.#machine, this.#machine.running(id), options, signal),
		);

	readonly inspectImage: Engine['inspectImage'] = (ref) =>
		this.#calls.make('inspectImage', [ref], () => this.#images.find(ref));

	readonly pullImage: Engine['pullImage'] = (ref, options) =>
		this.#calls.make('pullImage', [ref, options], () => this.#images.pull(ref, options));

	readonly loadImage: Engine['loadImage'] = (tar) =>
		this.#calls.make('loadImage', [tar], () => this.#images.load(tar));

	readonly buildImage: Engine['buildImage'] = (options, onOutput) =>
		this.#calls.make('buildImage', [options, onOutput], () => this.#images.build(options, onOutput));

	readonly removeImage: Engine['removeImage'] = (ref) =>
		this.#calls.make('removeImage', [ref], () => this.#images.remove(ref));

	readonly createVolume: Engine['createVolume'] = (options) =>
		this.#calls.make('createVolume', [options], () => this.#volumes.create(options));

	readonly inspectVolume: Engine['inspectVolume'] = (name) =>
		this.#calls.make('inspectVolume', [name], () => this.#volumes.inspect(name));

	readonly listVolumes: Engine['listVolumes'] = (labels) =>
		this.#calls.make('listVolumes', [labels], () => this.#volumes.list(labels));

	readonly removeVolume: Engine['removeVolume'] = (name) =>
		this.#calls.make('removeVolume', [name], () => this.#volumes.remove(name));

	readonly createNetwork: Engine['createNetwork'] = (options) =>
		this.#calls.make('createNetwork', [options], () => this.#networks.create(options));

	readonly inspectNetwork: Engine['inspectNetwork'] = (name) =>
		this.#calls.make('inspectNetwork', [name], () => this.#networks.inspect(name));

	readonly listNetworks: Engine['listNetworks'] = (labels) =>
		this.#calls.make('listNetworks', [labels], () => this.#networks.list(labels));

	readonly removeNetwork: Engine['removeNetwork'] = (name) =>
		this.#calls.make('removeNetwork', [name], () => this.#networks.remove(name));

	readonly connectNetwork: Engine['connectNetwork'] = (name, containerID, options) =>
		this.#calls.make('connectNetwork', [name, containerID, options], () => {
			const known = this.#networks.get(name);
			this.#endpoints.connect(this.#machine.find(containerID), known, options.ipv4);
		});

	async *events(...[options, signal]: Parameters<Engine['events']>): ReturnType<Engine['events']> {
		const { events } = this.#machine;
		const subscription = await this.#calls.make('events', [options], () => events.subscribe(options, signal));
		options.onConnected?.();
		yield* subscription.read();
	}

	close(): void {
		this.cutEvents();
	}
}
