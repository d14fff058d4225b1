/**
 * The bridge network of this instance and the addresses on it. podrun hands the IPs out itself, so that an
 * IP is known before the pause starts and can be taken again when the pause must be made anew. The network
 * is made with the first pod that needs it and removed when the last one is gone.
 */
import { UserError } from '../api/errors.ts';
import { type Engine, EngineError, type EngineNetwork } from '../engine/engine.ts';

const INSTANCE = 'podrun.dev/instance';
/** 10.201.0.0 … 10.210.240.0, /20 each: outside of what Docker's own pools and most home networks use. */
const CANDIDATES = Array.from(
	{ length: 160 },
	(_, n) => `10.${201 + Math.floor(n / 16)}.${(n % 16) * 16}.0/20`,
);

export class PodNetwork {
	readonly name: string;
	readonly #engine: Engine;
	readonly #instance: string;
	readonly #wanted: string | undefined;
	#network: EngineNetwork | undefined;
	#making: Promise<EngineNetwork> | undefined;
	#removing: Promise<void> | undefined;
	/** Owner (pod uid) by address. */
	readonly #owners = new Map<string, string>();
	/** What the engine says is somebody else's: nobody tells when it is free again. */
	#taken = new Set<string>();
	#next = 0;

	/** `subnet` is the user's wish (PODRUN_SUBNET); otherwise the first candidate that is free. */
	constructor(engine: Engine, instance: string, subnet: string | undefined) {
		this.#engine = engine;
		this.#instance = instance;
		this.#wanted = subnet;
		this.name = instance === 'default' ? 'podrun' : `podrun-${instance}`;
	}

	/** The network, made when it is not there. */
	async ensure(): Promise<EngineNetwork> {
		// One that is going would be found, and be gone when the pause starts.
		await this.#removing;
		if (this.#network !== undefined) return this.#network;
		this.#making ??= this.#make().finally(() => {
			this.#making = undefined;
		});
		this.#network = await this.#making;
		return this.#network;
	}

	/** Somebody removed it, or the engine was replaced: look again next time. */
	forget(): void {
		this.#network = undefined;
	}

	/** Removes the network; one that still has endpoints stays. */
	async remove(): Promise<void> {
		this.#network = undefined;
		const removal = this.#engine.removeNetwork(this.name).catch((error: unknown) => {
			if (!(error instanceof EngineError) || (error.code !== 'NOT_FOUND' && error.code !== 'CONFLICT'))
				throw error;
		});
		this.#removing = removal
			.catch(() => undefined)
			.finally(() => {
				this.#removing = undefined;
			});
		await removal;
	}

	/** The address of `owner`, the same one at each call; `before` is taken again when it is free and in the subnet. */
	async allocate(owner: string, before?: string): Promise<string> {
		const network = await this.ensure();
		const range = parseCidr(network.subnets[0] ?? '');
		for (const [ip, held] of this.#owners) {
			if (held !== owner) continue;
			if (inRange(ip, range)) return ip;
			this.#owners.delete(ip);
		}
		if (before !== undefined && inRange(before, range) && !this.#isTaken(before)) {
			this.#owners.set(before, owner);
			return before;
		}
		const usable = range.size - 3; // network, gateway and broadcast are not to be had
		for (let tried = 0; tried < usable; tried += 1) {
			// The next one, not the lowest free one: an address that was just given back rests for a while.
			const ip = formatIp(range.base + 2 + ((this.#next + tried) % usable));
			if (this.#isTaken(ip) || ip === network.gateway) continue;
			this.#next = (this.#next + tried + 1) % usable;
			this.#owners.set(ip, owner);
			return ip;
		}
		// Some of them may be free again: whoever tries once more finds out.
		this.#taken = this.#strangers(await this.#addresses());
		throw new UserError('ENGINE', `no address is free in ${network.subnets[0]} of network ${this.name}`, {
			hint: 'stop a pod, or set PODRUN_SUBNET to a larger subnet',
		});
	}

	/** Notes an address that a running pod already has (adoption). */
	hold(ip: string, owner: string): void {
		this.#owners.set(ip, owner);
	}

	release(owner: string): void {
		for (const [ip, held] of this.#owners) if (held === owner) this.#owners.delete(ip);
	}

	/**
	 * The engine says that the owner's address is taken. If a container has it that is none of the owner's, the next
	 * `allocate` finds another one, and passes by all that such containers have.
	 * @param isOwn whether the container of this id is the owner's
	 * @returns the id of the owner's own container that has it: then it stays the owner's. Throws EngineError.
	 */
	async avoid(owner: string, address: string, isOwn: (id: string) => boolean): Promise<string | undefined> {
		const there = await this.#addresses();
		const own = Object.keys(there).find((id) => there[id] === address && isOwn(id));
		if (own !== undefined) return own;
		if (this.#owners.get(address) === owner) this.#owners.delete(address);
		this.#taken.add(address);
		this.#taken = this.#taken.union(this.#strangers(there));
		return undefined;
	}

	#isTaken(ip: string): boolean {
		return this.#owners.has(ip) || this.#taken.has(ip);
	}

	/** Addresses that run on the network and were not handed out. */
	#strangers(there: Readonly<Record<string, string>>): Set<string> {
		return new Set(Object.values(there).filter((ip) => !this.#owners.has(ip)));
	}

	async #addresses(): Promise<Readonly<Record<string, string>>> {
		return (await this.#engine.inspectNetwork(this.name))?.addresses ?? {};
	}

	async #make(): Promise<EngineNetwork> {
		const there = await this.#engine.inspectNetwork(this.name);
		if (there !== undefined) return there;
		let last: unknown;
		// Pods keep their addresses when the network has to be made again: the subnet of theirs is tried first.
		const theirs = CANDIDATES.filter((cidr) =>
			this.#owners.keys().some((ip) => inRange(ip, parseCidr(cidr))),
		);
		const candidates = this.#wanted === undefined ? new Set([...theirs, ...CANDIDATES]) : [this.#wanted];
		for (const subnet of candidates) {
			try {
				return await this.#engine.createNetwork({
					name: this.name,
					subnet,
					labels: { [INSTANCE]: this.#instance },
				});
			} catch (error) {
				last = error;
				if (error instanceof EngineError && error.code === 'CONFLICT') {
					const made = await this.#engine.inspectNetwork(this.name);
					if (made !== undefined) return made;
				}
				if (!(error instanceof EngineError) || error.code !== 'NETWORK_OVERLAP') throw error;
			}
		}
		throw new UserError('ENGINE', `no subnet is free for network ${this.name}`, {
			cause: last,
			hint: 'set PODRUN_SUBNET to a subnet that nothing on this machine uses, e.g. PODRUN_SUBNET=10.240.0.0/20',
		});
	}
}

interface Range {
	readonly base: number;
	readonly size: number;
}

function parseCidr(cidr: string): Range {
	const [address = '0.0.0.0', bits = '32'] = cidr.split('/');
	const size = 2 ** (32 - Number(bits));
	const base = parseIp(address);
	return { base: base - (base % size), size };
}

/** Whether two IPv4 networks share addresses. Prefixes of other kinds never do. */
export function overlaps(one: string, other: string): boolean {
	if (one.includes(':') || other.includes(':')) return false;
	const [a, b] = [parseCidr(one), parseCidr(other)];
	return a.base < b.base + b.size && b.base < a.base + a.size;
}

const parseIp = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const formatIp = (value: number): string =>
	[24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
const inRange = (ip: string, range: Range): boolean => {
	const value = parseIp(ip);
	return value > range.base + 1 && value < range.base + range.size - 1;
};
