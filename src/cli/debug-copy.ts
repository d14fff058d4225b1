/**
 * `podrun debug --copy-to`: a pod made after another one, to be changed without touching the original. As kubectl
 * makes it: without labels, annotations and probes, so that nothing takes the copy for the original or restarts
 * it while somebody looks. A copy that nobody looks into, with other images alone, keeps them. Pure.
 */
import type { Container, Pod } from '../api/types.ts';
import { usage } from './output/errors.ts';

export interface CopyOptions {
	readonly copyTo?: string;
	readonly replace?: boolean;
	readonly sameNode?: boolean;
	readonly shareProcesses?: string | boolean;
	readonly setImage?: readonly string[];
	readonly argumentsOnly?: boolean;
	readonly keepLabels?: boolean;
	readonly keepAnnotations?: boolean;
	readonly keepLiveness?: boolean;
	readonly keepReadiness?: boolean;
	readonly keepStartup?: boolean;
	readonly keepInitContainers?: string | boolean;
}

/** What --image, -c, -i, -t, --env, --image-pull-policy and the command make of a container. */
export interface DebugContainer {
	readonly image?: string;
	readonly container?: string;
	readonly command: readonly string[];
	readonly fields: Partial<Container>;
}

/** Throws UserError USAGE, in kubectl's words, for flags that do not go together. */
export function checkCopyFlags(
	options: CopyOptions & { readonly target?: string },
	debug: DebugContainer,
): void {
	const { copyTo, target } = options;
	const { image, container, command } = debug;
	if (copyTo === undefined) {
		if (options.replace) throw usage('--replace may only be used with --copy-to.');
		if (options.sameNode) throw usage('--same-node may only be used with --copy-to.');
		if (options.setImage) throw usage('--set-image may only be used with --copy-to.');
		if (!image) {
			throw usage(
				'you must specify --image when not using --copy-to.',
				'e.g. podrun debug POD -it --image=busybox',
			);
		}
		return;
	}
	if (!image && !options.setImage && command.length === 0)
		throw usage('you must specify --image, --set-image or command arguments.');
	if (command.length > 0 && !container && !image)
		throw usage('you must specify an existing container or a new image when specifying args.');
	if (target) throw usage('--target is incompatible with --copy-to. Use --share-processes instead.');
}

/**
 * The copy, and the container in it that is to be looked at: `container` where the pod has it, else a new one
 * named `fresh`; none when only images were changed. Throws UserError USAGE.
 */
export function copyOf(
	pod: Pod,
	options: CopyOptions,
	debug: DebugContainer,
	fresh: () => string,
): { readonly pod: Pod; readonly container?: string } {
	const { copyTo = '' } = options;
	const { ephemeralContainers: _, nodeName: __, ...kept } = structuredClone(pod.spec);
	const images = imagesOf(options.setImage ?? []);
	const containers = kept.containers.map((one) => {
		const image = images.get(one.name) ?? images.get('*');
		return image === undefined ? one : { ...one, image };
	});
	const { namespace, labels, annotations } = pod.metadata;
	const placed = { name: copyTo, ...(namespace === undefined ? {} : { namespace }) };
	const chosen = choose(containers, debug, fresh);
	if (chosen === undefined) {
		if (images.size === 0) throw usage('you must specify image when creating new container', 'add --image');
		const metadata = { ...placed, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
		return { pod: { apiVersion: 'v1', kind: 'Pod', metadata, spec: { ...kept, containers } } };
	}
	const spec: Pod['spec'] = {
		...kept,
		containers: changed(
			containers.map((one) => withoutProbes(one, options)),
			chosen,
			debug,
			options,
		),
		shareProcessNamespace: sharing(pod, options),
	};
	if (!isOn(options.keepInitContainers, true)) delete spec.initContainers;
	else if (spec.initContainers)
		spec.initContainers = spec.initContainers.map((one) => withoutProbes(one, options));
	const metadata = {
		...placed,
		...(options.keepLabels && labels ? { labels } : {}),
		...(options.keepAnnotations && annotations ? { annotations } : {}),
	};
	return { pod: { apiVersion: 'v1', kind: 'Pod', metadata, spec }, container: chosen };
}

/** `app=app:debug,*=busybox`, several times. Throws UserError USAGE. */
function imagesOf(texts: readonly string[]): Map<string, string> {
	const pairs = texts.flatMap((text) => text.split(','));
	return new Map(
		pairs.map((pair) => {
			const [name = '', image = ''] = pair.split(/=(.*)/s, 2);
			if (name === '' || image === '') throw usage(`--set-image: "${pair}" is no CONTAINER=IMAGE`);
			return [name, image];
		}),
	);
}

/** A container's name, or nothing when images alone are changed. */
function choose(
	containers: readonly Container[],
	{ container, image }: DebugContainer,
	fresh: () => string,
): string | undefined {
	if (container !== undefined && containers.some(({ name }) => name === container)) return container;
	if (!image) return undefined;
	return container ?? fresh();
}

function changed(
	containers: readonly Container[],
	name: string,
	{ image, command, fields }: DebugContainer,
	options: CopyOptions,
): Container[] {
	const change = (one: Container): Container => {
		const { args: _, ...rest } = one;
		const told =
			command.length === 0
				? one
				: options.argumentsOnly
					? { ...rest, args: [...command] }
					: { ...rest, command: [...command] };
		return {
			...told,
			...fields,
			...(image ? { image } : {}),
			securityContext: tracing(one.securityContext),
		};
	};
	if (containers.some((one) => one.name === name))
		return containers.map((one) => (one.name === name ? change(one) : one));
	return [...containers, change({ name, terminationMessagePolicy: 'File' })];
}

/** May look into processes that are not its own, as a debugger does. */
export function tracing(context?: Container['securityContext']): NonNullable<Container['securityContext']> {
	const { capabilities } = context ?? {};
	const add = [...(capabilities?.add ?? []).filter((one) => one !== 'SYS_PTRACE'), 'SYS_PTRACE'];
	return { ...context, capabilities: { ...capabilities, add } };
}

function withoutProbes(container: Container, options: CopyOptions): Container {
	const copy = { ...container };
	if (!options.keepLiveness) delete copy.livenessProbe;
	if (!options.keepReadiness) delete copy.readinessProbe;
	if (!options.keepStartup) delete copy.startupProbe;
	return copy;
}

/** Said, or as it was, or on: who looks at a copy wants to see its processes. */
function sharing(pod: Pod, { shareProcesses }: CopyOptions): boolean {
	return isOn(shareProcesses, pod.spec.shareProcessNamespace ?? true);
}

function isOn(flag: string | boolean | undefined, otherwise: boolean): boolean {
	return flag === undefined ? otherwise : String(flag) !== 'false';
}
