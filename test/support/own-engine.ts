/**
 * A Docker engine of a test's own, which the test may stop, kill and start again while everything else on the
 * machine runs on: a dockerd with data, sockets, cgroups, network and mount namespaces of its own. The
 * namespaces are held by a process that outlives each dockerd, as a machine outlives its engine: bridges and
 * mounts are there when the next one starts. Ports and addresses of its containers can't be reached from here,
 * only through its API. Needs root, dockerd, nsenter and unshare.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
	closeSync,
	existsSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	rmdirSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll } from 'vitest';
import { docker } from './checks.ts';
import { alive, eventually } from './scenario.ts';

/** ms that a dockerd gets to end after SIGTERM; its containers get fifteen seconds of it. */
const ENDS_WITHIN = 40_000;
const STARTS_WITHIN = 60_000;

/** Directories of programs that a bare environment does not name. */
const PATH = [process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].filter(Boolean).join(':');
/** What dockerd must not share with another engine's: the containerd that it would else find and use. */
const PREPARE =
	'mount --make-rshared / && mkdir -p /run/containerd && mount -t tmpfs tmpfs /run/containerd && ' +
	'ip link set lo up && exec sleep 2000000000';

export interface OwnEngineOptions {
	/** Containers run on while it is away. */
	readonly liveRestore?: boolean;
	/** Its daemon.json. */
	readonly config?: object;
	/** Copied from the engine at hand. */
	readonly images: readonly string[];
}

/** An engine for all tests of a `describe`: it starts before the first, and nothing is left of it after the last. */
export function ownEngine(options: OwnEngineOptions): OwnEngine {
	const engine = new OwnEngine(options);
	beforeAll(async () => {
		await engine.start();
		await engine.load(options.images);
		const { Version } = await engine.docker.version();
		process.stdout.write(`an engine of the test's own: Docker ${Version}, the dockerd of PATH\n`);
	});
	afterAll(() => engine.end());
	return engine;
}

export class OwnEngine {
	readonly folder: string;
	readonly socket: string;
	/** As DOCKER_HOST. */
	readonly address: string;
	/** For looks past podrun. */
	readonly docker: Docker;
	readonly #options: OwnEngineOptions;
	readonly #cgroup: string;
	#holder: ChildProcess | undefined;
	#daemon: ChildProcess | undefined;

	constructor(options: OwnEngineOptions) {
		this.#options = options;
		// Short: the paths of sockets below it may have 107 characters. Made by the first start.
		this.folder = join(tmpdir(), `podrun-e-${randomBytes(3).toString('hex')}`);
		this.socket = join(this.folder, 'sock');
		this.address = `unix://${this.socket}`;
		this.docker = new Docker({ socketPath: this.socket });
		this.#cgroup = this.folder.split('/').at(-1) ?? '';
	}

