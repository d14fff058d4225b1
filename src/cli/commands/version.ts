/** `podrun version`: of the program, and of the supervisor and engine when one runs. */
import { VERSION } from '../../api/version.ts';
import { type Io, print } from '../io.ts';
import { versionLine } from '../version-line.ts';

export async function run(io: Io, options: { readonly output?: string }): Promise<number> {
	if (options.output === undefined) {
		print(io, versionLine());
		return 0;
	}
	const told = { podrun: VERSION, node: process.version, platform: `${process.platform}/${process.arch}` };
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
