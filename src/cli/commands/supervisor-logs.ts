/** `podrun supervisor logs`: what the supervisor wrote about its work. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../../api/errors.ts';
import { supervisorPaths } from '../../client/connect.ts';
import type { Io } from '../io.ts';
import { usage } from '../output/errors.ts';

export async function run(io: Io, options: { readonly tail?: string }): Promise<number> {
	const { log } = supervisorPaths({ env: io.env });
	const tail = options.tail === undefined ? -1 : Number(options.tail);
	if (!Number.isInteger(tail)) {
		throw usage(`--tail: "${options.tail}" is no whole number`);
	}
	let text: string;
	try {
		text = await readFile(log, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
			throw new UserError('NOT_FOUND', `there is no supervisor log yet at ${log}`);
		}
		throw error;
	}
	const lines = text.split('\n').filter((line) => line !== '');
	const shown = tail < 0 ? lines : tail === 0 ? [] : lines.slice(-tail);
	io.stdout.write(shown.map((line) => `${line}\n`).join(''));
	return 0;
}