	/** Starts dockerd and waits until it answers. Throws with the end of its log when it does not. */
	async start(): Promise<void> {
		checkMachine();
		mkdirSync(this.folder, { recursive: true, mode: 0o700 });
		const holder = await this.#held();
		// A killed one leaves these behind. Where nobody reaps orphans, the next dockerd takes the zombie of the last
		// one, or of its containerd, for alive: it would not start, or wait for that containerd in vain.
		for (const file of [join(this.folder, 'pid'), join(this.folder, 'run/containerd/containerd.pid')]) {
			if (!alive(Number(readText(file)))) rmSync(file, { force: true });
		}
		writeFileSync(join(this.folder, 'daemon.json'), JSON.stringify(this.#options.config ?? {}));
		const space = `/proc/${holder}/ns`;
		this.#daemon = this.#spawn('nsenter', [
			`--net=${space}/net`,
			`--mount=${space}/mnt`,
			'dockerd',
			`--config-file=${join(this.folder, 'daemon.json')}`,
			`--data-root=${join(this.folder, 'data')}`,
			`--exec-root=${join(this.folder, 'run')}`,
			`--pidfile=${join(this.folder, 'pid')}`,
			`--host=${this.address}`,
			`--cgroup-parent=/${this.#cgroup}`,
			'--exec-opt=native.cgroupdriver=cgroupfs',
			...(this.#options.liveRestore ? ['--live-restore'] : []),
		]);
		const daemon = this.#daemon;
		try {
			await eventually(
				async () => {
					if (hasEnded(daemon)) throw new Error(`dockerd ended with ${daemon.exitCode ?? daemon.signalCode}`);
					return (await this.docker.ping()) !== undefined;
				},
				{ within: STARTS_WITHIN, what: 'the engine of the test answers' },
			);
		} catch (error) {
			throw new Error(`${(error as Error).message}\n${this.log()}`, { cause: error });
		}
	}

	/** Copies images of the engine at hand. */
	async load(images: readonly string[]): Promise<void> {
		for (const image of images) {
			const told = await this.docker.loadImage(await docker.getImage(image).get());
			await new Promise((resolve, reject) => {
				told.once('end', resolve).once('error', reject);
				told.resume();
			});
		}
	}

	/** SIGKILL to dockerd alone; its containers run on. */
	async kill(): Promise<void> {
		this.#daemon?.kill('SIGKILL');
		await this.#gone();
	}

	/** SIGSTOP to dockerd: it takes connections and answers none until `thaw`. Its containers run on. */
	freeze(): void {
		this.#daemon?.kill('SIGSTOP');
	}

	thaw(): void {
		this.#daemon?.kill('SIGCONT');
	}

	/** SIGTERM, and the end of dockerd awaited: without live-restore its containers end too. */
	async terminate(): Promise<void> {
		this.#daemon?.kill('SIGTERM');
		// Also where a test has ended while it was frozen.
		this.thaw();
		await this.#gone();
	}

	/** SIGKILL to its containerd; dockerd starts another one. Resolves when that one runs. */
	async killContainerd(): Promise<void> {
		const before = this.#containerd();
		if (before === undefined) throw new Error('the engine of the test has no containerd');
		process.kill(before, 'SIGKILL');
		await eventually(() => ![undefined, before].includes(this.#containerd()), {
			what: 'dockerd has started another containerd',
		});
	}

	/** The end of dockerd's log. */
	log(): string {
		return readFileSync(join(this.folder, 'log'), 'utf8').split('\n').slice(-30).join('\n');
	}

	/** Everything of it ends: dockerd, shims, containers, mounts, files. Throws when something is left. */
	async end(): Promise<void> {
		await this.terminate();
		await eventually(() => {
			const left = this.#processes();
			for (const pid of left) signal(pid);
			return left.length === 0;
		});
		this.#holder?.kill('SIGKILL');
		// The namespaces go with their last process, and the mounts on these files with them.
		await eventually(() => {
			this.#removeCgroups();
			rmSync(this.folder, { recursive: true, force: true });
			return true;
		});
	}

	/** The process that holds the namespaces. */
	async #held(): Promise<number> {
		if (this.#holder === undefined) {
			this.#holder = this.#spawn('unshare', [
				'--net',
				'--mount',
				'--propagation=slave',
				'sh',
				'-ec',
				PREPARE,
			]);
			const { pid } = this.#holder;
			await eventually(() => readText(`/proc/${pid}/comm`).trim() === 'sleep', {
				within: 10_000,
				what: 'namespaces of its own are made',
			}).catch((error: Error) => {
				throw new Error(`${error.message}\n${this.log()}`, { cause: error });
			});
		}
		return this.#holder.pid ?? 0;
	}

	/** Output goes to a file: a pipe would be held open by every shim, and full when nobody reads. */
	#spawn(command: string, args: readonly string[]): ChildProcess {
		const log = openSync(join(this.folder, 'log'), 'a');
		const child = spawn(command, args, {
			detached: true,
			stdio: ['ignore', log, log],
			cwd: '/',
			env: { PATH, HOME: this.folder },
		});
		closeSync(log);
		child.unref();
		// A program that is not there: start() tells it.
		child.on('error', (error) =>
			writeFileSync(join(this.folder, 'log'), `${error.message}\n`, { flag: 'a' }),
		);
		return child;
	}

	async #gone(): Promise<void> {
		const daemon = this.#daemon;
		if (daemon === undefined) return;
		this.#daemon = undefined;
		await eventually(() => hasEnded(daemon), { within: ENDS_WITHIN, what: 'dockerd has ended' }).catch(
			async (error: Error) => {
				daemon.kill('SIGKILL');
				throw new Error(`${error.message}\n${this.log()}`, { cause: error });
			},
		);
	}

	#containerd(): number | undefined {
		return processes().find(({ command }) => /containerd\0--config\0/.test(command) && this.#owns(command))
			?.pid;
	}

	#owns(command: string): boolean {
		return command.includes(`${this.folder}/`);
	}

	/** By their command lines (dockerd, containerd, shims, runc) and by their cgroups (containers). */
	#processes(): number[] {
		const mine = processes().filter(({ command }) => this.#owns(command) && !command.startsWith('node'));
		const contained = this.#cgroups().flatMap((folder) =>
			readText(join(folder, 'cgroup.procs')).split('\n').filter(Boolean).map(Number),
		);
		return [...new Set([...mine.map(({ pid }) => pid), ...contained])];
	}

	/** Folders of its cgroups in every hierarchy, the innermost first. */
	#cgroups(): string[] {
		const top = '/sys/fs/cgroup';
		const roots = [top, ...readdirSync(top).map((name) => join(top, name))].map((one) =>
			join(one, this.#cgroup),
		);
		return roots.flatMap((root) => {
			try {
				const inner = readdirSync(root, { recursive: true, withFileTypes: true })
					.filter((entry) => entry.isDirectory())
					.map((entry) => join(entry.parentPath, entry.name));
				return [...inner.reverse(), root];
			} catch {
				return [];
			}
		});
	}

	#removeCgroups(): void {
		for (const folder of this.#cgroups()) rmdirSync(folder);
	}
}

/** Tests that can't be made here fail and say why: skipped ones would look like passed ones. */
function checkMachine(): void {
	const missing = ['dockerd', 'nsenter', 'unshare', 'ip'].filter(
		(name) => !PATH.split(':').some((folder) => existsSync(join(folder, name))),
	);
	if (process.getuid?.() !== 0) missing.push('the rights of root');
	if (missing.length > 0) {
		throw new Error(
			`an engine of a test's own can't be made on this machine: it lacks ${missing.join(', ')}`,
		);
	}
}

function hasEnded({ exitCode, signalCode, pid }: ChildProcess): boolean {
	return pid === undefined || exitCode !== null || signalCode !== null;
}

function signal(pid: number): void {
	try {
		process.kill(pid, 'SIGKILL');
	} catch {
		// It has just ended.
	}
}

function processes(): { readonly pid: number; readonly command: string }[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.map((name) => ({ pid: Number(name), command: readText(`/proc/${name}/cmdline`) }));
}

/** '' for what is not there any more. */
function readText(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return '';
	}
}
