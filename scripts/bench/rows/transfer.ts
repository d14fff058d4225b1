/** Bytes through podrun beside the same bytes without it: cp over `docker cp`, port-forward over the pod's own address. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Container, Pod } from '../../../src/api/types.ts';
import type { Bench } from '../bench.ts';
import { type Podrun, run } from '../podrun.ts';
import { compared, interleave, type Measured, timed } from '../stats.ts';

const PORT = 8080;
/** ms until a pod's own address must answer, where it can be reached at all. */
const REACH_WITHIN = 2_000;

/** One file into a container's own filesystem, and out again. */
export async function cp({ podrun, rounds }: Bench, megabytes: number): Promise<Measured[]> {
	const name = 'bench-cp';
	const pod = await ready(podrun, name, {});
	const id = pod.status?.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
	const file = join(podrun.folder, 'payload');
	const back = join(podrun.folder, 'payload-back');
	// Not of zeros: a file system may not keep those.
	await run(['dd', 'if=/dev/urandom', `of=${file}`, 'bs=1000000', `count=${megabytes}`]);
	const told: Measured[] = [];
	try {
		for (const [way, from, to] of [
			['into', file, ':/in'],
			['out of', ':/in', back],
		] as const) {
			const places = (container: string) =>
				[from, to].map((place) => (place.startsWith(':') ? `${container}${place}` : place));
			const values = await interleave(
				Math.min(rounds, 3),
				new Map([
					['docker cp', async () => (await run(['docker', 'cp', ...places(id)])).wall],
					['podrun cp', async () => (await run([...podrun.command, 'cp', ...places(name)], podrun.env)).wall],
				]),
			);
			told.push(...compared(`cp of ${megabytes} MB ${way} a container`, values, 'podrun cp', 'docker cp'));
		}
	} finally {
		await Promise.all([rm(file, { force: true }), rm(back, { force: true }), podrun.delete(name)]);
	}
	return told;
}

/** A download through a forwarded port, and from the pod's own address, which is reached on a Linux of one's own only. */
export async function portForward(bench: Bench, megabytes: number): Promise<Measured[]> {
	const { podrun, rounds } = bench;
	const name = 'bench-forward';
	const file = `mkdir /w; dd if=/dev/urandom of=/w/payload bs=1000000 count=${megabytes}`;
	const pod = await ready(podrun, name, {
		command: ['sh', '-c', `${file}; exec httpd -f -p ${PORT} -h /w`],
		readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
	});
	const ip = pod.status?.podIP ?? '';
	const [program = '', ...args] = podrun.command;
	const forward = spawn(program, [...args, 'port-forward', name, `:${PORT}`], {
		env: podrun.env,
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	try {
		const [line] = (await once(createInterface(forward.stdout), 'line')) as [string];
		const local = Number(/:(\d+) ->/.exec(line)?.[1]);
		const ours = 'podrun port-forward';
		const contenders = new Map([[ours, () => timed(() => download('127.0.0.1', local, megabytes))]]);
		const direct = 'direct connection';
		if (await isReachable(ip)) contenders.set(direct, () => timed(() => download(ip, PORT, megabytes)));
		else bench.absent(`direct connection: nobody answers at the pod's own address ${ip}`);
		return compared(`download of ${megabytes} MB`, await interleave(rounds, contenders), ours, direct);
	} finally {
		forward.kill();
		await podrun.delete(name);
	}
}

/** A pod of one container, when it is Ready. */
async function ready(podrun: Podrun, name: string, more: Partial<Container>): Promise<Pod> {
	const pod = podrun.pod(name, 1);
	pod.spec.containers = pod.spec.containers.map((container) => ({ ...container, ...more }));
	await podrun.create(pod);
	const isReady = (now: Pod | undefined): boolean =>
		now?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
	const found = await podrun.until(name, isReady);
	if (found === undefined) throw new Error(`${name} was deleted by somebody`);
	return found;
}

async function download(host: string, port: number, megabytes: number): Promise<void> {
	const [answer] = (await once(get({ host, port, path: '/payload', agent: false }), 'response')) as [
		IncomingMessage,
	];
	let bytes = 0;
	answer.on('data', (chunk: Buffer) => {
		bytes += chunk.length;
	});
	await once(answer, 'end');
	if (bytes !== megabytes * 1_000_000) throw new Error(`${bytes} bytes came from ${host}:${port}`);
}

async function isReachable(host: string): Promise<boolean> {
	const socket = connect({ host, port: PORT });
	try {
		await once(socket, 'connect', { signal: AbortSignal.timeout(REACH_WITHIN) });
		return true;
	} catch {
		return false;
	} finally {
		socket.destroy();
	}
}
