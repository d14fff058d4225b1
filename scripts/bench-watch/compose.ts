/**
 * docker compose doing the same. Its watch has rules for files; what stands in its own file (an inline config, a
 * variable) it does not watch, so there the user's `compose up -d` after the edit is measured. For an inline config
 * it has to be made to recreate the container: 2.40 sees no change of the content. (A config that is a file of its
 * own is a bind mount there, seen at once where the file is written in place, and never where it is replaced.)
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { children, folder, instance, seen, textOf, until } from './world.ts';

const run = promisify(execFile);
const WAIT = `trap 'exit 0' TERM; while true; do sleep 1 & wait $$!; done`;

/** Path of a docker-compose that can watch, >= 2.22; undefined when there is none. */
export function findCompose(): string | undefined {
	const named = join(process.env.PEERS_ROOT ?? '/opt/peers', 'bin/docker-compose');
	if (existsSync(named)) return named;
	try {
		const found = execFileSync('sh', ['-c', 'command -v docker-compose'], { encoding: 'utf8' }).trim();
		const [major = 0, minor = 0] = execFileSync(found, ['version', '--short'], { encoding: 'utf8' })
			.split('.')
			.map(Number);
		return major > 2 || (major === 2 && minor >= 22) ? found : undefined;
	} catch {
		return undefined;
	}
}

export class ComposePeer {
	readonly #program: string;
	readonly #image = `bench-compose-${process.pid}`;
	readonly #file = join(folder, 'compose.yaml');
	#synced = '';
	#config = 'start';
	#stamp = 'start';

	constructor(program: string) {
		this.#program = program;
	}

	/** Brings the project up and watches it. */
	async start(): Promise<void> {
		writeFileSync(join(folder, 'csrc/file'), 'start');
		this.#write();
		execFileSync('docker', ['tag', 'busybox:1.36', this.#image]);
		execFileSync(this.#program, [...this.#args(), 'up', '-d', '--no-build'], { stdio: 'ignore' });
		const watch = spawn(this.#program, [...this.#args(), 'watch', '--no-up', 'app'], {
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		children.push(watch);
		let said = '';
		for (const stream of [watch.stdout, watch.stderr]) stream?.on('data', (text: Buffer) => (said += text));
		await until('compose watches', () => /Watch enabled|watching/i.test(said)).catch((error: unknown) => {
			throw new Error(`compose watch said: ${said}`, { cause: error });
		});
		const label = [`com.docker.compose.project=${instance}`, 'com.docker.compose.service=app'];
		this.#synced = await seen({ label }, '/srv/app/file');
	}

	/** ms until a synced file is in the container. */
	sync(text: string): Promise<number> {
		writeFileSync(join(folder, 'csrc/file'), text);
		return until('synced by compose', () => textOf(this.#synced) === text);
	}

	/** ms until a container runs with the changed config. */
	async config(text: string): Promise<number> {
		this.#config = text;
		return this.#upAgain(
			['--force-recreate', 'config'],
			() => textOf(join(folder, 'out/compose-config')) === text,
		);
	}

	/** ms until a container runs with the changed variable. */
	async variable(text: string): Promise<number> {
		this.#stamp = text;
		return this.#upAgain(['variable'], () => textOf(join(folder, 'out/compose-stamp')) === `${text}\n`);
	}

	/** Takes it all away. */
	end(): void {
		if (!existsSync(this.#file)) return;
		execFileSync(this.#program, [...this.#args(), 'down', '-t', '0'], { stdio: 'ignore' });
		execFileSync('docker', ['rmi', this.#image], { stdio: 'ignore' });
	}

	async #upAgain(what: readonly string[], look: () => boolean): Promise<number> {
		const began = performance.now();
		this.#write();
		const up = run(this.#program, [...this.#args(), 'up', '-d', '--no-build', '--no-deps', ...what]);
		await until(`compose up -d ${what.join(' ')}`, look);
		const milliseconds = performance.now() - began;
		await up;
		return milliseconds;
	}

	#args(): string[] {
		return ['-p', instance, '-f', this.#file];
	}

	#write(): void {
		writeFileSync(
			this.#file,
			`services:
  app:
    image: ${this.#image}
    pull_policy: never
    build: {dockerfile_inline: "FROM busybox:1.36"}
    command: [sh, -c, "${WAIT}"]
    develop: {watch: [{action: sync, path: ./csrc, target: /srv/app}]}
  config:
    image: ${this.#image}
    pull_policy: never
    stop_grace_period: 1s
    command: [sh, -c, "cp /value /out/compose-config; ${WAIT}"]
    configs: [{source: value, target: /value}]
    volumes: ["${folder}/out:/out"]
  variable:
    image: ${this.#image}
    pull_policy: never
    stop_grace_period: 1s
    environment: {STAMP: "${this.#stamp}"}
    command: [sh, -c, "echo $$STAMP > /out/compose-stamp; ${WAIT}"]
    volumes: ["${folder}/out:/out"]
configs:
  value: {content: "${this.#config}"}
`,
		);
	}
}
