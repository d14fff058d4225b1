/**
 * How long from a file's change to its effect: podrun's watch, the bare engine calls that it can't do without,
 * and docker compose's watch, interleaved in one run, as medians. Needs root on the engine's machine: what is
 * visible in a container is read through /proc/<pid>/root, which costs neither side anything.
 *
 *     npm run bench:watch -- [rounds]
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { tar } from '../src/api/tar.ts';

const ROUNDS = Number(process.argv[2] ?? 15);
const DEBOUNCE = 50;
const BIN = process.env.PODRUN_BIN ?? fileURLToPath(new URL('../dist/podrun.js', import.meta.url));
const LOOP = `trap 'exit 0' TERM; echo $STAMP > /out/stamp; while true; do sleep 1 & wait $!; done`;
const docker = new Docker();

const folder = mkdtempSync(join(tmpdir(), 'podrun-bench-'));
const instance = `bench${process.pid}`;
const env = {
	...process.env,
	PODRUN_INSTANCE: instance,
	PODRUN_STATE_HOME: join(folder, 'state'),
	NO_COLOR: '1',
};
const children: ChildProcess[] = [];

/** ms until `look` says yes; throws after half a minute. */
async function until(what: string, look: () => boolean | Promise<boolean>): Promise<number> {
	const began = performance.now();
	for (;;) {
		if (await look()) return performance.now() - began;
		if (performance.now() - began > 30_000) throw new Error(`not within 30 s: ${what}`);
		await delay(1);
	}
}

function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function textOf(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return undefined;
	}
}

/** Where a running container's file is seen from here. */
async function seen(filter: Record<string, string[]>, path: string): Promise<string> {
	const [found] = await docker.listContainers({ filters: filter });
	if (found === undefined) throw new Error(`no container for ${JSON.stringify(filter)}`);
	const { State } = await docker.getContainer(found.Id).inspect();
	return `/proc/${State.Pid}/root${path}`;
}

function manifest(config: string, stamp: string): string {
	return `apiVersion: v1
kind: ConfigMap
metadata: {name: bench}
data: {value: "${config}"}
---
apiVersion: v1
kind: Pod
metadata:
  name: bench
  annotations:
    podrun.dev/watch: |
      - {container: app, path: ./src, target: /srv/app, action: sync}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: app
    image: busybox:1.36
    command: [sh, -c, "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"]
    volumeMounts: [{name: config, mountPath: /config}]
  - name: changing
    image: busybox:1.36
    env: [{name: STAMP, value: "${stamp}"}]
    command: [sh, -c, ${JSON.stringify(LOOP)}]
    volumeMounts: [{name: out, mountPath: /out}]
  volumes: [{name: config, configMap: {name: bench}}, {name: out, hostPath: {path: ${folder}/out}}]
`;
}

