/** Others that bring up the same containers: docker compose, a shell script of docker commands, podman. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './podrun.ts';

export interface Peer {
	readonly name: string;
	/** It brings up the same: a pod, with the OCI runtime that podrun's containers get. */
	readonly isSame: boolean;
	up(n: number): Promise<number>;
	down(): Promise<number>;
}

export interface PeerOptions {
	/** Where they may write. */
	readonly folder: string;
	readonly image: string;
	readonly pause: string;
	/** The engine's OCI runtime that containers are to have; undefined: its default. */
	readonly runtime?: string;
	/** The name of the OCI runtime that the containers get. */
	readonly oci: string;
	/** Hears why a row is left out. */
	readonly absent: (why: string) => void;
}

/** Those that are here. */
export async function peers(options: PeerOptions): Promise<Peer[]> {
	const { absent } = options;
	const found: Peer[] = [];
	const compose = find('docker-compose');
	if (compose === undefined) absent('docker compose: no docker-compose in PATH or $PEERS_ROOT/bin');
	else found.push(composePeer(compose, options, true), composePeer(compose, options, false));
	const docker = find('docker');
	if (docker === undefined) absent('shell script: no docker in PATH or $PEERS_ROOT/bin');
	else found.push(shellPeer(docker, options));
	const podman = find('podman');
	if (podman === undefined || docker === undefined) {
		absent('podman kube play: no podman (and a docker, to give it the image) in PATH or $PEERS_ROOT/bin');
	} else found.push(...(await podmanPeers(podman, docker, options)));
	return found;
}

function peersRoot(): string {
	return process.env['PEERS_ROOT'] ?? '/opt/peers';
}

function find(program: string): string | undefined {
	const folders = [join(peersRoot(), 'bin'), ...(process.env['PATH'] ?? '').split(':')];
	return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/**
 * `shares`: as a pod does, all containers in the network and the IPC namespace of one that does nothing else. Without,
 * services with a network of their own each, as most compose files have them.
 */
function composePeer(program: string, { folder, image, pause, runtime }: PeerOptions, shares: boolean): Peer {
	const kind = shares ? 'pod' : 'services';
	const file = join(folder, `compose-${kind}.json`);
	const project = `bench${process.pid}${kind}`;
	const own = runtime === undefined ? {} : { runtime };
	const sandbox = { pause: { image: pause, ipc: 'shareable', ...own } };
	const joined = { network_mode: 'service:pause', ipc: 'service:pause' };
	const compose = [program, '-p', project, '-f', file];
	return {
		name: `docker compose up -d${shares ? '' : ', services'}`,
		isSame: shares,
		async up(n) {
			const services = Array.from({ length: n }, (_, index) => [
				`c${index}`,
				{ image, command: ['sleep', '3600'], ...own, ...(shares ? joined : {}) },
			]);
			const all = { ...(shares ? sandbox : {}), ...Object.fromEntries(services) };
			writeFileSync(file, JSON.stringify({ services: all }));
			return (await run([...compose, 'up', '-d'])).wall;
		},
		async down() {
			return (await run([...compose, 'down', '-t', '0'])).wall;
		},
	};
}

/** One command after the other, as people write it: a pause for the network, the others in it. */
function shellPeer(docker: string, { folder, image, pause, runtime }: PeerOptions): Peer {
	const begin = `${docker} run -d ${runtime === undefined ? '' : `--runtime ${runtime} `}--name`;
	const name = `bench-shell-${process.pid}`;
	const script = join(folder, 'script.sh');
	let names: string[] = [];
	return {
		name: 'shell script',
		isSame: true,
		async up(n) {
			const containers = Array.from({ length: n }, (_, index) => `${name}-${index}`);
			const lines = containers.map(
				(one) => `${begin} ${one} --network container:${name} ${image} sleep 3600`,
			);
			names = [...containers, name];
			writeFileSync(script, ['set -e', `${begin} ${name} ${pause}`, ...lines, ''].join('\n'));
			return (await run(['sh', script])).wall;
		},
		async down() {
			return (await run([docker, 'rm', '-f', ...names])).wall;
		},
	};
}

/**
 * podman has images and an OCI runtime of its own: the rows say which, and the image is brought to it. As it comes, and
 * with podrun's runtime where that is another one.
 */
async function podmanPeers(podman: string, docker: string, options: PeerOptions): Promise<Peer[]> {
	const { folder, image, oci } = options;
	const own = (await runtimeOf([podman])) ?? 'no runtime';
	const archive = join(folder, 'image.tar');
	await run([docker, 'save', '-o', archive, image]);
	const loaded = await run([podman, 'load', '-q', '-i', archive]);
	// It gives the image a name of its own, below localhost/.
	const named = /Loaded image: (\S+)/.exec(loaded.stdout)?.[1] ?? image;
	const asItComes = podmanPeer([podman], own, own === oci, folder, named);
	if (own === oci) return [asItComes];
	const same = await withRuntime(podman, oci);
	if (same === undefined) {
		options.absent(`podman on ${oci}: it runs ${own} here, and its rows say so (see --runtime)`);
		return [asItComes];
	}
	return [asItComes, podmanPeer(same, oci, true, folder, named)];
}

/** The name of the OCI runtime that it runs; undefined: it can't. */
async function runtimeOf(podman: readonly string[]): Promise<string | undefined> {
	try {
		return (await run([...podman, 'info', '--format', '{{.Host.OCIRuntime.Name}}'])).stdout.trim();
	} catch {
		return undefined;
	}
}

/** podman with another runtime: by its name, or by the path of one that it does not know. */
async function withRuntime(podman: string, oci: string): Promise<string[] | undefined> {
	const unpacked = join(peersRoot(), 'unpacked/usr/sbin', oci);
	for (const runtime of [oci, unpacked]) {
		const command = [podman, '--runtime', runtime];
		if ((await runtimeOf(command)) !== undefined) return command;
	}
	return undefined;
}

function podmanPeer(
	podman: readonly string[],
	runtime: string,
	isSame: boolean,
	folder: string,
	named: string,
): Peer {
	const file = join(folder, 'podman.yaml');
	return {
		name: `podman kube play (${runtime})`,
		isSame,
		async up(n) {
			const containers = Array.from({ length: n }, (_, index) => ({
				name: `c${index}`,
				image: named,
				command: ['sleep', '3600'],
				imagePullPolicy: 'Never',
			}));
			const metadata = { name: `bench-${process.pid}` };
			const spec = { containers, terminationGracePeriodSeconds: 0 };
			writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }));
			return (await run([...podman, 'kube', 'play', '-q', file])).wall;
		},
		async down() {
			return (await run([...podman, 'kube', 'down', file])).wall;
		},
	};
}
