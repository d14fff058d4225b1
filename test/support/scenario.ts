/**
 * A scenario's world: its own instance, state folder and home, so that scenarios run side by side on one
 * engine; the built CLI to drive; and an end that removes what was made and says what was left behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach } from 'vitest';
import type { Event, Pod } from '../../src/api/types.ts';
import { leftovers, removeLeftovers } from './checks.ts';
import { engineEnv } from './engine-under-test.ts';
import { eventually, type Patience } from './eventually.ts';
import { removeImages } from './images.ts';

export { eventually } from './eventually.ts';

const BIN = process.env.PODRUN_BIN ?? fileURLToPath(new URL('../../dist/podrun.js', import.meta.url));

export interface Ran {
	readonly code: number | null;
	readonly out: string;
	readonly err: string;
	readonly milliseconds: number;
}

export interface Running {
	readonly child: ChildProcess;
	/** What has come so far. */
	out(): string;
	err(): string;
	readonly ended: Promise<Ran>;
}

interface SupervisorInfo {
	readonly pid: number;
	readonly socket: string;
	readonly stateFolder: string;
}

/** A scenario for all tests of a file or of a `describe`: it tells its story when one fails, and ends after the last. */
export function scenario(name: string, env: NodeJS.ProcessEnv = {}): Scenario {
	const made = new Scenario(name, env);
	afterEach(async ({ task }) => {
		if (task.result?.state === 'fail') {
			made.failed = true;
			console.error(`── ${task.name}\n${await made.story()}`);
		}
	});
	afterAll(() => made.end());
	return made;
}

export class Scenario {
	/** Of podrun on the engine: no other scenario has it. */
	readonly instance: string;
	/** A folder for manifests and other files; the working directory of the CLI. */
	readonly folder: string;
	readonly env: NodeJS.ProcessEnv;
	failed = false;
	#running = new Set<ChildProcess>();
	#socket: string | undefined;

	constructor(name: string, env: NodeJS.ProcessEnv = {}) {
		this.instance = `e2e-${name}-${process.pid}`;
		this.folder = mkdtempSync(join(tmpdir(), `podrun-${name}-`));
		this.env = {
			...withoutSettings(process.env),
			...engineEnv(),
			HOME: this.folder,
			PODRUN_INSTANCE: this.instance,
			PODRUN_STATE_HOME: join(this.folder, 'state'),
			NO_COLOR: '1',
			...env,
		};
	}

	/** How podrun is started: for tests that put something in between. */
	static readonly command: readonly string[] = [process.execPath, BIN];

	/** Writes a file of the scenario and returns its path. */
	file(name: string, text: string): string {
		const path = join(this.folder, name);
		writeFileSync(path, text);
		return path;
	}

	/** Writes objects as one manifest and returns its path. */
	manifest(name: string, ...objects: readonly object[]): string {
		return this.file(`${name}.yaml`, objects.map((one) => JSON.stringify(one, null, 1)).join('\n---\n'));
	}

