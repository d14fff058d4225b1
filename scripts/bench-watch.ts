/**
 * How long from a file's change to its effect: podrun's watch, the bare engine calls that it can't do without,
 * and docker compose, interleaved in one run, as medians. Needs root on the engine's machine: what is
 * visible in a container is read through /proc/<pid>/root, which costs neither side anything.
 *
 *     npm run bench:watch -- [rounds]        0: only the large tree
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { tar } from '../src/api/tar.ts';
import { ComposePeer, findCompose } from './bench-watch/compose.ts';
import { treeCost } from './bench-watch/tree.ts';
import {
	BIN,
	children,
	docker,
	env,
	folder,
	instance,
	median,
	seen,
	textOf,
	until,
} from './bench-watch/world.ts';

const ROUNDS = Number(process.argv[2] ?? 15);
const DEBOUNCE = 50;
const LOOP = `trap 'exit 0' TERM; echo $STAMP > /out/stamp; while true; do sleep 1 & wait $!; done`;

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

interface Row {
	readonly name: string;
	readonly podrun: number[];
	readonly bare: number[];
	readonly compose: number[];
	/** What podrun waits on purpose before it acts. */
	readonly wait: number;
}

const row = (name: string, wait: number): Row => ({ name, podrun: [], bare: [], compose: [], wait });

async function main(peer: ComposePeer | undefined): Promise<void> {
	for (const name of ['src', 'csrc', 'out', 'bare']) mkdirSync(join(folder, name));
	writeFileSync(join(folder, 'src/file'), 'start');
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

	await peer?.start();

	const label = (name: string) => ({
		label: [`podrun.dev/instance=${instance}`, `io.kubernetes.container.name=${name}`],
	});
	const [podId = ''] = (await docker.listContainers({ filters: label('app') })).map(({ Id }) => Id);
	const [pauseId = ''] = (await docker.listContainers({ filters: label('POD') })).map(({ Id }) => Id);
	const mine = await seen(label('app'), '/srv/app/file');
	const config = await seen(label('app'), '/config/value');
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
		if (peer !== undefined) sync.compose.push(await peer.sync(text));
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
		if (peer !== undefined) swap.compose.push(await peer.config(text));
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
		if (peer !== undefined) replace.compose.push(await peer.variable(text));
	}
	await docker.getContainer(bareId).remove({ force: true });
	print([sync, swap, replace]);
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
		const ahead = compose.length === 0 ? '-' : (median(compose) / median(podrun)).toFixed(2);
		console.log(
			`${name.padEnd(28)}${ms(podrun).padStart(9)}${ms(bare).padStart(13)}${ms(compose).padStart(11)}${over.padStart(16)}${ahead.padStart(24)}`,
		);
	}
}

const program = findCompose();
if (program === undefined) {
	console.error('!!! docker compose >= 2.22 IS MISSING (PATH, PEERS_ROOT): nothing is compared with it !!!');
}
const peer = program === undefined ? undefined : new ComposePeer(program);
try {
	if (ROUNDS > 0) await main(peer);
	const { up, watch, resident, peak, paths } = await treeCost();
	console.log(
		`\n50,000 files, 49,000 ignored: up --watch watches ${paths} paths after ${Math.round(up)} ms, watch after ${Math.round(watch)} ms; ` +
			`the process of up --watch has ${resident} MB resident (${peak} MB at most)`,
	);
} finally {
	for (const child of children) child.kill('SIGINT');
	peer?.end();
	const podrun = (...args: string[]) => spawnSync(process.execPath, [BIN, ...args], { env, stdio: 'ignore' });
	podrun('down', '--all', '-t', '0');
	podrun('supervisor', 'stop');
	for (const { Id, State } of await docker.listContainers({
		all: true,
		filters: { ancestor: ['busybox:1.36'] },
	})) {
		if (State === 'removing') continue;
		const { HostConfig } = await docker.getContainer(Id).inspect();
		if (HostConfig.Binds?.some((bind) => bind.startsWith(folder)))
			await docker.getContainer(Id).remove({ force: true });
	}
	rmSync(folder, { recursive: true, force: true });
}
