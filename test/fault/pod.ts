/** The pod of the sweep: two init containers, a sidecar, three containers, configs, a secret, a claim and hooks. */
import type { KubeObject, Pod } from '../../src/api/types.ts';
import type { CreateOptions } from '../../src/engine/engine.ts';
import type { Program } from '../support/fake-engine.ts';
import type { World } from './world.ts';

export const NAME = 'torture';
export const INITS = ['first', 'second'];
export const RUNNING = ['helper', 'web', 'worker', 'cache'];
const image = 'busybox:1.36';

export const CONFIG = {
	apiVersion: 'v1',
	kind: 'ConfigMap',
	metadata: { name: 'settings' },
	data: { colour: 'blue' },
} as KubeObject;

export const SECRET = {
	apiVersion: 'v1',
	kind: 'Secret',
	metadata: { name: 'keys' },
	stringData: { token: 'hunter2-hunter2' },
} as KubeObject;

export const CLAIM = {
	apiVersion: 'v1',
	kind: 'PersistentVolumeClaim',
	metadata: { name: 'data' },
	spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
} as KubeObject;

export function torturePod(): KubeObject {
	const volumeMounts = [
		{ name: 'settings', mountPath: '/settings' },
		{ name: 'keys', mountPath: '/keys' },
		{ name: 'data', mountPath: '/data' },
		{ name: 'scratch', mountPath: '/scratch' },
	];
	const hook = { exec: { command: ['echo', 'hook'] } };
	return {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name: NAME },
		spec: {
			terminationGracePeriodSeconds: 5,
			initContainers: [
				{ name: 'first', image },
				{ name: 'helper', image, restartPolicy: 'Always' },
				{ name: 'second', image, volumeMounts },
			],
			containers: [
				{ name: 'web', image, volumeMounts, lifecycle: { postStart: hook, preStop: hook } },
				{ name: 'worker', image, envFrom: [{ secretRef: { name: 'keys' } }], volumeMounts },
				{ name: 'cache', image, lifecycle: { preStop: { sleep: { seconds: 0 } } } },
			],
			volumes: [
				{ name: 'settings', configMap: { name: 'settings' } },
				{ name: 'keys', secret: { secretName: 'keys' } },
				{ name: 'data', persistentVolumeClaim: { claimName: 'data' } },
				{ name: 'scratch', emptyDir: {} },
			],
		},
	} as unknown as KubeObject;
}

/** Init containers end by themselves; `cache` takes no notice of TERM. */
export function program({ labels }: CreateOptions): Program | undefined {
	const name = labels?.['io.kubernetes.container.name'] ?? '';
	if (INITS.includes(name)) return { exitAfterMs: 50 };
	return name === 'cache' ? { ignoreSignals: true } : undefined;
}

/** What of the pod there is on the engine, by container name: how many run, how many there are. */
export async function onEngine(world: World): Promise<Map<string, { run: string[]; all: string[] }>> {
	const found = new Map<string, { run: string[]; all: string[] }>();
	for (const { id, labels, state } of await world.engine.listContainers([])) {
		const name = labels['io.kubernetes.container.name'] ?? '?';
		const entry = found.get(name) ?? { run: [], all: [] };
		entry.all.push(id);
		if (state === 'running') entry.run.push(id);
		found.set(name, entry);
	}
	return found;
}

export const isReady = (pod: Pod | undefined): boolean =>
	pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

export const restartsOf = (pod: Pod | undefined, name: string): number | undefined =>
	[...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])].find(
		(status) => status.name === name,
	)?.restartCount;

export const idOf = (pod: Pod | undefined, name: string): string =>
	[...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])]
		.find((status) => status.name === name)
		?.containerID?.replace('docker://', '') ?? '';