	/** Starts podrun and comes back at once. */
	start(...args: string[]): Running {
		const began = Date.now();
		const child = spawn(process.execPath, [BIN, ...args], { cwd: this.folder, env: this.env });
		this.#running.add(child);
		let [out, err] = ['', ''];
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			out += text;
		});
		child.stderr.setEncoding('utf8').on('data', (text: string) => {
			err += text;
		});
		child.stdin.end();
		const ended = new Promise<Ran>((resolve, reject) => {
			child.on('error', reject);
			child.on('close', (code) => {
				this.#running.delete(child);
				resolve({ code, out, err, milliseconds: Date.now() - began });
			});
		});
		return { child, out: () => out, err: () => err, ended };
	}

	/** Runs podrun to its end, whatever its exit code. */
	podrun(...args: string[]): Promise<Ran> {
		return this.start(...args).ended;
	}

	/** Runs podrun and expects exit code 0; its stdout. */
	async ok(...args: string[]): Promise<string> {
		const ran = await this.podrun(...args);
		if (ran.code !== 0) {
			throw new Error(`podrun ${args.join(' ')} ended with ${ran.code}:\n${ran.err}${ran.out}`);
		}
		return ran.out;
	}

	/** Writes the objects as a manifest and applies it. */
	async apply(...objects: readonly { readonly metadata: { readonly name: string } }[]): Promise<void> {
		await this.ok('apply', '-f', this.manifest(objects.at(-1)?.metadata.name ?? 'objects', ...objects));
	}

	/** The pod as the API tells it; undefined when there is none. */
	async pod(name: string): Promise<Pod | undefined> {
		const known = await this.#read<Pod>(`/pods/${name}`);
		if (known) {
			return known.status === 200 ? known.body : undefined;
		}
		const ran = await this.podrun('get', 'pod', name, '-o', 'json');
		return ran.code === 0 ? (JSON.parse(ran.out) as Pod) : undefined;
	}

	/** The first look of the pod that is as asked for. */
	async until(name: string, asked: (pod: Pod) => boolean, patience: Patience = {}): Promise<Pod> {
		let last: Pod | undefined;
		try {
			return await eventually(
				async () => {
					last = await this.pod(name);
					return last && asked(last) ? last : undefined;
				},
				{ what: asked.toString(), ...patience },
			);
		} catch (error) {
			const seen = JSON.stringify(last?.status ?? 'no such pod', null, 1);
			throw new Error(`pod "${name}": ${(error as Error).message}\n${seen}`, { cause: error });
		}
	}

	/** Until the pod is no more. */
	async untilGone(name: string, patience: Patience = {}): Promise<void> {
		await eventually(async () => (await this.pod(name)) === undefined, {
			what: `pod "${name}" is gone`,
			...patience,
		});
	}

	/** The pod's events, oldest first. */
	async events(name: string): Promise<readonly Event[]> {
		const list = await this.#read<{ items: Event[] }>('/events');
		return (list?.body.items ?? []).filter(({ involvedObject }) => involvedObject.name === name);
	}

	/** Undefined when none runs. */
	async supervisor(): Promise<SupervisorInfo | undefined> {
		const ran = await this.podrun('supervisor', 'status', '-o', 'json');
		return ran.code === 0 ? (JSON.parse(ran.out) as SupervisorInfo) : undefined;
	}

	/** What a reader of a failed test wants to see. */
	async story(): Promise<string> {
		const [described, log] = await Promise.all([
			this.podrun('describe', 'pods'),
			this.podrun('supervisor', 'logs'),
		]);
		return `${described.out}${described.err}\nsupervisor:\n${log.out.split('\n').slice(-60).join('\n')}`;
	}

	/**
	 * Ends what still runs, removes all pods and the supervisor, and the images that were made for it, and throws when
	 * anything of this instance is still there: on the engine, as a process, as a file. With PODRUN_KEEP_FAILED=1 a failed scenario stays.
	 */
	async end(): Promise<void> {
		for (const child of this.#running) {
			child.kill('SIGKILL');
		}
		if (this.failed && process.env.PODRUN_KEEP_FAILED === '1') {
			console.error(`kept: PODRUN_INSTANCE=${this.instance} PODRUN_STATE_HOME=${this.env.PODRUN_STATE_HOME}`);
			return;
		}
		const left: string[] = [];
		const supervisor = await this.supervisor();
		if (supervisor) {
			const down = await this.podrun('down', '--all', '-t', '0', '--volumes');
			if (down.code !== 0) left.push(`down ended with ${down.code}: ${down.err}`);
			left.push(...(await leftovers(this.instance)));
			// Files follow what the API says by a moment.
			await eventually(() => objectFiles(supervisor.stateFolder).length === 0, { within: 10_000 }).catch(() =>
				left.push(...objectFiles(supervisor.stateFolder)),
			);
			await this.podrun('supervisor', 'stop');
			await eventually(() => !alive(supervisor.pid), { what: `process ${supervisor.pid} has ended` }).catch(
				(error: Error) => left.push(error.message),
			);
		} else {
			left.push(...(await leftovers(this.instance)));
		}
		await removeLeftovers(this.instance);
		left.push(...(await removeImages(this.instance)));
		rmSync(this.folder, { recursive: true, force: true });
		if (left.length > 0) {
			throw new Error(`left behind: ${left.join(', ')}`);
		}
	}

	/** A GET on the supervisor's socket; undefined while there is no supervisor to ask. */
	async #read<T>(path: string): Promise<{ status: number; body: T } | undefined> {
		this.#socket ??= (await this.supervisor())?.socket;
		if (this.#socket === undefined) {
			return undefined;
		}
		try {
			return await get<T>(this.#socket, `/api/v1/namespaces/default${path}`);
		} catch {
			return undefined;
		}
	}
}

/** What the person who runs the tests has set for podrun is none of a scenario's business. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PODRUN_')));
}

/** Whether a process of this id runs (a zombie does not). */
export function alive(pid: number): boolean {
	try {
		return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch {
		return false;
	}
}

/** Objects of pods, their configs and their volumes that a state folder still holds. */
function objectFiles(stateFolder: string): readonly string[] {
	const files = readdirSync(stateFolder, { recursive: true, encoding: 'utf8' });
	return files.filter((path) => /objects\/pods\/.*\.json/.test(path)).map((path) => `file ${path}`);
}

function get<T>(socketPath: string, path: string): Promise<{ status: number; body: T }> {
	return new Promise((resolve, reject) => {
		const asked = request({ socketPath, path, headers: { accept: 'application/json' } }, (answer) => {
			let text = '';
			answer.setEncoding('utf8').on('data', (piece: string) => {
				text += piece;
			});
			answer.on('error', reject);
			answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) as T }));
		});
		asked.setTimeout(20_000, () => asked.destroy(new Error('no answer of the supervisor within 20 s')));
		asked.on('error', reject);
		asked.end();
	});
}
