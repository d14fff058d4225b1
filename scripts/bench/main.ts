/**
 * `npm run bench -- [--rounds N] [--rows a,b] [--sizes 1,3,10] [--pods 1,10,30,100]
 * [--megabytes N] [--runtime NAME] [--json FILE]`: podrun beside the bare engine and beside others, in interleaved
 * rounds on the same engine, with the OCI runtime that is named (default: the engine's). PODRUN_BIN names the command
 * (default: dist/podrun.js of this checkout). Leaves nothing behind, also when it is interrupted.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { infraImage } from '../../src/engine/infra-image.ts';
import type { Bench } from './bench.ts';
import { Floor } from './floor.ts';
import { type Peer, peers } from './peers.ts';
import { Podrun, run } from './podrun.ts';
import { bringUp } from './rows/bring-up.ts';
import { cli, logs, updates } from './rows/cli.ts';
import { restart } from './rows/restart.ts';
import { probes, scale } from './rows/scale.ts';
import { cp, portForward } from './rows/transfer.ts';
import { loadNow, type Measured, table } from './stats.ts';

const { values: given } = parseArgs({
	options: {
		rounds: { type: 'string', default: '5' },
		rows: { type: 'string', default: 'bring-up,init,restart,cli,update,logs,cp,port-forward,probes,scale' },
		sizes: { type: 'string', default: '1,3,10' },
		pods: { type: 'string', default: '1,10,30,100' },
		megabytes: { type: 'string', default: '200' },
		image: { type: 'string', default: 'busybox:1.36' },
		runtime: { type: 'string' },
		json: { type: 'string' },
	},
});
const numbers = (text: string): number[] => text.split(',').map(Number);
const say = (text: string): void => {
	process.stderr.write(`${text}\n`);
};

const prefix = `bench-${process.pid}`;
const bin = process.env['PODRUN_BIN'] ?? fileURLToPath(new URL('../../dist/podrun.js', import.meta.url));
const podrun = new Podrun(
	bin.endsWith('.js') ? [process.execPath, bin] : [bin],
	prefix,
	given.image,
	given.runtime,
);
const socket = (process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace('unix://', '');
const { tag: pause } = infraImage(process.arch === 'arm64' ? 'arm64' : 'amd64');
const subnet = `10.19${process.pid % 10}.${process.pid % 250}.0/24`;
const runtime = given.runtime === undefined ? {} : { runtime: given.runtime };
const floor = new Floor({ socket, prefix, image: given.image, pause, subnet, ...runtime });
const measured: Measured[] = [];

const rows: Readonly<Record<string, (bench: Bench) => Promise<Measured[]>>> = {
	'bring-up': async (bench) => sized(bench, false),
	init: async (bench) => sized(bench, true),
	restart,
	cli,
	update: updates,
	logs: (bench) => logs(bench, Number(given.megabytes)),
	cp: (bench) => cp(bench, Number(given.megabytes)),
	'port-forward': (bench) => portForward(bench, Number(given.megabytes)),
	probes,
	scale: (bench) => scale(bench, numbers(given.pods)),
};

async function sized(bench: Bench, volumes: boolean): Promise<Measured[]> {
	for (const n of numbers(given.sizes)) measured.push(...(await bringUp(bench, n, volumes)));
	return [];
}

async function defaultRuntime(): Promise<string> {
	return (await run(['docker', 'info', '--format', '{{.DefaultRuntime}}'])).stdout.trim();
}

/** What the numbers were taken on. */
async function machine(): Promise<string> {
	const { stdout } = await run([
		'docker',
		'info',
		'--format',
		'Docker {{.ServerVersion}}, {{.DefaultRuntime}}, {{.Driver}}, cgroup v{{.CgroupVersion}}',
	]);
	const asked = given.runtime === undefined ? '' : `, containers with ${given.runtime}`;
	return `${cpus().length} cores, Node ${process.version}, ${stdout.trim()}${asked}`;
}

async function measure(): Promise<void> {
	if (!(await floor.hasImage(given.image)))
		throw new Error(`the engine has no ${given.image}: pull it first`);
	// The pause is on the engine once a pod has been; and a pod that stays keeps the network from coming and going.
	await podrun.cli('up', '-d', '--progress', 'quiet', '-f', podrun.write(podrun.pod('bench-keeper', 1)));
	await floor.open();
	const absent = (why: string): void => say(`LEFT OUT  ${why}`);
	others = await peers({
		folder: podrun.folder,
		image: given.image,
		pause,
		oci: given.runtime ?? (await defaultRuntime()),
		absent,
		...runtime,
	});
	const bench: Bench = {
		floor,
		podrun,
		peers: others,
		absent,
		rounds: Number(given.rounds),
		prefix,
	};
	for (const row of given.rows.split(',')) {
		const work = rows[row];
		if (work === undefined) throw new Error(`no row ${row}: there are ${Object.keys(rows).join(', ')}`);
		say(`${row} … (load ${loadNow()})`);
		measured.push(...(await work(bench)));
	}
}

const about = `${await machine()}; load before: ${loadNow()}`;

/** What there is so far: rows that are whole. */
function report(): void {
	const title = `${about}, after: ${loadNow()}; ${given.rounds} rounds`;
	process.stdout.write(`${title}\n\n${table(measured)}\n`);
	if (given.json === undefined) return;
	writeFileSync(given.json, `${JSON.stringify({ about: title, measured }, null, '\t')}\n`);
}

let others: readonly Peer[] = [];
let closing: Promise<void> | undefined;
/** Once, whoever asks. */
function close(): Promise<void> {
	closing ??= (async () => {
		// What has nothing to take down says so, which is no news.
		await Promise.allSettled(others.map((peer) => peer.down()));
		const ends = await Promise.allSettled([podrun.close(), floor.close()]);
		for (const end of ends) if (end.status === 'rejected') say(`not cleaned up: ${end.reason}`);
	})();
	return closing;
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.once(signal, () => {
		say('interrupted: cleaning up');
		close().finally(() => {
			report();
			process.exit(130);
		});
	});
}

try {
	await measure();
} finally {
	await close();
	report();
}
