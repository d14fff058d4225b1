/** Others that bring up the same containers: docker compose, a shell script of docker commands, podman. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './podrun.ts';

export interface Peer {
	readonly name: string;
	up(n: number): Promise<number>;
	down(): Promise<number>;
}

/** Those that are here; of the others, `absent` hears why their rows are left out. */
export function peers(folder: string, image: string, pause: string, absent: (why: string) => void): Peer[] {
	const found: Peer[] = [];
	const compose = find('docker-compose');
	if (compose === undefined) absent('docker compose: no docker-compose in PATH or $PEERS_ROOT/bin');
	else found.push(composePeer(compose, folder, image));
	const docker = find('docker');
	if (docker === undefined) absent('shell script: no docker in PATH or $PEERS_ROOT/bin');
	else found.push(shellPeer(docker, folder, image, pause));
	if (find('podman') === undefined) absent('podman kube play: no podman in PATH or $PEERS_ROOT/bin');
	else absent('podman kube play: it needs the same OCI runtime as the engine; compare it by hand');
	return found;
}

function find(program: string): string | undefined {
	const folders = [
		join(process.env['PEERS_ROOT'] ?? '/opt/peers', 'bin'),
		...(process.env['PATH'] ?? '').split(':'),
	];
	return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function composePeer(program: string, folder: string, image: string): Peer {
	const file = join(folder, 'compose.json');
	const project = `bench${process.pid}`;
	const compose = [program, '-p', project, '-f', file];
	return {
		name: 'docker compose up -d',
		async up(n) {
			const services = Array.from({ length: n }, (_, index) => [
				`c${index}`,
				{ image, command: ['sleep', '3600'] },
			]);
			writeFileSync(file, JSON.stringify({ services: Object.fromEntries(services) }));
			return (await run([...compose, 'up', '-d'])).wall;
		},
		async down() {
			return (await run([...compose, 'down', '-t', '0'])).wall;
		},
	};
}

/** One command after the other, as people write it: a pause for the network, the others in it. */
function shellPeer(docker: string, folder: string, image: string, pause: string): Peer {
	const name = `bench-shell-${process.pid}`;
	const script = join(folder, 'script.sh');
	let names: string[] = [];
	return {
		name: 'shell script',
		async up(n) {
			const containers = Array.from({ length: n }, (_, index) => `${name}-${index}`);
			const lines = containers.map(
				(one) => `${docker} run -d --name ${one} --network container:${name} ${image} sleep 3600`,
			);
			names = [...containers, name];
			writeFileSync(script, ['set -e', `${docker} run -d --name ${name} ${pause}`, ...lines, ''].join('\n'));
			return (await run(['sh', script])).wall;
		},
		async down() {
			return (await run([docker, 'rm', '-f', ...names])).wall;
		},
	};
}
