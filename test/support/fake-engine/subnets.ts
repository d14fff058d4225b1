/** IPv4 subnets as numbers. */

export interface Range {
	readonly base: number;
	readonly size: number;
}

export function numeric(ip: string): number {
	return ip.split('.').reduce((total, part) => total * 256 + Number(part), 0);
}

export function dotted(value: number): string {
	return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** Of `10.1.2.0/24`: its first address and how many it has. */
export function range(subnet: string): Range {
	const [ip = '', bits = '32'] = subnet.split('/');
	const size = 2 ** (32 - Number(bits));
	return { base: Math.floor(numeric(ip) / size) * size, size };
}

export function overlap(a: string, b: string): boolean {
	const [one, two] = [range(a), range(b)];
	return one.base < two.base + two.size && two.base < one.base + one.size;
}
