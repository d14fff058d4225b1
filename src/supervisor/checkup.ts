/** What `podrun doctor` looks at from inside of the supervisor: engine, cgroups, network, state folder, leftovers. */
import { readdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Check } from '../api/checkup.ts';
import type { Engine, EngineInfo } from '../engine/engine.ts';
import { INSTANCE, networkName, POD_NAME, POD_NAMESPACE, POD_UID } from '../translate/names.ts';
import { type EngineLink, isUnreachable } from './engine-link.ts';
import { leftovers } from './leftovers.ts';
import { neighboursOf } from './neighbours.ts';
import { overlaps } from './network.ts';
import type { Store } from './store.ts';

export interface CheckupParts {
	readonly engine: Engine;
	readonly link: Pick<EngineLink, 'ask'>;
	readonly info: EngineInfo;
	readonly store: Store;
	readonly instance: string;
	readonly stateFolder: string;
}

/** The oldest engine that is tested. */
const OLDEST_API = [1, 41] as const;
const ROOM = 16 * 2 ** 20;

/** Every check, also those that are well. One that can't be made is a problem, not a failure. */
export async function checkup(parts: CheckupParts): Promise<readonly Check[]> {
	const checks = [engine, cgroups, network, stateFolder, neighbours, orphans];
	const ofEngine: ReadonlySet<(typeof checks)[number]> = new Set([engine, network, neighbours, orphans]);
	return Promise.all(
		checks.map(async (check): Promise<Check> => {
			try {
				return await (ofEngine.has(check) ? parts.link.ask(() => check(parts)) : check(parts));
			} catch (error) {
				const message = `it could not be checked: ${(error as Error).message}`;
				const mend = isUnreachable(error)
					? 'start the Docker engine, or restart one that hangs: podrun waits for it and goes on by itself'
					: 'see `podrun supervisor logs`';
				return { name: check.name, state: 'problem', message, mend };
			}
		}),
	);
}

async function engine({ engine, info }: CheckupParts): Promise<Check> {
	await engine.ping();
	const [major = 0, minor = 0] = info.apiVersion.split('.').map(Number);
	const told = `Docker ${info.version}, API ${info.apiVersion}, at ${engine.address}`;
	if (major > OLDEST_API[0] || minor >= OLDEST_API[1]) return { name: 'engine', state: 'ok', message: told };
	const mend = 'update the engine to 20.10 or newer';
	return { name: 'engine', state: 'warning', message: `${told}: older than what podrun is tested on`, mend };
}

async function cgroups({ info }: CheckupParts): Promise<Check> {
	const told = `version ${info.cgroupVersion}, driver ${info.cgroupDriver}`;
	const unlimited = info.cgroupDriver === 'none' ? ['memory', 'CPU', 'processes'] : (info.unlimited ?? []);
	if (unlimited.length === 0) return { name: 'cgroups', state: 'ok', message: told };
	return {
		name: 'cgroups',
		state: 'warning',
		message: `${told}: the engine can't limit ${unlimited.join(', ')}`,
		mend: 'let the engine use these controllers (see `docker info`; a rootless one needs cgroup v2 and systemd)',
	};
}

async function network({ engine, info, instance }: CheckupParts): Promise<Check> {
	const name = networkName(instance);
	const found = await engine.inspectNetwork(name);
	if (found === undefined) {
		return { name: 'network', state: 'ok', message: `${name} is made with the first pod` };
	}
	const told = `${name}, ${found.subnets.join(', ')}`;
	if (found.labels[INSTANCE] !== instance) {
		return {
			name: 'network',
			state: 'problem',
			message: `${told}: it was not made by podrun`,
			mend: `remove it (docker network rm ${name}), or use another instance (PODRUN_INSTANCE)`,
		};
	}
	// The machine's other networks, e.g. a VPN that came up later: what they reach is out of reach of pods.
	const others = info.local
		? Object.entries(networkInterfaces()).flatMap(([device, addresses]) =>
				(addresses ?? [])
					.filter(({ family, address }) => family === 'IPv4' && address !== found.gateway)
					.map(({ cidr }) => ({ device, cidr: cidr ?? '' })),
			)
		: [];
	const clash = others.find(({ cidr }) => found.subnets.some((subnet) => overlaps(subnet, cidr)));
	if (clash === undefined) return { name: 'network', state: 'ok', message: told };
	return {
		name: 'network',
		state: 'problem',
		message: `${told} overlaps with ${clash.cidr} of ${clash.device}`,
		mend: 'take all pods down, and start them with PODRUN_SUBNET set to a subnet that is free',
	};
}

