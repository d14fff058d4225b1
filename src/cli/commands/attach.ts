/** `podrun attach POD [-c C] [-it]`: the streams of a container's own process. */
import type { Pod } from '../../api/types.ts';
import { type Client, resourcePath } from '../../client/client.ts';
import { chooseContainer } from '../containers.ts';
import { type Io, say } from '../io.ts';
import type { GlobalOptions } from '../program.ts';
import { inRawMode, runRemote, terminalOrNot } from '../remote-process.ts';
import { podName } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';
import { tellEnd } from './exec.ts';

export interface AttachOptions extends GlobalOptions {
	readonly container?: string;
	readonly stdin?: boolean;
	readonly tty?: boolean;
	readonly quiet?: boolean;
}

export async function run(io: Io, options: AttachOptions, args: readonly string[]): Promise<number> {
	const name = podName(args[0] ?? '');
	const namespace = namespaceOf(options);
	return withClient(io, async (client) => {
		const pod = await client.request<Pod>('GET', resourcePath('pods', namespace, name));
		const choice = chooseContainer(pod, options.container);
		if (choice.notice && !options.quiet) {
			say(io, choice.notice);
		}
		return attachTo(io, client, { namespace, name, container: choice.name }, options);
	});
}

/** Attaches to a container that runs, until it or the connection ends; the exit code. */
export async function attachTo(
	io: Io,
	client: Client,
	target: { readonly namespace: string; readonly name: string; readonly container: string },
	options: Pick<AttachOptions, 'stdin' | 'tty' | 'quiet'>,
): Promise<number> {
	const { container } = target;
	const path = resourcePath('pods', target.namespace, target.name);
	const { spec: pod } = await client.request<Pod>('GET', path);
	const spec = [...pod.containers, ...(pod.initContainers ?? []), ...(pod.ephemeralContainers ?? [])].find(
		({ name }) => name === container,
	);
	if (options.tty && !spec?.tty) {
		say(io, `error: Unable to use a TTY - container ${container} did not allocate one`);
	}
	const stdin = Boolean(options.stdin);
	const tty = Boolean(spec?.tty) && terminalOrNot(io, Boolean(options.tty));
	if (stdin && !options.quiet) {
		say(io, "If you don't see a command prompt, try pressing enter.");
	}
	const work = () =>
		runRemote(
			client,
			`${path}/attach`,
			{ container, stdin, stdout: true, stderr: !spec?.tty, tty: Boolean(spec?.tty) },
			{ ...(stdin ? { stdin: io.stdin } : {}), stdout: io.stdout, stderr: io.stderr },
			tty ? io.stdout : undefined,
		);
	const ended = tty ? await inRawMode(io.stdin, work) : await work();
	// An attach that ends with its container is a success, whatever the container's own code.
	return ended.type === 'exit' || ended.type === 'lost' ? 0 : tellEnd(io, ended, false);
}
