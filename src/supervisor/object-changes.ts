/** What a change of a stored object means: which pods are looked at again, and what they may try once more. */
import type { WatchEvent } from '../api/backend.ts';
import type { KubeObject, Pod } from '../api/types.ts';
import type { Admissions } from './admissions.ts';
import type { Log } from './log.ts';
import type { PodVolumes } from './volumes.ts';
import type { Workers } from './workers.ts';

export interface ChangeParts {
	readonly workers: Workers;
	readonly admissions: Admissions;
	readonly volumes: PodVolumes;
	readonly log: Log;
}

/** Kinds that pods of their namespace refer to. */
const NEEDED: ReadonlySet<string> = new Set(['ConfigMap', 'Secret', 'PersistentVolumeClaim']);

/** Told of every change in the store, in order. */
export function onObjectChange(parts: ChangeParts, event: WatchEvent): void {
	const { object } = event;
	if (object.kind === 'Pod') onPodChange(parts, event);
	if (object.kind === 'PersistentVolumeClaim' && event.type === 'DELETED') removeVolume(parts, object);
	if (NEEDED.has(object.kind)) wakeNamespace(parts, object);
}

function onPodChange({ workers, admissions }: ChangeParts, event: WatchEvent): void {
	const pod = event.object as unknown as Pod;
	if (event.type === 'ADDED') {
		workers.serve(pod);
		return;
	}
	if (event.type === 'MODIFIED' && changedBeyondStatus(event)) {
		const worker = workers.get(pod.metadata.uid);
		if (pod.metadata.generation !== (event.previous as Pod | undefined)?.metadata.generation) {
			worker?.journal.forgive('container:', 'image:', 'volumes', 'sandbox');
		}
		worker?.wake();
	}
	// A pod that finished, or asks for less, may make room for one that waits.
	if (admissions.changed(event)) workers.wakeAll();
}

/** What a pod could not do for want of this object, or with its old content, is tried again. */
function wakeNamespace({ workers }: ChangeParts, { metadata }: KubeObject): void {
	for (const worker of workers.all()) {
		if (worker.namespace !== metadata.namespace) continue;
		worker.journal.forgive('container:', 'volumes');
		worker.wake();
	}
}

function removeVolume({ volumes, log }: ChangeParts, { metadata }: KubeObject): void {
	volumes
		.removeClaim(metadata.namespace ?? 'default', metadata.name)
		.catch((error: unknown) => log.warn('volume of a claim', { claim: metadata.name, error }));
}

/** Whether more than status, nodeName and resourceVersion differ: what the worker itself writes is no news to it. */
function changedBeyondStatus(event: WatchEvent): boolean {
	const strip = (object: KubeObject | undefined): string =>
		JSON.stringify({
			...object,
			status: customConditions(object),
			spec: { ...(object?.['spec'] as object), nodeName: undefined },
			metadata: { ...object?.metadata, resourceVersion: undefined },
		});
	return strip(event.object) !== strip(event.previous);
}

/** Conditions of readiness gates are set by others and must wake the worker. */
function customConditions(object: KubeObject | undefined): unknown {
	const pod = object as unknown as Pod | undefined;
	const gates = new Set((pod?.spec.readinessGates ?? []).map(({ conditionType }) => conditionType));
	return (pod?.status?.conditions ?? []).filter(({ type }) => gates.has(type));
}
