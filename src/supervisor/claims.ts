/**
 * The life of a PersistentVolumeClaim where every claim is served at once: bound as soon as it exists, to a volume
 * of the engine that is made with the first pod that mounts it; and protected, as in Kubernetes, while a pod uses it: deleted
 * before that, it stays Terminating and goes with the last such pod.
 */
import type { KubeObject, PersistentVolumeClaim, Pod } from '../api/types.ts';
import type { Store } from './store.ts';

/** Who says nothing gets this class, as on most small clusters. */
const STORAGE_CLASS = 'standard';
const PROTECTION = 'kubernetes.io/pvc-protection';

/** The claim as the provisioner and the binder leave it. `uid` must be set. */
export function boundClaim(object: KubeObject): KubeObject {
	const { metadata, spec } = object as unknown as PersistentVolumeClaim;
	const storage = spec?.resources?.requests?.['storage'];
	return {
		...object,
		metadata: { ...metadata, finalizers: [...new Set([...(metadata.finalizers ?? []), PROTECTION])] },
		spec: {
			...spec,
			storageClassName: spec?.storageClassName ?? STORAGE_CLASS,
			volumeName: spec?.volumeName || `pvc-${metadata.uid}`,
		},
		status: {
			phase: 'Bound',
			...(spec?.accessModes === undefined ? {} : { accessModes: spec.accessModes }),
			...(storage === undefined ? {} : { capacity: { storage } }),
		},
	} as unknown as KubeObject;
}

/** An update of a claim that leaves out what binding has filled in keeps it. */
export function keepBinding(next: KubeObject, current: KubeObject): KubeObject {
	const { volumeName, storageClassName } = (current as unknown as PersistentVolumeClaim).spec ?? {};
	const spec = next['spec'] as PersistentVolumeClaim['spec'];
	return {
		...next,
		metadata: { ...next.metadata, finalizers: next.metadata.finalizers ?? current.metadata.finalizers },
		spec: {
			...spec,
			...(volumeName === undefined || spec?.volumeName ? {} : { volumeName }),
			...(storageClassName === undefined || spec?.storageClassName !== undefined ? {} : { storageClassName }),
		},
	} as unknown as KubeObject;
}

/** Does any pod that is stored, finished ones too, name the claim? */
export function isClaimUsed(store: Store, namespace: string, claim: string): boolean {
	return store
		.list<Pod>('Pod', namespace)
		.items.some(({ spec }) =>
			(spec.volumes ?? []).some((volume) => volume.persistentVolumeClaim?.claimName === claim),
		);
}

/** Removes the claims that were deleted while a pod used them and that none uses any more. */
export function releaseClaims(store: Store): void {
	for (const { metadata } of store.list<PersistentVolumeClaim>('PersistentVolumeClaim').items) {
		const { name, namespace = 'default', deletionTimestamp } = metadata;
		if (deletionTimestamp === undefined || isClaimUsed(store, namespace, name)) continue;
		store.remove('PersistentVolumeClaim', namespace, name);
	}
}