async function stateFolder({ stateFolder }: CheckupParts): Promise<Check> {
	const name = 'state folder';
	const { mode } = await stat(stateFolder);
	if ((mode & 0o077) !== 0) {
		const mend = `chmod 700 ${stateFolder}`;
		return { name, state: 'problem', message: `${stateFolder} is open to others: it holds secrets`, mend };
	}
	const probe = join(stateFolder, `.doctor-${process.pid}`);
	try {
		await writeFile(probe, 'x', { mode: 0o600 });
	} catch (error) {
		const message = `${stateFolder} can't be written: ${(error as Error).message}`;
		const mend = 'make room or make it writable; pods run on, but changes are lost when the supervisor ends';
		return { name, state: 'problem', message, mend };
	} finally {
		await rm(probe, { force: true }).catch(() => undefined);
	}
	const { bavail, bsize } = await statfs(stateFolder);
	if (bavail * bsize < ROOM) {
		const message = `${stateFolder} has only ${Math.floor((bavail * bsize) / 1024)} KiB left`;
		return { name, state: 'warning', message, mend: 'make room on its disk' };
	}
	const broken = (await readdir(stateFolder, { recursive: true })).filter((file) => file.endsWith('.broken'));
	if (broken.length > 0) {
		const message = `files that could not be read were set aside: ${broken.join(', ')}`;
		return {
			name,
			state: 'warning',
			message,
			mend: `apply those objects again, then remove the files in ${stateFolder}`,
		};
	}
	return { name, state: 'ok', message: stateFolder };
}

/** Another supervisor of this user and instance that has pods on this very engine, which it reaches by another address. */
async function neighbours({ engine, instance, stateFolder }: CheckupParts): Promise<Check> {
	const name = 'neighbours';
	const { pods } = await neighboursOf(stateFolder);
	const containers = pods.size === 0 ? [] : await engine.listContainers([`${INSTANCE}=${instance}`]);
	const theirs = containers.flatMap(({ labels }) => {
		const folder = pods.get(labels[POD_UID] ?? '');
		return folder === undefined ? [] : [{ folder, pod: `${labels[POD_NAMESPACE]}/${labels[POD_NAME]}` }];
	});
	const [first] = theirs;
	if (first === undefined) {
		return { name, state: 'ok', message: 'no other supervisor of this instance has pods on this engine' };
	}
	const told = [...new Set(theirs.map(({ pod }) => pod))].join(', ');
	return {
		name,
		state: 'warning',
		message: `this engine is reached by another address too: pods ${told} are those of ${first.folder}`,
		mend: 'use one address for one engine (DOCKER_HOST), or another instance for each (PODRUN_INSTANCE)',
	};
}

async function orphans(parts: CheckupParts): Promise<Check> {
	const found = await leftovers(parts);
	const name = 'leftovers';
	if (found.length === 0) return { name, state: 'ok', message: 'nothing on the engine is without its pod' };
	const data = found.filter((one) => one.data).length;
	const message = `${found.map((one) => `${one.kind} ${one.name}`).join(', ')}: no pod owns them`;
	const mend =
		data === 0 ? '`podrun prune`' : '`podrun prune`; with --volumes the data of deleted claims too';
	return { name, state: 'warning', message, mend };
}
