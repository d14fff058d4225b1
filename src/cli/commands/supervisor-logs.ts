/** `podrun supervisor logs`: what the supervisor wrote about its work, the file before the present one included. */
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
	const [older, current] = await Promise.all([textOf(`${log}.1`), textOf(log)]);
	if (older === undefined && current === undefined) {
		throw new UserError('NOT_FOUND', `there is no supervisor log yet at ${log}`);
	}
	const lines = `${older ?? ''}${current ?? ''}`.split('\n').filter((line) => line !== '');
	const shown = tail < 0 ? lines : tail === 0 ? [] : lines.slice(-tail);
	io.stdout.write(shown.map((line) => `${line}\n`).join(''));
	return 0;
}

/** Undefined: there is no such file. */
async function textOf(path: string): Promise<string | undefined> {
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
		throw error;
	}
}
