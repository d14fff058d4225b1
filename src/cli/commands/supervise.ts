/** `podrun supervise`: the background process itself. The only verb that loads the engine's side. */
import type { Io } from '../io.ts';

export async function run(io: Io): Promise<number> {
	const { runDaemon } = await import('../../apiserver/daemon.ts');
	await runDaemon(io.env);
	return 0;
}
