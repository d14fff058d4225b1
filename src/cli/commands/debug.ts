/**
 * `podrun debug POD --image=IMAGE [-it] [--target=C] [-- CMD]`: an ephemeral container that joins a running
 * pod: its network, and with --target the processes of one container.
 */
import { randomBytes } from 'node:crypto';
import { ApiError, UserError } from '../../api/errors.ts';
import type { ContainerStatus, Pod } from '../../api/types.ts';
import { type Client, resourcePath } from '../../client/client.ts';
import { containersOf } from '../containers.ts';
import { type Io, say } from '../io.ts';
import { usage } from '../output/errors.ts';
import type { GlobalOptions } from '../program.ts';
import { podName } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';
import { attachTo } from './attach.ts';

export interface DebugOptions extends GlobalOptions {
	readonly image?: string;
	readonly container?: string;
	readonly target?: string;
	readonly stdin?: boolean;
	readonly tty?: boolean;
	readonly env?: readonly string[];
	readonly imagePullPolicy?: string;
	readonly quiet?: boolean;
}

export async function run(io: Io, options: DebugOptions, args: readonly string[]): Promise<number> {
	const [podArgument = '', ...command] = args;
	const name = podName(podArgument);
	const namespace = namespaceOf(options);
	if (!options.image) throw usage('you must specify --image', 'e.g. podrun debug POD -it --image=busybox');
	return withClient(io, async (client) => {
		const path = resourcePath('pods', namespace, name);
		const pod = await client.request<Pod>('GET', path);
		const container = makeContainer(pod, options, command);
		if (options.container === undefined && !options.quiet) {
			say(io, `Defaulting debug container name to ${container.name}.`);
		}
		await client.request('PATCH', `${path}/ephemeralcontainers`, {
			body: { spec: { ephemeralContainers: [container] } },
			headers: { 'content-type': 'application/strategic-merge-patch+json' },
		});
		if (!options.stdin) return 0;
		const status = await started(client, namespace, name, container.name);
		const ended = async () => {
			const logs = await client.stream(`${path}/log`, { container: container.name });
			for await (const chunk of logs) io.stdout.write(chunk as Buffer);
			return 0;
		};
		if (status.state?.terminated) return ended();
		try {
			return await attachTo(io, client, { namespace, name, container: container.name }, options);
		} catch (error) {
			// A short command may end before it is attached to: what it printed is in its log.
			if (error instanceof ApiError && error.message.includes('container not found')) return ended();
			throw error;
		}
	});
}

function makeContainer(pod: Pod, options: DebugOptions, command: readonly string[]) {
	const names = containersOf(pod).map((one) => one.name);
	const name = options.container ?? `debugger-${randomBytes(3).toString('hex').slice(0, 5)}`;
	if (names.includes(name)) {
		throw usage(
			`container ${name} exists already in pod ${pod.metadata.name}`,
			'choose another name with -c',
		);
	}
	if (options.target !== undefined && !names.includes(options.target)) {
		throw usage(
			`container ${options.target} is not valid for pod ${pod.metadata.name}`,
			`it has: ${names.join(', ')}`,
		);
	}
	return {
		name,
		image: options.image,
		terminationMessagePolicy: 'File',
		...(options.imagePullPolicy ? { imagePullPolicy: options.imagePullPolicy } : {}),
		...(options.target ? { targetContainerName: options.target } : {}),
		// Once: what is piped in ends where it ends, and so does a shell that reads it.
		...(options.stdin ? { stdin: true, stdinOnce: true } : {}),
		...(options.tty ? { tty: true } : {}),
		...(options.env ? { env: options.env.map(variable) } : {}),
		...(command.length > 0 ? { command } : {}),
	};
}

function variable(text: string): { name: string; value: string } {
	const equals = text.indexOf('=');
	if (equals < 1) throw usage(`--env: "${text}" is no NAME=VALUE`);
	return { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

/** Its status once it runs or has ended. Throws UserError when its image can't be had or the pod is gone. */
async function started(
	client: Client,
	namespace: string,
	pod: string,
	container: string,
): Promise<ContainerStatus> {
	const ended = new AbortController();
	const query = { fieldSelector: `metadata.name=${pod}` };
	try {
		const path = resourcePath('pods', namespace);
		for await (const event of client.watch(path, { query, signal: ended.signal })) {
			if (event.type === 'BOOKMARK') continue;
			if (event.type === 'DELETED') break;
			const { status } = event.object as unknown as Pod;
			const found = status?.ephemeralContainerStatuses?.find(({ name }) => name === container);
			if (found?.state?.running || found?.state?.terminated) return found;
			const { reason = '', message = '' } = found?.state?.waiting ?? {};
			if (/^(ErrImage|ImagePull|InvalidImageName|Create.*Error|RunContainerError)/.test(reason)) {
				throw new UserError('POD_FAILED', `container ${container} cannot start: ${reason}: ${message}`, {
					hint: 'podrun describe pod tells more; an ephemeral container can not be taken out again',
				});
			}
		}
	} finally {
		ended.abort();
	}
	throw new UserError('POD_FAILED', `pod ${pod} was deleted`);
}
