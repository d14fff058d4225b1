/**
 * A scenario's world: its own instance, state folder and home, so that scenarios run side by side on one
 * engine; the built CLI to drive; and an end that removes what was made and says what was left behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Pod } from '../../src/api/types.ts';
import { leftovers, removeLeftovers } from './checks.ts';

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

export class Scenario {
	/** Of podrun on the engine: no other scenario has it. */
	readonly instance: string;
	/** A folder for manifests and other files; the working directory of the CLI. */
	readonly folder: string;
	readonly env: NodeJS.ProcessEnv;
	#running = new Set<ChildProcess>();

	constructor(name: string, env: NodeJS.ProcessEnv = {}) {
		this.instance = `e2e-${name}-${process.pid}`;
		this.folder = mkdtempSync(join(tmpdir(), `podrun-${name}-`));
		this.env = {
			...process.env,
			HOME: this.folder,
			PODRUN_INSTANCE: this.instance,
			PODRUN_STATE_HOME: join(this.folder, 'state'),
			NO_COLOR: '1',
			...env,
		};
	}

	/** Writes a file of the scenario and returns its path. */
	file(name: string, text: string): string {
		const path = join(this.folder, name);
		writeFileSync(path, text);
		return path;
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

	/** The pod as the API tells it; undefined when there is none. */
	async pod(name: string): Promise<Pod | undefined> {
		const ran = await this.podrun('get', 'pod', name, '-o', 'json');
		return ran.code === 0 ? (JSON.parse(ran.out) as Pod) : undefined;
	}

	/**
	 * Ends what still runs, removes all pods and the supervisor, and throws when the engine still has something
	 * of this instance. With PODRUN_KEEP_FAILED=1 everything stays for a look.
	 */
	async end(): Promise<void> {
		for (const child of this.#running) {
			child.kill('SIGKILL');
		}
		if (process.env.PODRUN_KEEP_FAILED === '1') {
			return;
		}
		await this.podrun('down', '--all', '-t', '0', '--volumes');
		await this.podrun('supervisor', 'stop');
		const left = await leftovers(this.instance);
		await removeLeftovers(this.instance);
		rmSync(this.folder, { recursive: true, force: true });
		if (left.length > 0) {
			throw new Error(`left behind on the engine: ${left.join(', ')}`);
		}
	}
}

/** Asks again until `look` neither throws nor says undefined or false; then its answer. Throws the last refusal. */
export async function eventually<T>(
	look: () => Promise<T | undefined | false> | T | undefined | false,
	options: { readonly within?: number; readonly what?: string } = {},
): Promise<T> {
	const { within = 30_000, what = look.toString() } = options;
	const deadline = Date.now() + within;
	let last: unknown;
	for (;;) {
		try {
			const answer = await look();
			if (answer !== undefined && answer !== false) {
				return answer as T;
			}
			last = undefined;
		} catch (error) {
			last = error;
		}
		if (Date.now() > deadline) {
			throw new Error(`not within ${within} ms: ${what}`, { cause: last });
		}
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
}
