/** The objects of a pod's namespace that its translation looks up: ConfigMaps, Secrets and claims, as they are now. */
import type { ConfigMap, PersistentVolumeClaim, Pod, Secret } from '../api/types.ts';
import type { References } from '../translate/context.ts';
import type { Store } from './store.ts';

/** Looks up in the store, in the pod's namespace. */
export function referencesOf(store: Store, pod: Pod): References {
	const namespace = pod.metadata.namespace ?? 'default';
	return {
		configMap: (name) => store.get<ConfigMap>('ConfigMap', namespace, name),
		secret: (name) => store.get<Secret>('Secret', namespace, name),
		claim: (name) => store.get<PersistentVolumeClaim>('PersistentVolumeClaim', namespace, name),
	};
}
