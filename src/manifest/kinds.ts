/** Which kind an object is of, so that its fields can be used with their types. */
import type { ConfigMap, KubeObject, Namespace, PersistentVolumeClaim, Pod, Secret } from '../api/types.ts';

const isOf = (object: KubeObject, kind: string): boolean =>
	object.apiVersion === 'v1' && object.kind === kind;

/** A v1 Pod. */
export function isPod(object: KubeObject): object is KubeObject & Pod {
	return isOf(object, 'Pod');
}

/** A v1 ConfigMap. */
export function isConfigMap(object: KubeObject): object is KubeObject & ConfigMap {
	return isOf(object, 'ConfigMap');
}

/** A v1 Secret. */
export function isSecret(object: KubeObject): object is KubeObject & Secret {
	return isOf(object, 'Secret');
}

/** A v1 PersistentVolumeClaim. */
export function isClaim(object: KubeObject): object is KubeObject & PersistentVolumeClaim {
	return isOf(object, 'PersistentVolumeClaim');
}

/** A v1 Namespace. */
export function isNamespace(object: KubeObject): object is KubeObject & Namespace {
	return isOf(object, 'Namespace');
}
