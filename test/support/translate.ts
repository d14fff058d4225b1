/** Pods and contexts for the tests of the translators: a small valid pod, and a node that is told, not asked. */
import type { ConfigMap, Container, Pod, PodSpec, Secret } from '../../src/api/types.ts';
import type { ContainerContext, References, SandboxContext } from '../../src/translate/context.ts';

export const NODE = {
	name: 'node-1',
	ip: '192.0.2.10',
	cpus: 4,
	memoryBytes: 8 * 1024 ** 3,
	apiVersion: '1.41',
	oomScoreAllowed: true,
	dns: { nameservers: ['192.0.2.53'], searches: ['lan'], options: [] },
} as const;

/** A pod of one container `main`; spec and container are laid over it. */
export function podOf(
	spec: Partial<PodSpec> = {},
	container: Partial<Container> = {},
	metadata: Partial<Pod['metadata']> = {},
): Pod {
	return {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: 'web', namespace: 'default', uid: '11111111-2222-3333-4444-555555555555', ...metadata },
		spec: { containers: [{ name: 'main', image: 'busybox:1.36', ...container }], ...spec },
	} as Pod;
}

/** References over what is given. */
export function refsOf(objects: {
	configMaps?: Record<string, Record<string, string>>;
	secrets?: Record<string, Record<string, string>>;
}): References {
	return {
		configMap: (name) => {
			const data = objects.configMaps?.[name];
			return data && ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data } as ConfigMap);
		},
		secret: (name) => {
			const stringData = objects.secrets?.[name];
			return stringData && ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData } as Secret);
		},
		claim: () => undefined,
	};
}

export function contextOf(
	over: Partial<ContainerContext & SandboxContext> = {},
): ContainerContext & SandboxContext {
	return {
		instance: 'default',
		profile: 'kubernetes',
		node: NODE,
		podIP: '10.201.0.7',
		network: 'podrun',
		infraImage: 'podrun/pause:1',
		attempt: 0,
		hash: 'cafe',
		resourcesHash: 'beef',
		backoffMs: 0,
		sandboxID: 'p4u53',
		image: { user: '', entrypoint: [], cmd: ['sh'] },
		refs: refsOf({}),
		mounts: [],
		...over,
	};
}
