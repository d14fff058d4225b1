/**
 * `podrun debug POD --image=IMAGE [-it] [--target=C] [-- CMD]`: an ephemeral container that joins a running
 * pod: its network, and with --target the processes of one container. With --copy-to=NAME the pod is left alone,
 * and a copy of it is changed and looked at.
 */
import { randomBytes } from 'node:crypto';
import { ApiError, UserError } from '../../api/errors.ts';
import type { ContainerStatus, Pod } from '../../api/types.ts';
import { type Client, resourcePath } from '../../client/client.ts';
import { containersOf, statusesOf } from '../containers.ts';
import { type CopyOptions, checkCopyFlags, copyOf, type DebugContainer, tracing } from '../debug-copy.ts';
import { type Io, say } from '../io.ts';
import { usage } from '../output/errors.ts';
import type { GlobalOptions } from '../program.ts';
import { podName } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';
import { attachTo } from './attach.ts';

export interface DebugOptions extends GlobalOptions, CopyOptions {
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
	checkCopyFlags(options, debugOf(options, command));
	if (options.tty && !options.stdin) throw usage('-i/--stdin is required for containers with -t/--tty=true');
	return withClient(io, async (client) => {
		const pod = await client.request<Pod>('GET', resourcePath('pods', namespace, name));
		const target =
			options.copyTo === undefined
				? { name, container: await join(io, client, pod, options, command) }
				: { name: options.copyTo, container: await copy(io, client, pod, options, command) };
		if (!options.stdin || target.container === undefined) return 0;
		return lookInto(io, client, { namespace, name: target.name, container: target.container }, options);
	});
}

/** Adds the ephemeral container; its name. */
async function join(
	io: Io,
	client: Client,
	pod: Pod,
	options: DebugOptions,
	command: readonly string[],
): Promise<string> {
	const container = makeContainer(pod, options, command);
	if (options.container === undefined) tellName(io, options, container.name);
	const { namespace, name } = pod.metadata;
	await client.request('PATCH', `${resourcePath('pods', namespace, name)}/ephemeralcontainers`, {
		body: { spec: { ephemeralContainers: [container] } },
		headers: { 'content-type': 'application/strategic-merge-patch+json' },
	});
	return container.name;
}

/** Creates the copy; the name of the container in it that is to be looked at. */
async function copy(
	io: Io,
	client: Client,
	pod: Pod,
	options: DebugOptions,
	command: readonly string[],
): Promise<string | undefined> {
	const { namespace, name } = pod.metadata;
	const made = copyOf(pod, options, debugOf(options, command), () => {
		const fresh = freshName();
		tellName(io, options, fresh);
		return fresh;
	});
	await client.request('POST', resourcePath('pods', namespace), { body: made.pod });
	if (options.replace) {
		await client.request('DELETE', resourcePath('pods', namespace, name), {
			query: { gracePeriodSeconds: 0 },
		});
	}
	return made.container;
}

/** Attaches to a container once it runs. */
async function lookInto(
	io: Io,
	client: Client,
	target: { readonly namespace: string; readonly name: string; readonly container: string },
	options: DebugOptions,
): Promise<number> {
	const { namespace, name, container } = target;
	const status = await started(client, namespace, name, container);
	const ended = async () => {
		const logs = await client.stream(`${resourcePath('pods', namespace, name)}/log`, { container });
		for await (const chunk of logs) io.stdout.write(chunk as Buffer);
		return 0;
	};
	if (status.state?.terminated) return ended();
	try {
		return await attachTo(io, client, target, options);
	} catch (error) {
		// A short command may end before it is attached to: what it printed is in its log.
		if (error instanceof ApiError && error.message.includes('container not found')) return ended();
		throw error;
	}
}

function freshName(): string {
	return `debugger-${randomBytes(3).toString('hex').slice(0, 5)}`;
}

function tellName(io: Io, options: DebugOptions, name: string): void {
	if (!options.quiet) say(io, `Defaulting debug container name to ${name}.`);
}

function debugOf(options: DebugOptions, command: readonly string[]): DebugContainer {
	const { image, container } = options;
	return {
		...(image ? { image } : {}),
		...(container ? { container } : {}),
		command,
		fields: {
			...(options.stdin ? { stdin: true } : {}),
			...(options.tty ? { tty: true } : {}),
			...(options.imagePullPolicy ? { imagePullPolicy: options.imagePullPolicy } : {}),
			...(options.env ? { env: options.env.map(variable) } : {}),
		} as DebugContainer['fields'],
	};
}

function makeContainer(pod: Pod, options: DebugOptions, command: readonly string[]) {
	const names = containersOf(pod).map((one) => one.name);
	const name = options.container ?? freshName();
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
		securityContext: tracing(),
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
			const found = statusesOf({ status }).find(({ name }) => name === container);
			if (found?.state?.running || found?.state?.terminated) return found;
			const { reason = '', message = '' } = found?.state?.waiting ?? {};
			if (/^(ErrImage|ImagePull|InvalidImageName|Create.*Error|RunContainerError)/.test(reason)) {
				throw new UserError('POD_FAILED', `container ${container} cannot start: ${reason}: ${message}`, {
					hint: `podrun describe pod ${pod} tells more`,
				});
			}
		}
	} finally {
		ended.abort();
	}
	throw new UserError('POD_FAILED', `pod ${pod} was deleted`);
}
