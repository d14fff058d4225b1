/**
 * The examples that come with the package: a folder each, whose README's first line says what it is. They lie
 * above the program, that of the sources as that of the build.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../api/errors.ts';
import { usage } from './output/errors.ts';

export interface Example {
	readonly name: string;
	readonly title: string;
	readonly folder: string;
}

/** All of them, by name. Throws UserError when the package was installed without. */
export function listExamples(): readonly Example[] {
	const top = findFolder();
	return readdirSync(top, { withFileTypes: true })
		.filter((entry) => entry.isDirectory() && existsSync(join(top, entry.name, 'README.md')))
		.map(({ name }) => {
			const folder = join(top, name);
			const [first = ''] = readFileSync(join(folder, 'README.md'), 'utf8').split('\n', 1);
			return { name, folder, title: first.replace(/^#+ */, '') };
		})
		.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The folder of an example. Throws a usage error that names those that there are. */
export function exampleFolder(name: string): string {
	const all = listExamples();
	const found = all.find((one) => one.name === name);
	if (!found) {
		throw usage(`there is no example "${name}"`, `there are: ${all.map((one) => one.name).join(', ')}`);
	}
	return found.folder;
}

function findFolder(): string {
	const here = fileURLToPath(import.meta.url);
	for (let folder = dirname(here); folder !== dirname(folder); folder = dirname(folder)) {
		if (existsSync(join(folder, 'examples/README.md')) && existsSync(join(folder, 'package.json'))) {
			return join(folder, 'examples');
		}
	}
	throw new UserError('NOT_FOUND', `the examples are not beside the program (${here})`, {
		hint: 'they are part of the package; install it anew',
	});
}
