/** The contract of `Engine`. Networks, addresses and ports of the host. */
import { expect, it } from 'vitest';
import { code, eachEngine, SLEEP } from '../../support/contract.ts';

eachEngine('networks', (s) => {
	it('gives the address that was asked for, again after a restart, and to one at a time', async () => {
		const net = await s.network('fixed');
		const options = { networkMode: net.name, ipv4: net.address(77) };
		const first = await s.started('ip1', SLEEP, options);
		expect((await s.engine.inspectContainer(first)).networks[net.name]?.ip).toBe(net.address(77));
		const second = await s.container('ip2', SLEEP, options);
		await expect(s.engine.startContainer(second)).rejects.toEqual(code('ADDRESS_TAKEN'));
		expect(await s.engine.inspectContainer(second)).toMatchObject({ status: 'created', exitCode: 128 });
		expect((await s.engine.inspectNetwork(net.name))?.addresses).toEqual({ [first]: net.address(77) });
		await s.engine.removeContainer(first, { force: true });
		await s.engine.startContainer(second);
		expect((await s.engine.inspectContainer(second)).networks[net.name]?.ip).toBe(net.address(77));
	});

	it('tells what it is, refuses its name and its subnet to another, and stays while it is in use', async () => {
		const net = await s.network('shown');
		const known = await s.engine.inspectNetwork(net.name);
		expect(known).toMatchObject({
			name: net.name,
			subnets: [net.subnet],
			gateway: net.address(1),
			driver: 'bridge',
		});
		expect((await s.engine.listNetworks([s.label])).map((n) => n.name)).toContain(net.name);
		const overlapping = { name: s.name('overlap'), subnet: net.subnet.replace('/24', '/25'), labels: {} };
		await expect(s.engine.createNetwork(overlapping)).rejects.toEqual(code('NETWORK_OVERLAP'));
		const same = { name: net.name, subnet: '10.198.255.0/24', labels: {} };
		await expect(s.engine.createNetwork(same)).rejects.toEqual(code('CONFLICT'));
		const id = await s.started('innet', SLEEP, { networkMode: net.name });
		await expect(s.engine.removeNetwork(net.name)).rejects.toEqual(code('CONFLICT'));
		await s.engine.removeContainer(id, { force: true });
		await s.engine.removeNetwork(net.name);
		expect(await s.engine.inspectNetwork(net.name)).toBeUndefined();
		await expect(s.engine.removeNetwork(net.name)).rejects.toEqual(code('NOT_FOUND'));
	});

	it('connects a running container to a second one', async () => {
		const [one, two] = [await s.network('n1'), await s.network('n2')];
		const id = await s.started('both', SLEEP, { networkMode: one.name });
		await s.engine.connectNetwork(two.name, id, { ipv4: two.address(9), aliases: ['alias'] });
		expect((await s.engine.inspectContainer(id)).networks[two.name]?.ip).toBe(two.address(9));
		await expect(s.engine.connectNetwork(s.name('nonet'), id, {})).rejects.toEqual(code('NOT_FOUND'));
	});

	it('tells a host port that is taken from every other failure', async () => {
		const net = await s.network('ports');
		const hostPort = 20_000 + Math.floor(Math.random() * 10_000);
		const ports = [{ containerPort: 80, protocol: 'tcp', hostPort, hostIP: '127.0.0.1' }] as const;
		await s.started('port1', SLEEP, { networkMode: net.name, ports });
		const second = await s.container('port2', SLEEP, { networkMode: net.name, ports });
		await expect(s.engine.startContainer(second)).rejects.toEqual(code('PORT_TAKEN'));
		expect(await s.engine.inspectContainer(second)).toMatchObject({ status: 'created', exitCode: 128 });
	});
});
