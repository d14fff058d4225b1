/**
 * One command line from arguments to exit code, with the program's one catch: whatever a verb throws ends
 * here, is told in the words of kubectl or of podrun, and becomes an exit code (0 success, 1 failure,
 * 2 wrong usage).
 */
import { CommanderError } from 'commander';
import type { Io } from './io.ts';
import { tell } from './output/errors.ts';
import { programFor } from './program.ts';

/** Runs one command line (without node and script) and returns its exit code. */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
	try {
		let code = 0;
		const program = programFor(args, io, (result) => {
			code = result;
		});
		if (args.length === 0) {
			program.outputHelp();
			return 0;
		}
		await program.parseAsync([...args], { from: 'user' });
		return code;
	} catch (error) {
		if (error instanceof CommanderError) {
			// Commander has printed its message or the help that was asked for.
			return error.exitCode === 0 ? 0 : 2;
		}
		const told = tell(error);
		if (told.text !== '') {
			io.stderr.write(`${told.text}\n`);
		}
		return told.exitCode;
	}
}
