/** The fake engine's networks: Docker's three, and those that are made, each on a subnet of its own. */
import type { Engine, EngineNetwork } from '../../../src/engine/engine.ts';
import { matches } from './labels.ts';
import type { Machine } from './machine.ts';
import { fail } from './refusal.ts';
import { dotted, overlap, type Range, range } from './subnets.ts';

export interface FakeNetwork extends EngineNetwork, Range {}

const BRIDGE = '172.17.0.0/16';

export class FakeNetworks {
	readonly #machine: Machine;
	readonly #networks = new Map<string, FakeNetwork>();

	constructor(machine: Machine) {
		this.#machine = machine;
		this.#add('bridge', BRIDGE, {}, 'bridge');
		this.#add('host', undefined, {}, 'host');
		this.#add('none', undefined, {}, 'null');
	}

	/** By name or id. */
	find(nameOrID: string): FakeNetwork | undefined {
		return this.#networks.get(nameOrID) ?? [...this.#networks.values()].find(({ id }) => id === nameOrID);
	}

	get(nameOrID: string): FakeNetwork {
		return this.find(nameOrID) ?? fail('NOT_FOUND', 404, `network ${nameOrID} not found`);
	}

	inspect(name: string): EngineNetwork | undefined {
		const known = this.find(name);
		if (known === undefined) return undefined;
		const joined = this.#machine
			.all()
			.map(({ id, networks }) => [id, networks.get(known.name)?.ip ?? ''] as const);
		return { ...told(known), addresses: Object.fromEntries(joined.filter(([, ip]) => ip !== '')) };
	}

	list(labels: readonly string[]): readonly EngineNetwork[] {
		return [...this.#networks.values()].filter((known) => matches(known.labels, labels)).map(told);
	}

	create({ name, subnet, labels }: Parameters<Engine['createNetwork']>[0]): EngineNetwork {
		if (this.#networks.has(name)) fail('CONFLICT', 409, `network with name ${name} already exists`);
		const taken = [...this.#networks.values()].flatMap(({ subnets }) => subnets);
		if (taken.some((other) => overlap(other, subnet))) {
			fail('NETWORK_OVERLAP', 403, 'Pool overlaps with other one on this address space');
		}
		return told(this.#add(name, subnet, labels, 'bridge'));
	}

	remove(nameOrID: string): void {
		const known = this.get(nameOrID);
		if (this.#machine.all().some((c) => c.status === 'running' && c.networks.has(known.name))) {
			fail(
				'CONFLICT',
				403,
				`error while removing network: network ${known.name} id ${known.id} has active endpoints`,
			);
		}
		this.#networks.delete(known.name);
	}

	#add(
		name: string,
		subnet: string | undefined,
		labels: Readonly<Record<string, string>>,
		driver: string,
	): FakeNetwork {
		const addresses = subnet ? range(subnet) : { base: 0, size: 0 };
		const made = {
			id: this.#machine.newID(),
			name,
			labels: { ...labels },
			driver,
			subnets: subnet ? [subnet] : [],
			gateway: subnet ? dotted(addresses.base + 1) : '',
			...addresses,
		};
		this.#networks.set(name, made);
		return made;
	}
}

function told({ id, name, labels, driver, subnets, gateway }: FakeNetwork): EngineNetwork {
	return { id, name, labels, driver, subnets, gateway };
}
