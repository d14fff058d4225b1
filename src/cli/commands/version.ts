/** `podrun version`: of the program, and of the supervisor and engine when one runs. */
import { VERSION } from '../../api/version.ts';
import { type Io, print } from '../io.ts';

export async function run(io: Io, options: { readonly output?: string }): Promise<number> {
	const told = { podrun: VERSION, node: process.version, platform: `${process.platform}/${process.arch}` };
	if (options.output === undefined) {
		print(io, `podrun ${told.podrun} (node ${told.node}, ${told.platform})`);
		return 0;
	}
	const { toJson, toYaml } = await import('../output/serialize.ts');
	switch (options.output) {
		case 'json':
			print(io, toJson(told));
			return 0;
		case 'yaml':
			print(io, toYaml(told));
			return 0;
		default: {
			const { usage } = await import('../output/errors.ts');
			throw usage(`--output must be 'yaml' or 'json', not "${options.output}"`);
		}
	}
}