function compose(): string | undefined {
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

interface Row {
	readonly name: string;
	readonly podrun: number[];
	readonly bare: number[];
	readonly compose: number[];
	/** What podrun waits on purpose before it acts. */
	readonly wait: number;
}

const row = (name: string, wait: number): Row => ({ name, podrun: [], bare: [], compose: [], wait });

async function main(): Promise<void> {
	for (const name of ['src', 'csrc', 'out', 'bare']) mkdirSync(join(folder, name));
	writeFileSync(join(folder, 'src/file'), 'start');
	writeFileSync(join(folder, 'csrc/file'), 'start');
	const pod = join(folder, 'pod.yaml');
	writeFileSync(pod, manifest('start', 'start'));
	const up = spawn(process.execPath, [BIN, 'up', '--watch', '--progress', 'json', '-f', pod], {
		env,
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	children.push(up);
	let told = '';
	up.stderr?.setEncoding('utf8').on('data', (text: string) => {
		told += text;
	});
	await until(
		'podrun watches and has synced',
		() => told.includes('"event":"synced"') && told.includes('"text":"Ready"'),
	).catch((error: unknown) => {
		throw new Error(`podrun said: ${told}`, { cause: error });
	});
	await until('the container has said its stamp', () => textOf(join(folder, 'out/stamp')) === 'start\n');

	const peer = compose();
	if (peer === undefined) {
		console.error(
			'!!! docker compose >= 2.22 IS MISSING (PATH, PEERS_ROOT): nothing is compared with it !!!',
		);
	} else {
		writeFileSync(
			join(folder, 'compose.yaml'),
			`services:
  app:
    image: bench-compose-${process.pid}
    pull_policy: never
    build: {dockerfile_inline: "FROM busybox:1.36"}
    command: [sh, -c, "trap 'exit 0' TERM; while true; do sleep 1 & wait $$!; done"]
    develop: {watch: [{action: sync, path: ./csrc, target: /srv/app}]}
`,
		);
		execFileSync('docker', ['tag', 'busybox:1.36', `bench-compose-${process.pid}`]);
		const file = ['-p', instance, '-f', join(folder, 'compose.yaml')];
		execFileSync(peer, [...file, 'up', '-d', '--no-build'], { stdio: 'ignore' });
		const watch = spawn(peer, [...file, 'watch', '--no-up'], { stdio: ['ignore', 'pipe', 'pipe'] });
		children.push(watch);
		let said = '';
		for (const stream of [watch.stdout, watch.stderr]) stream?.on('data', (text: Buffer) => (said += text));
		await until('compose watches', () => /Watch enabled|watching/i.test(said)).catch((error: unknown) => {
			throw new Error(`compose watch said: ${said}`, { cause: error });
		});
	}

	const label = (name: string) => ({
		label: [`podrun.dev/instance=${instance}`, `io.kubernetes.container.name=${name}`],
	});
	const [podId = ''] = (await docker.listContainers({ filters: label('app') })).map(({ Id }) => Id);
	const [pauseId = ''] = (await docker.listContainers({ filters: label('POD') })).map(({ Id }) => Id);
	const mine = await seen(label('app'), '/srv/app/file');
	const config = await seen(label('app'), '/config/value');
	const theirs =
		peer === undefined
			? ''
			: await seen({ label: [`com.docker.compose.project=${instance}`] }, '/srv/app/file');
	const [sync, swap, replace] = [
		row('file → container', DEBOUNCE),
		row('ConfigMap → volume', DEBOUNCE),
		row('env → running again', DEBOUNCE),
	];
	let bareId = await makeBare('bare-start');

	for (let round = 0; round < ROUNDS; round += 1) {
		const text = `round ${round}`;
		await delay(1800);
		writeFileSync(join(folder, 'src/file'), text);
		sync.podrun.push(await until('synced by podrun', () => textOf(mine) === text));
		await delay(200);
		const began = performance.now();
		const body = tar(
			[{ path: 'bare/file', type: 'file', mode: 0o644, uid: 0, gid: 0, content: Buffer.from(text) }],
			0,
		);
		await docker.getContainer(podId).putArchive(body, { path: '/' });
		sync.bare.push(performance.now() - began);
		if (peer !== undefined) {
			writeFileSync(join(folder, 'csrc/file'), text);
			sync.compose.push(await until('synced by compose', () => textOf(theirs) === text));
		}
		await delay(1800);
		const before = `env ${round - 1}`;
		writeFileSync(pod, manifest(text, round === 0 ? 'start' : before));
		swap.podrun.push(await until('swapped', () => textOf(config) === text));
		const swapBegan = performance.now();
		const swapped = tar(
			[
				{
					path: 'volumes/config/bare',
					type: 'file',
					mode: 0o644,
					uid: 0,
					gid: 0,
					content: Buffer.from(text),
				},
			],
			0,
		);
		await docker.getContainer(pauseId).putArchive(swapped, { path: '/' });
		swap.bare.push(performance.now() - swapBegan);
		await delay(1800);
		writeFileSync(pod, manifest(text, `env ${round}`));
		replace.podrun.push(
			await until('replaced', () => textOf(join(folder, 'out/stamp')) === `env ${round}\n`),
		);
		await delay(200);
		const start = performance.now();
		await docker.getContainer(bareId).kill({ signal: 'TERM' });
		await docker.getContainer(bareId).wait();
		const old = bareId;
		bareId = await makeBare(text);
		await until('bare replaced', () => textOf(join(folder, 'bare/stamp')) === `${text}\n`);
		replace.bare.push(performance.now() - start);
		await docker.getContainer(old).remove({ force: true });
	}
	await docker.getContainer(bareId).remove({ force: true });
	print([sync, swap, replace]);
	await watcherCost();
}

/** A container as the pod's, joined to its pause, made by hand. */
async function makeBare(stamp: string): Promise<string> {
	const filters = { label: [`podrun.dev/instance=${instance}`, 'io.kubernetes.container.name=POD'] };
	const [pause] = await docker.listContainers({ filters });
	const joined = `container:${pause?.Id}`;
	const made = await docker.createContainer({
		Image: 'busybox:1.36',
		Env: [`STAMP=${stamp}`],
		Cmd: ['sh', '-c', LOOP],
		HostConfig: {
			NetworkMode: joined,
			IpcMode: joined,
			PidMode: joined,
			Binds: [`${join(folder, 'bare')}:/out`],
		},
	});
	await made.start();
	return made.id;
}

function print(rows: readonly Row[]): void {
	const ms = (values: readonly number[]) => (values.length === 0 ? '-' : `${Math.round(median(values))} ms`);
	console.log(
		`\nmedians of ${ROUNDS} rounds           podrun    bare calls   compose    (podrun - ${DEBOUNCE} ms) / bare   compose / podrun`,
	);
	for (const { name, podrun, bare, compose, wait } of rows) {
		const over = bare.length === 0 ? '-' : ((median(podrun) - wait) / median(bare)).toFixed(2);
		const ahead = compose.length === 0 ? 'no such rule' : (median(compose) / median(podrun)).toFixed(2);
		console.log(
			`${name.padEnd(28)}${ms(podrun).padStart(9)}${ms(bare).padStart(13)}${ms(compose).padStart(11)}${over.padStart(16)}${ahead.padStart(24)}`,
		);
	}
}

/** A tree of 50,000 files of which 49,000 are ignored: time until all is watched, and memory. */
async function watcherCost(): Promise<void> {
	const tree = join(folder, 'tree');
	for (let module = 0; module < 490; module += 1) {
		const path = join(tree, 'node_modules', `m${module}`);
		mkdirSync(path, { recursive: true });
		for (let file = 0; file < 100; file += 1) writeFileSync(join(path, `${file}.js`), 'x');
	}
	for (let part = 0; part < 50; part += 1) {
		mkdirSync(join(tree, 'src', `p${part}`), { recursive: true });
		for (let file = 0; file < 20; file += 1) writeFileSync(join(tree, 'src', `p${part}`, `${file}.ts`), 'x');
	}
	const program = `
		const { watchRoots } = await import(${JSON.stringify(fileURLToPath(new URL('../src/cli/watch/watcher.ts', import.meta.url)))});
		const { walk } = await import(${JSON.stringify(fileURLToPath(new URL('../src/cli/watch/tree.ts', import.meta.url)))});
		const { IgnoreRules } = await import(${JSON.stringify(fileURLToPath(new URL('../src/cli/watch/ignore.ts', import.meta.url)))});
		const began = performance.now();
		const roots = [{ path: ${JSON.stringify(tree)}, ignore: new IgnoreRules(['node_modules']) }];
		const watcher = await watchRoots(roots, console.error);
		await watcher.ready;
		const found = await walk(roots);
		console.log(JSON.stringify({ ms: Math.round(performance.now() - began), mb: Math.round(process.memoryUsage.rss() / 1e6), found: found.size }));
		process.exit(0);`;
	const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
	const { ms, mb, found } = JSON.parse(out) as { ms: number; mb: number; found: number };
	console.log(
		`\nwatcher on 50,000 files, 49,000 ignored: ready after ${ms} ms, ${mb} MB resident, ${found} paths watched`,
	);
}

try {
	await main();
} finally {
	for (const child of children) child.kill('SIGINT');
	const peer = compose();
	if (peer !== undefined && existsSync(join(folder, 'compose.yaml'))) {
		execFileSync(peer, ['-p', instance, '-f', join(folder, 'compose.yaml'), 'down', '-t', '0'], {
			stdio: 'ignore',
		});
		execFileSync('docker', ['rmi', `bench-compose-${process.pid}`], { stdio: 'ignore' });
	}
	const podrun = (...args: string[]) => spawnSync(process.execPath, [BIN, ...args], { env, stdio: 'ignore' });
	podrun('down', '--all', '-t', '0');
	podrun('supervisor', 'stop');
	for (const { Id } of await docker.listContainers({ all: true, filters: { ancestor: ['busybox:1.36'] } })) {
		const { HostConfig } = await docker.getContainer(Id).inspect();
		if (HostConfig.Binds?.some((bind) => bind.startsWith(folder)))
			await docker.getContainer(Id).remove({ force: true });
	}
	rmSync(folder, { recursive: true, force: true });
}
