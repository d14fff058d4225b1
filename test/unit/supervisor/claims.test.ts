/** The life of claims: bound at once, kept while a pod names them, gone with the last one. */
import { beforeEach, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/api/types.ts';
import { releaseClaims } from '../../../src/supervisor/claims.ts';
import { Registry } from '../../../src/supervisor/registry.ts';
import { Store } from '../../../src/supervisor/store.ts';

let store: Store;
let registry: Registry;

beforeEach(() => {
	store = new Store({ save() {}, remove() {}, flush: async () => {}, failureOf() {}, retry() {} });
	registry = new Registry(store, () => Date.parse('2026-11-21T12:00:00Z'));
});

const CLAIM = {
	apiVersion: 'v1',
	kind: 'PersistentVolumeClaim',
	metadata: { name: 'data' },
	spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
} as unknown as KubeObject;

function createPod(name: string): void {
	const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }];
	const spec = { volumes, containers: [{ name: 'main', image: 'busybox:1.36' }] };
	registry.create('Pod', {
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: { name },
		spec,
	} as unknown as KubeObject);
}

const claim = () => store.get('PersistentVolumeClaim', 'default', 'data');

it('is bound when it is created, with what it asks for', () => {
	registry.create('PersistentVolumeClaim', CLAIM);
	expect(claim()).toMatchObject({
		spec: { storageClassName: 'standard', volumeName: expect.stringMatching(/^pvc-/) },
		status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } },
	});
});

it('stays bound when the manifest it was made from is put again', () => {
	const bound = registry.create('PersistentVolumeClaim', CLAIM);
	expect(
		registry.update('PersistentVolumeClaim', { ...CLAIM, metadata: { name: 'data', namespace: 'default' } }),
	).toEqual(bound);
});

it('goes at once when no pod names it', () => {
	registry.create('PersistentVolumeClaim', CLAIM);
	expect(registry.delete('PersistentVolumeClaim', 'default', 'data').deleted).toBe(true);
	expect(claim()).toBeUndefined();
});

it('waits for the last pod that names it', () => {
	registry.create('PersistentVolumeClaim', CLAIM);
	createPod('one');
	createPod('two');
	expect(registry.delete('PersistentVolumeClaim', 'default', 'data').deleted).toBe(false);
	expect(claim()?.metadata.deletionTimestamp).toBe('2026-11-21T12:00:00Z');
	store.remove('Pod', 'default', 'one');
	releaseClaims(store);
	expect(claim()).toBeDefined();
	store.remove('Pod', 'default', 'two');
	releaseClaims(store);
	expect(claim()).toBeUndefined();
});

it('is not touched by pods that go while nobody has deleted it', () => {
	registry.create('PersistentVolumeClaim', CLAIM);
	releaseClaims(store);
	expect(claim()).toBeDefined();
});
