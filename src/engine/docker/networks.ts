/** Networks through the Docker Engine API. */
import type { Engine, EngineNetwork } from '../engine.ts';
import * as shapes from '../shapes.ts';
import type { Transport } from '../transport.ts';
import { absent, filters, segments } from './requests.ts';

type Verbs = Pick<
	Engine,
	'createNetwork' | 'inspectNetwork' | 'listNetworks' | 'removeNetwork' | 'connectNetwork'
>;

/** See `Engine` for each. */
export function networkVerbs(transport: Transport): Verbs {
	const inspect = async (nameOrID: string): Promise<EngineNetwork> =>
		shapes.toNetwork(
			await transport.json<shapes.NetworkJson>({ method: 'GET', path: `/networks/${segments(nameOrID)}` }),
		);

	return {
		async createNetwork({ name, subnet, labels }) {
			const created = await transport.json<{ Id: string }>({
				method: 'POST',
				path: '/networks/create',
				body: {
					Name: name,
					// Two networks of one name are allowed by the engine unless it is told to look.
					CheckDuplicate: true,
					Driver: 'bridge',
					IPAM: {
						Driver: 'default',
						Config: [{ Subnet: subnet, Gateway: firstAddress(subnet) }],
					},
					Labels: labels,
				},
				fresh: true,
			});
			return inspect(created.Id);
		},

		inspectNetwork: (name) => absent(() => inspect(name)),

		async listNetworks(labels) {
			const list = await transport.json<shapes.NetworkJson[]>({
				method: 'GET',
				path: '/networks',
				query: { filters: filters({ label: labels }) },
			});
			return list.map(shapes.toNetwork);
		},

		async removeNetwork(name) {
			await transport.json({ method: 'DELETE', path: `/networks/${segments(name)}` });
		},

		async connectNetwork(network, containerID, { ipv4, aliases }) {
			await transport.json({
				method: 'POST',
				path: `/networks/${segments(network)}/connect`,
				body: {
					Container: containerID,
					EndpointConfig: {
						...(ipv4 === undefined ? {} : { IPAMConfig: { IPv4Address: ipv4 } }),
						...(aliases === undefined ? {} : { Aliases: aliases }),
					},
				},
			});
		},
	};
}

/** The first address of an IPv4 subnet, which the engine would take too but would not tell. */
function firstAddress(subnet: string): string {
	const [address = ''] = subnet.split('/');
	return address.replace(/\d+$/, (last) => String(Number(last) + 1));
}
