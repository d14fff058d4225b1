/** `podrun exec POD [-c C] [-it] -- CMD`: a command in a container; its exit code is ours. */
import type { Pod } from '../../api/types.ts';
import { resourcePath } from '../../client/client.ts';
import { chooseContainer } from '../containers.ts';
import { type Io, say } from '../io.ts';
import { statusText, usage } from '../output/errors.ts';
import type { GlobalOptions } from '../program.ts';
import { type Ended, inRawMode, runRemote, terminalOrNot } from '../remote-process.ts';
import { podName } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';

export interface ExecOptions extends GlobalOptions {
	readonly container?: string;
	readonly stdin?: boolean;
	readonly tty?: boolean;
	readonly quiet?: boolean;
}

export async function run(io: Io, options: ExecOptions, args: readonly string[]): Promise<number> {
	const [podArgument = '', ...command] = args;
	if (command.length === 0) {
		throw usage('you must specify at least one command for the container', 'podrun exec POD -- COMMAND');
	}
	const name = podName(podArgument);
	const namespace = namespaceOf(options);
	return withClient(io, async (client) => {
		const pod = await client.request<Pod>('GET', resourcePath('pods', namespace, name));
		const { name: container, notice } = chooseContainer(pod, options.container);
		if (notice && !options.quiet) {
			say(io, notice);
		}
		const tty = terminalOrNot(io, Boolean(options.tty));
		const stdin = Boolean(options.stdin);
		const work = () =>
			runRemote(
				client,
				resourcePath('pods', namespace, name, 'exec'),
				{ container, command, stdin, stdout: true, stderr: !tty, tty },
				{ ...(stdin ? { stdin: io.stdin } : {}), stdout: io.stdout, stderr: io.stderr },
				tty ? io.stdout : undefined,
			);
		const ended = tty ? await inRawMode(io.stdin, work) : await work();
		return tellEnd(io, ended, Boolean(options.quiet));
	});
}

/** Says how a remote process ended, and the exit code to end with. */
export function tellEnd(io: Io, ended: Ended, quiet: boolean): number {
	switch (ended.type) {
		case 'exit':
			if (ended.code !== 0 && !quiet) {
				say(io, `command terminated with exit code ${ended.code}`);
			}
			return ended.code;
		case 'error':
			say(io, statusText(ended.status));
			return 1;
		case 'lost':
			say(io, 'error: the connection to the container was lost');
			return 1;
	}
}
