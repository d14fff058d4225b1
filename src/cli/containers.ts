/** The containers of a pod as a command line means them: which is the default, which there are. Pure. */

import { UserError } from '../api/errors.ts';
import type { ContainerStatus, Pod } from '../api/types.ts';

export type ContainerRole = 'init' | 'app' | 'ephemeral';

export interface NamedContainer {
	readonly name: string;
	readonly image: string;
	readonly role: ContainerRole;
	/** An init container that stays: restartPolicy Always of its own. */
	readonly sidecar: boolean;
}

/** In the order in which kubectl names them: containers, init containers, ephemeral ones. */
export function containersOf(pod: Pod): readonly NamedContainer[] {
	const { spec } = pod;
	const plain =
		(role: ContainerRole) => (container: { name: string; image?: string; restartPolicy?: string }) => ({
			name: container.name,
			image: container.image ?? '',
			role,
			sidecar: role === 'init' && container.restartPolicy === 'Always',
		});
	return [
		...spec.containers.map(plain('app')),
		...(spec.initContainers ?? []).map(plain('init')),
		...(spec.ephemeralContainers ?? []).map(plain('ephemeral')),
	];
}

/** All statuses of a pod, in the order of its life: init containers first. */
export function statusesOf({ status }: Pick<Pod, 'status'>): readonly ContainerStatus[] {
	const { initContainerStatuses, containerStatuses, ephemeralContainerStatuses } = status ?? {};
	return [
		...(initContainerStatuses ?? []),
		...(containerStatuses ?? []),
		...(ephemeralContainerStatuses ?? []),
	];
}

export interface Choice {
	readonly name: string;
	/** kubectl's line when it had to choose; undefined when there was no choice. */
	readonly notice?: string;
}

/** The container meant: the one asked for, else the annotated default, else the first. Throws for an unknown one. */
export function chooseContainer(pod: Pod, asked: string | undefined): Choice {
	const all = containersOf(pod);
	const names = all.map(({ name }) => name);
	if (asked !== undefined) {
		if (!names.includes(asked)) {
			throw new UserError(
				'NOT_FOUND',
				`container ${asked} is not valid for pod ${pod.metadata.name} out of: ${namesOf(all).join(', ')}`,
			);
		}
		return { name: asked };
	}
	const annotated = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
	if (annotated !== undefined && names.includes(annotated)) {
		return { name: annotated };
	}
	const name = names[0] ?? '';
	if (names.length <= 1) {
		return { name };
	}
	return { name, notice: `Defaulted container "${name}" out of: ${namesOf(all).join(', ')}` };
}

/** As kubectl tells what there is to choose from. */
function namesOf(containers: readonly NamedContainer[]): string[] {
	return containers.map(({ name, role }) =>
		role === 'app' ? name : `${name} (${role === 'init' ? 'init' : 'ephem'})`,
	);
}
