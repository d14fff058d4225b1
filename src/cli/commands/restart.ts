/** `podrun restart POD… [-c C]`: the containers end and come back as new attempts; the pod and its IP stay. */
import { resourcePath } from '../../client/client.ts';
import { type Io, print } from '../io.ts';
import type { GlobalOptions } from '../program.ts';
import { podName } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';

export async function run(
	io: Io,
	options: GlobalOptions & { readonly container?: string },
	args: readonly string[],
): Promise<number> {
	return withClient(io, async (client) => {
		for (const argument of args) {
			const name = podName(argument);
			const path = resourcePath('pods', namespaceOf(options), name).replace(/^\/api\/v1/, '/podrun/v1');
			await client.request('POST', `${path}/restart`, { query: { container: options.container } });
			print(
				io,
				options.container
					? `pod/${name} restarted (container ${options.container})`
					: `pod/${name} restarted`,
			);
		}
		return 0;
	});
}
