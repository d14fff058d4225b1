/**
 * `podrun supervise`: the background process itself. The only verb that loads the engine's side, in a file of its own
 * in the build; it tells its failure itself.
 */
import { runDaemon } from '../../apiserver/daemon.ts';
import type { Io } from '../io.ts';
import { tell } from '../output/errors.ts';

export async function run(io: Io): Promise<number> {
	try {
		await runDaemon(io.env);
		return 0;
	} catch (error) {
		const { text, exitCode } = tell(error);
		io.stderr.write(`${text}\n`);
		return exitCode;
	}
}
