/** `podrun version`: of the program, and of the supervisor and engine when one runs. */
import { VERSION } from '../../api/version.ts';
import { type Io, print } from '../io.ts';
import { usage } from '../output/errors.ts';
import { toJson, toYaml } from '../output/serialize.ts';

export async function run(io: Io, options: { readonly output?: string }): Promise<number> {
	const told = { podrun: VERSION, node: process.version, platform: `${process.platform}/${process.arch}` };
	switch (options.output) {
		case undefined:
			print(io, `podrun ${told.podrun} (node ${told.node}, ${told.platform})`);
			return 0;
		case 'json':
			print(io, toJson(told));
			return 0;
		case 'yaml':
			print(io, toYaml(told));
			return 0;
		default:
			throw usage(`--output must be 'yaml' or 'json', not "${options.output}"`);
	}
}
