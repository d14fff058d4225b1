/** Where a fake container is joined as it starts: the namespaces of another, networks, addresses, ports. */
import type { FakeContainer } from './container.ts';
import type { Machine } from './machine.ts';
import type { FakeNetwork, FakeNetworks } from './networks.ts';
import { fail } from './refusal.ts';
import { dotted, numeric } from './subnets.ts';

const JOINED = 'container:';

export class Endpoints {
	readonly #machine: Machine;
	readonly #networks: FakeNetworks;

	constructor(machine: Machine, networks: FakeNetworks) {
		this.#machine = machine;
		this.#networks = networks;
	}

	/** A join by name is turned into one by id at create, and stays so. */
	modeOf(mode: string): string {
		if (!mode.startsWith(JOINED)) return mode;
		const name = mode.slice(JOINED.length);
		return `${JOINED}${this.#machine.known(name)?.id ?? name}`;
	}

	/** Looks whether the owners of the namespaces that it shares are there and let it in. */
	join(container: FakeContainer): void {
		const donorOf = (mode: string): FakeContainer | undefined =>
			mode.startsWith(JOINED) ? this.#machine.find(mode.slice(JOINED.length)) : undefined;
		const network = donorOf(container.networkMode);
		if (network && network.status !== 'running') {
			fail('CONFLICT', 409, `cannot join network of a non running container: ${network.id}`);
		}
		const ipc = donorOf(container.ipcMode);
		if (ipc && ipc.status !== 'running') {
			fail('CONFLICT', 500, `can't join IPC of container ${ipc.id}: container ${ipc.id} is not running`);
		}
		if (ipc && ipc.ipcMode !== 'shareable') {
			fail(
				'UNKNOWN',
				500,
				`can't join IPC of container ${ipc.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
			);
		}
		const pid = donorOf(container.pidMode);
		if (pid && pid.status !== 'running') fail('CONFLICT', 500, `container ${pid.id} is not running`);
	}

	/** Gives it its addresses and takes its ports of the host. */
	attach(container: FakeContainer): void {
		const { options, networkMode } = container;
		if (networkMode.startsWith(JOINED) || networkMode === 'host') return;
		const known = this.#networks.get(networkMode);
		const ip = known.subnets.length === 0 ? '' : this.#address(known, options.ipv4);
		this.#takePorts(container);
		container.networks.set(known.name, { ip, networkID: known.id });
		for (const [name, endpoint] of container.networks) {
			const other = this.#networks.find(name);
			if (other && endpoint.ip === '' && other.subnets.length > 0) {
				container.networks.set(name, { ip: this.#address(other, undefined), networkID: other.id });
			}
		}
	}

	/** Joins one more network; a container that does not run gets its address when it starts. */
	connect(container: FakeContainer, known: FakeNetwork, ipv4: string | undefined): void {
		if (container.networks.has(known.name)) {
			fail(
				'CONFLICT',
				403,
				`endpoint with name ${container.options.name} already exists in network ${known.name}`,
			);
		}
		const ip = container.status === 'running' ? this.#address(known, ipv4) : '';
		container.networks.set(known.name, { ip, networkID: known.id });
	}

	leave(container: FakeContainer): void {
		for (const [name, endpoint] of container.networks) container.networks.set(name, { ...endpoint, ip: '' });
	}

	/** The address that is wanted, or the first that is free. */
	#address(known: FakeNetwork, wanted: string | undefined): string {
		const used = new Set([known.gateway]);
		for (const container of this.#machine.all()) {
			const ip = container.networks.get(known.name)?.ip;
			if (ip) used.add(ip);
		}
		if (wanted !== undefined) {
			const value = numeric(wanted);
			if (value < known.base || value >= known.base + known.size) {
				fail(
					'UNKNOWN',
					500,
					`Invalid address ${wanted}: It does not belong to any of this network's subnets`,
				);
			}
			if (used.has(wanted)) fail('ADDRESS_TAKEN', 403, 'Address already in use');
			return wanted;
		}
		for (let offset = 2; offset < known.size - 1; offset++) {
			const ip = dotted(known.base + offset);
			if (!used.has(ip)) return ip;
		}
		return fail('UNKNOWN', 500, 'no available IPv4 addresses on this network');
	}

	#takePorts(container: FakeContainer): void {
		const others = this.#machine.all().filter((other) => other !== container && other.status === 'running');
		const taken = others.flatMap(({ options }) => options.ports ?? []);
		for (const { protocol, hostPort, hostIP } of container.options.ports ?? []) {
			const isTaken = taken.some(
				(port) =>
					port.protocol === protocol &&
					port.hostPort === hostPort &&
					(port.hostIP === '' || hostIP === '' || port.hostIP === hostIP),
			);
			if (hostPort !== 0 && isTaken) {
				fail(
					'PORT_TAKEN',
					500,
					`driver failed programming external connectivity on endpoint ${container.options.name}: Bind for ${hostIP || '0.0.0.0'}:${hostPort} failed: port is already allocated`,
				);
			}
		}
	}
}
