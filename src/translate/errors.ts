/**
 * The one way in which a translation can fail: a pod that was validated refers to something that is not there
 * or that its image can't be. `reason` is that of the waiting state or of the event, `message` is in the
 * kubelet's words, so that the worker can pass both on.
 */

export type ConfigErrorReason =
	| 'CreateContainerConfigError' // waiting reason of a container
	| 'CreateContainerError' // that of one which its runtime could not make
	| 'FailedMount'; // event of the pod; its containers wait in ContainerCreating

/** The pod can't be made as it stands; it is worth trying again once its configs change. */
export class ConfigError extends Error {
	readonly reason: ConfigErrorReason;

	constructor(reason: ConfigErrorReason, message: string) {
		super(message);
		this.name = 'ConfigError';
		this.reason = reason;
	}
}

/** A ConfigMap, a Secret, a key or a claim that is named but not there. */
export class MissingReference extends ConfigError {
	constructor(reason: ConfigErrorReason, message: string) {
		super(reason, message);
		this.name = 'MissingReference';
	}
}

/** What a translator made, and what it has to say about it (told as warnings, never in silence). */
export interface Translated<T> {
	readonly options: T;
	readonly notes: readonly string[];
}

/** `name_namespace(uid)`, as the kubelet names a pod in its messages. */
export function formatPod(pod: {
	readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid?: string };
}): string {
	const { name, namespace, uid } = pod.metadata;
	return `${name}_${namespace ?? 'default'}(${uid ?? ''})`;
}
