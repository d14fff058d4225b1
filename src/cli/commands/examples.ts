/** `podrun examples`: what comes with the package, to try with `podrun up --example NAME`. */
import { listExamples } from '../examples.ts';
import { type Io, print } from '../io.ts';
import { usage } from '../output/errors.ts';
import { toJson } from '../output/serialize.ts';
import { table } from '../output/table.ts';

export async function run(io: Io, options: { readonly output?: string }): Promise<number> {
	const examples = listExamples();
	switch (options.output) {
		case undefined:
		case 'wide': {
			const wide = options.output === 'wide';
			const rows = examples.map(({ name, title, folder }) => [name, title, ...(wide ? [folder] : [])]);
			for (const line of table(['NAME', 'WHAT IT IS', ...(wide ? ['FOLDER'] : [])], rows)) print(io, line);
			return 0;
		}
		case 'name':
			for (const { name } of examples) print(io, name);
			return 0;
		case 'json':
			print(io, toJson(examples));
			return 0;
		default:
			throw usage(`--output must be 'json', 'name' or 'wide', not "${options.output}"`);
	}
}
