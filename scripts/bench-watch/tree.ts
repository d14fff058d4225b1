/**
 * A project of 50,000 files of which 49,000 are ignored, under a real `up --watch`: how long until it watches, and
 * what that process holds in memory then, as the kernel counts it.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { BIN, children, env, folder, until } from './world.ts';

export interface TreeCost {
	/** ms from the process's start to "watching", its pod's creation included. */
	readonly up: number;
	/** The same for `podrun watch` beside the pod that runs. */
	readonly watch: number;
	/** MB resident after two quiet seconds, and the most it ever was; of `up --watch`. */
	readonly resident: number;
	readonly peak: number;
	readonly paths: number;
}

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: tree
  annotations:
    podrun.dev/watch: |
      - {path: ./tree, target: /srv/tree, ignore: [node_modules]}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: app, image: "busybox:1.36", command: [sh, -c, "trap 'exit 0' TERM; sleep 1000000 & wait $!"]}
`;

export async function treeCost(): Promise<TreeCost> {
	makeTree(join(folder, 'tree'));
	writeFileSync(join(folder, 'tree.yaml'), POD);
	const up = await begin('up', '--watch');
	await delay(2000);
	const status = readFileSync(`/proc/${up.pid}/status`, 'utf8');
	const megabytes = (field: string) =>
		Math.round((Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024) / 1e6);
	const watch = await begin('watch');
	return {
		up: up.milliseconds,
		watch: watch.milliseconds,
		resident: megabytes('VmRSS'),
		peak: megabytes('VmHWM'),
		paths: up.paths,
	};
}

async function begin(...verb: string[]): Promise<{ pid: number; milliseconds: number; paths: number }> {
	const began = performance.now();
	const process_ = spawn(
		process.execPath,
		[BIN, ...verb, '--progress', 'json', '-f', join(folder, 'tree.yaml')],
		{ env, stdio: ['ignore', 'ignore', 'pipe'] },
	);
	children.push(process_);
	let told = '';
	let milliseconds = 0;
	process_.stderr.setEncoding('utf8').on('data', (text: string) => {
		told += text;
		if (milliseconds === 0 && told.includes('"event":"watching"')) milliseconds = performance.now() - began;
	});
	await until('the tree is watched', () => milliseconds > 0).catch((error: unknown) => {
		throw new Error(`podrun said: ${told}`, { cause: error });
	});
	const paths = Number(/"event":"watching","files":(\d+)/.exec(told)?.[1]);
	return { pid: process_.pid ?? 0, milliseconds, paths };
}

function makeTree(tree: string): void {
	const fill = (path: string, files: number, suffix: string): void => {
		mkdirSync(path, { recursive: true });
		for (let file = 0; file < files; file += 1) writeFileSync(join(path, `${file}${suffix}`), 'x');
	};
	for (let module = 0; module < 490; module += 1) {
		fill(join(tree, 'node_modules', `m${module}`), 100, '.js');
	}
	for (let part = 0; part < 50; part += 1) fill(join(tree, 'src', `p${part}`), 20, '.ts');
}
