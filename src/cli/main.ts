/** The entry of the program: the real process around `runCli`. */
import { print, processIo } from './io.ts';
import { versionLine } from './version-line.ts';

/** A shell's prompt asks for the version, and a supervisor has no other words: not worth the command tree. */
async function run(args: readonly string[]): Promise<number> {
	if (args.length === 1 && args[0] === 'version') {
		print(io, versionLine());
		return 0;
	}
	if (args[0] === 'supervise') {
		return (await import('./commands/supervise.ts')).run(io);
	}
	return (await import('./run.ts')).runCli(args, io);
}

// `podrun logs | head`: the reader went away, which is no error of ours.
const io = processIo(({ code }) => process.exit(code === 'EPIPE' ? 0 : 1));
const code = await run(process.argv.slice(2));
await io.flushed();
process.exit(code);
