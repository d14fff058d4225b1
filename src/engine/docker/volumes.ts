/** Volumes through the Docker Engine API. */
import type { Engine } from '../engine.ts';
import * as shapes from '../shapes.ts';
import type { Transport } from '../transport.ts';
import { absent, filters, segments } from './requests.ts';

type Verbs = Pick<Engine, 'createVolume' | 'inspectVolume' | 'listVolumes' | 'removeVolume'>;

/** See `Engine` for each. */
export function volumeVerbs(transport: Transport): Verbs {
	return {
		async createVolume({ name, labels, driver, options }) {
			const json = await transport.json<shapes.VolumeJson>({
				method: 'POST',
				path: '/volumes/create',
				body: {
					Name: name,
					Labels: labels,
					Driver: driver ?? 'local',
					...(options ? { DriverOpts: options } : {}),
				},
				idempotent: true,
			});
			return shapes.toVolume(json);
		},

		inspectVolume: (name) =>
			absent(async () =>
				shapes.toVolume(
					await transport.json<shapes.VolumeJson>({ method: 'GET', path: `/volumes/${segments(name)}` }),
				),
			),

		async listVolumes(labels) {
			const list = await transport.json<{ Volumes?: shapes.VolumeJson[] | null }>({
				method: 'GET',
				path: '/volumes',
				query: { filters: filters({ label: labels }) },
			});
			return (list.Volumes ?? []).map(shapes.toVolume);
		},

		async removeVolume(name) {
			await transport.json({ method: 'DELETE', path: `/volumes/${segments(name)}` });
		},
	};
}
