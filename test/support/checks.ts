/** What scenarios look at from outside: the engine's containers by podrun's labels, and pages over HTTP. */
import { get } from 'node:http';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { dockerClient } from './engine-under-test.ts';

/** For what somebody else does to podrun's containers. */
export const docker = dockerClient();

/** Everything that podrun makes on the engine carries the instance. */
function ofInstance(instance: string) {
	return { all: true, filters: { label: [`podrun.dev/instance=${instance}`] } };
}

export interface EngineView {
	readonly id: string;
	readonly container: string;
	readonly attempt: number;
	readonly running: boolean;
}

/** Containers of a pod on the engine, the pause (`POD`) too. */
export async function engineContainers(instance: string, pod: string): Promise<readonly EngineView[]> {
	const all = await docker.listContainers(ofInstance(instance));
	return all
		.filter(({ Labels }) => Labels['io.kubernetes.pod.name'] === pod)
		.map(({ Id, Labels, State }) => ({
			id: Id,
			container: Labels['io.kubernetes.container.name'] ?? '',
			attempt: Number(Labels['podrun.dev/attempt']),
			running: State === 'running',
		}));
}

/** The running container of this name; throws when there is none. */
export async function engineContainer(instance: string, pod: string, container: string): Promise<EngineView> {
	const found = (await engineContainers(instance, pod)).find(
		(one) => one.container === container && one.running,
	);
	if (!found) {
		throw new Error(`no container "${container}" of pod "${pod}" runs on the engine`);
	}
	return found;
}

export function inspectContainer(id: string): Promise<Docker.ContainerInspectInfo> {
	return docker.getContainer(id).inspect();
}

/** As `docker kill`: past podrun, the way a crash comes. */
export async function killContainer(id: string, signal = 'KILL'): Promise<void> {
	await docker.getContainer(id).kill({ signal });
}

/** Names of what the engine still has of an instance. */
export async function leftovers(instance: string): Promise<readonly string[]> {
	const [containers, volumes, networks] = await Promise.all([
		docker.listContainers(ofInstance(instance)),
		docker.listVolumes(ofInstance(instance)),
		docker.listNetworks(ofInstance(instance)),
	]);
	return [
		// One that is gone but for the engine's list has lost its name: see src/engine/docker/containers.ts.
		...containers
			.filter(({ Names, State }) => State !== 'removing' || Names.length > 0)
			.map(({ Names, Id }) => `container ${Names[0] ?? Id}`),
		...(volumes.Volumes ?? []).map(({ Name }) => `volume ${Name}`),
		...networks.map(({ Name }) => `network ${Name}`),
	];
}

/** Clears the engine of an instance, so that one broken scenario does not break the next run. */
export async function removeLeftovers(instance: string): Promise<void> {
	for (const { Id } of await docker.listContainers(ofInstance(instance))) {
		await docker.getContainer(Id).remove({ force: true, v: true });
	}
	for (const { Name } of (await docker.listVolumes(ofInstance(instance))).Volumes ?? []) {
		await docker.getVolume(Name).remove();
	}
	for (const { Id } of await docker.listNetworks(ofInstance(instance))) {
		await docker.getNetwork(Id).remove();
	}
}

/** Status and body of a page; throws while nobody answers. */
export async function page(url: string): Promise<{ readonly status: number; readonly body: string }> {
	const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
	return { status: answer.status, body: await answer.text() };
}

/** The body of a page on a port of this machine, over a connection of its own; throws while nobody answers. */
export function pageAt(port: string): Promise<string> {
	return new Promise((resolve, reject) => {
		get({ host: '127.0.0.1', port, path: '/', agent: false }, (answer) => resolve(text(answer))).on(
			'error',
			reject,
		);
	});
}

/** A port of the host that nobody listens on. */
export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const listener = createServer().listen(0, '127.0.0.1', () => {
			const address = listener.address();
			listener.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
		});
		listener.on('error', reject);
	});
}
