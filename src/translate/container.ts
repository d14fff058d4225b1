/**
 * A container of the spec → the engine's create options. It joins the pause's namespaces; what the pod has as a
 * whole (hostname, DNS, ports, sysctls) stands on the pause.
 */
import { isSidecar } from '../api/resources.ts';
import type { AnyContainer, Pod, Profile, Role } from '../api/types.ts';
import type { ContainerContext } from './context.ts';
import { containerEnv, envLines } from './env.ts';
import type { Translated } from './errors.ts';
import { expand } from './expansion.ts';
import { oomScoreAdj, resourceOptions } from './limits.ts';
import { containerName, identityOf, makeLabels } from './names.ts';
import type { CreateOptions } from './options.ts';
import { securityOptions } from './security.ts';

/** The role of a container by the list that it stands in. */
export function roleOf(pod: Pod, container: AnyContainer): Role {
	const init = (pod.spec.initContainers ?? []).find((one) => one.name === container.name);
	if (init) return isSidecar(init) ? 'sidecar' : 'init';
	return pod.spec.containers.some((one) => one.name === container.name) ? 'app' : 'ephemeral';
}

/**
 * Whether the pod's containers share one PID namespace: on a cluster only when asked for, locally unless it is
 * forbidden. hostPID goes before both.
 */
function sharesProcesses(pod: Pod, profile: Profile): boolean {
	if (pod.spec.hostPID) return false;
	return pod.spec.shareProcessNamespace ?? profile === 'local';
}

/**
 * The create options of one attempt of a container. Notes tell of what could not be done as asked.
 * @throws MissingReference, ConfigError (CreateContainerConfigError) in the kubelet's words.
 */
export function containerOptions(
	pod: Pod,
	container: AnyContainer,
	context: ContainerContext,
): Translated<CreateOptions> {
	const identity = identityOf(pod);
	const env = containerEnv(pod, container, context);
	const notes = [...env.notes];
	const score = oomScoreAdj(pod, container, context.node);
	const scored = score >= 0 || context.node.oomScoreAllowed;
	if (!scored)
		notes.push(`the engine may not lower oom_score_adj: ${container.name} runs without its ${score}`);
	const options: CreateOptions = {
		name: containerName(context.instance, identity, container.name, context.attempt),
		image: container.image ?? '',
		labels: makeLabels({
			instance: context.instance,
			pod: identity,
			container: container.name,
			role: roleOf(pod, container),
			attempt: context.attempt,
			hash: context.hash,
			resourcesHash: context.resourcesHash,
			backoffMs: context.backoffMs,
			sandboxID: context.sandboxID,
		}),
		...commandLine(container, env.options),
		env: envLines(pod, env.options, context),
		...(container.workingDir ? { workingDir: container.workingDir } : {}),
		...(container.stdin ? { openStdin: true } : {}),
		...(container.stdinOnce ? { stdinOnce: true } : {}),
		...(container.tty ? { tty: true } : {}),
		...(container.lifecycle?.stopSignal ? { stopSignal: container.lifecycle.stopSignal } : {}),
		...namespaces(pod, context),
		mounts: context.mounts,
		resources: resourceOptions(pod, container),
		...(scored ? { oomScoreAdj: score } : {}),
		...securityOptions(pod, container, context),
		...(context.runtime === undefined ? {} : { runtime: context.runtime }),
	};
	return { options, notes };
}

/**
 * command and args over ENTRYPOINT and CMD: neither, the image's own; args alone, the image's ENTRYPOINT with
 * them; a command, and nothing of the image is left.
 */
function commandLine(
	{ command, args }: AnyContainer,
	variables: ReadonlyMap<string, string>,
): Pick<CreateOptions, 'entrypoint' | 'cmd'> {
	const expanded = (words: readonly string[]): string[] => words.map((word) => expand(word, variables));
	const hasCommand = command !== undefined && command.length > 0;
	const hasArgs = args !== undefined && args.length > 0;
	if (hasCommand) return { entrypoint: expanded(command), cmd: hasArgs ? expanded(args) : [] };
	return hasArgs ? { cmd: expanded(args) } : {};
}

function namespaces(
	pod: Pod,
	context: ContainerContext,
): Pick<CreateOptions, 'networkMode' | 'ipcMode' | 'pidMode' | 'utsMode'> {
	const pause = `container:${context.sandboxID}`;
	const target = context.targetID === undefined ? '' : `container:${context.targetID}`;
	const pid = pod.spec.hostPID ? 'host' : sharesProcesses(pod, context.profile) ? pause : target;
	return {
		networkMode: pause,
		ipcMode: pod.spec.hostIPC ? 'host' : pause,
		pidMode: pid,
		...(pod.spec.hostNetwork ? { utsMode: 'host' } : {}),
	};
}
