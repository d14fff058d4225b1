/**
 * What the API server would fill in, kind by kind, so that everybody behind it may rely on it. Pure: returns a
 * new object and leaves the one that was given as it was; done twice it changes nothing more.
 *
 * Beside the defaults proper, three things that admission does on a cluster: the service account's name, the
 * priority, and a Namespace's label with its own name.
 */
import type { KubeObject, Namespace, PersistentVolumeClaim, Pod, Secret } from '../api/types.ts';
import { defaultPodSpec } from './defaults/pod.ts';
import { isClaim, isNamespace, isPod, isSecret } from './kinds.ts';

/** The object with all defaults, as a `get -o yaml` on a cluster would show it. */
export function applyDefaults(object: KubeObject): KubeObject {
	const copy = structuredClone(object);
	if (copy.metadata === undefined) copy.metadata = { name: '' };
	if (isPod(copy)) {
		if (copy.spec) defaultPodSpec(copy.spec);
	} else if (isSecret(copy)) defaultSecret(copy);
	else if (isClaim(copy)) defaultClaim(copy);
	else if (isNamespace(copy)) defaultNamespace(copy);
	return copy;
}

/** The same for what is known to be a Pod. */
export function defaultedPod(pod: Pod): Pod {
	const copy = structuredClone(pod);
	if (copy.spec) defaultPodSpec(copy.spec);
	return copy;
}

/** stringData is for writing only: it is merged into data, where it wins. */
function defaultSecret(secret: Secret): void {
	secret.type ??= 'Opaque';
	const { stringData } = secret;
	if (!stringData) return;
	const data: Record<string, string> = { ...secret.data };
	for (const [key, value] of Object.entries(stringData)) {
		const encoded = Buffer.from(value, 'utf8').toString('base64');
		Object.defineProperty(data, key, {
			value: encoded,
			writable: true,
			enumerable: true,
			configurable: true,
		});
	}
	secret.data = data;
	delete secret.stringData;
}

function defaultClaim(claim: PersistentVolumeClaim): void {
	claim.spec ??= {};
	claim.spec.volumeMode ??= 'Filesystem';
	claim.status ??= { phase: 'Pending' };
}

function defaultNamespace(namespace: Namespace): void {
	const { metadata } = namespace;
	metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
	namespace.spec ??= { finalizers: ['kubernetes'] };
	namespace.status ??= { phase: 'Active' };
}
