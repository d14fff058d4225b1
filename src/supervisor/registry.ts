/**
 * What a write does: defaults, validation, uid, generation, the update rules of both profiles, and the
 * semantics of deletion, as the API server's strategies have them. Reads nothing but the store. Pods that
 * are being deleted stay stored until their worker has removed the last of them from the engine.
 */
import { randomUUID } from 'node:crypto';
import type { DeleteOptions, StoredKind, UpdateOptions, WriteOptions } from '../api/backend.ts';
import { durationMs } from '../api/duration.ts';
import { ApiError, badRequest, conflict, invalid, notFound } from '../api/errors.ts';
import { generateName, stableJson } from '../api/object.ts';
import { qosClass } from '../api/qos.ts';
import type { KubeObject, ObjectMeta, Pod, Profile } from '../api/types.ts';
import { applyDefaults } from '../manifest/defaults.ts';
import {
	type FieldError,
	validateObject,
	validatePodResize,
	validatePodUpdate,
	validateUpdate,
} from '../manifest/validate.ts';
import { boundClaim, isClaimUsed, keepBinding } from './claims.ts';
import { RESOURCES, type Store } from './store.ts';

const PROFILE = 'podrun.dev/profile';
const MAX_BACKOFF = 'podrun.dev/max-restart-backoff';
/** s: a deadline beyond it would be no time that can be written. */
const LONGEST_GRACE = 2 ** 31 - 1;
const NAMESPACED = new Set<string>(['Pod', 'ConfigMap', 'Secret', 'PersistentVolumeClaim', 'Event']);

export class Registry {
	readonly #store: Store;
	readonly #now: () => number;

	constructor(store: Store, now: () => number) {
		this.#store = store;
		this.#now = now;
		if (store.get('Namespace', undefined, 'default') === undefined) {
			this.create('Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
		}
	}

	/** Throws AlreadyExists, Invalid. The object as stored, defaults filled in. */
	create(kind: StoredKind, given: KubeObject, options: WriteOptions = {}): KubeObject {
		const profile = options.profile ?? 'local';
		const metadata: ObjectMeta = {
			...withName(given.metadata),
			...(NAMESPACED.has(kind) ? { namespace: given.metadata.namespace ?? 'default' } : {}),
			uid: randomUUID(),
			creationTimestamp: rfc3339(this.#now()),
		};
		for (const field of [
			'deletionTimestamp',
			'deletionGracePeriodSeconds',
			'resourceVersion',
			'selfLink',
		] as const) {
			delete metadata[field];
		}
		if (kind === 'Pod') {
			metadata.generation = 1;
			if (profile !== 'local') metadata.annotations = { ...metadata.annotations, [PROFILE]: profile };
		}
		let object = applyDefaults({ ...given, metadata });
		check(object, validateObject(object, { profile }));
		if (kind === 'Pod') object = freshPod(object as unknown as Pod) as unknown as KubeObject;
		if (kind === 'PersistentVolumeClaim') object = boundClaim(object);
		if (kind === 'Namespace') object = { ...object, status: { phase: 'Active' } };
		if (options.dryRun) return object;
		if (NAMESPACED.has(kind)) this.#ensureNamespace(metadata.namespace);
		return this.#store.create(object);
	}

	/** Throws NotFound, Conflict, Invalid. An update that changes nothing keeps the resourceVersion. */
	update(kind: StoredKind, given: KubeObject, options: UpdateOptions = {}): KubeObject {
		const { name } = given.metadata;
		const namespace = NAMESPACED.has(kind) ? (given.metadata.namespace ?? 'default') : undefined;
		const current = this.#store.get(kind, namespace, name);
		if (current === undefined) throw notFound(RESOURCES[kind] ?? kind, name);
		if (given.metadata.uid !== undefined && given.metadata.uid !== current.metadata.uid) {
			throw conflict(
				RESOURCES[kind] ?? kind,
				name,
				`Precondition failed: UID in precondition: ${given.metadata.uid}, UID in object meta: ${current.metadata.uid}`,
			);
		}
		const expect = given.metadata.resourceVersion;
		if (
			expect !== undefined &&
			expect !== '' &&
			expect !== '0' &&
			expect !== current.metadata.resourceVersion
		) {
			throw conflict(
				RESOURCES[kind] ?? kind,
				name,
				'the object has been modified; please apply your changes to the latest version and try again',
			);
		}
		const next = this.#merged(kind, given, current, options);
		if (stableJson(next) === stableJson(current)) return current;
		return options.dryRun ? next : this.#store.update(next);
	}

	/** Throws NotFound, Conflict. A pod gets its deadline and stays; anything else goes at once. */
	delete(
		kind: StoredKind,
		namespace: string | undefined,
		name: string,
		options: DeleteOptions = {},
	): { object: KubeObject; deleted: boolean } {
		const object = this.#store.get(kind, namespace, name);
		if (object === undefined) throw notFound(RESOURCES[kind] ?? kind, name);
		const { uid, resourceVersion } = options.preconditions ?? {};
		if ((uid ?? object.metadata.uid) !== object.metadata.uid) {
			throw conflict(RESOURCES[kind] ?? kind, name, 'Precondition failed: UID in precondition differs');
		}
		if ((resourceVersion ?? object.metadata.resourceVersion) !== object.metadata.resourceVersion) {
			throw conflict(
				RESOURCES[kind] ?? kind,
				name,
				'Precondition failed: ResourceVersion in precondition differs',
			);
		}
		if (kind === 'Namespace') return this.#deleteNamespace(object, options);
		if (kind === 'PersistentVolumeClaim' && isClaimUsed(this.#store, namespace ?? 'default', name)) {
			if (options.dryRun || object.metadata.deletionTimestamp !== undefined)
				return { object, deleted: false };
			const deletionTimestamp = rfc3339(this.#now());
			const metadata = { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 };
			return { object: this.#store.update({ ...object, metadata }), deleted: false };
		}
		if (kind !== 'Pod') {
			if (!options.dryRun) this.#store.remove(kind, namespace, name);
			return { object, deleted: true };
		}
		const next = terminating(object as unknown as Pod, options.gracePeriodSeconds, this.#now());
		if (options.dryRun || stableJson(next) === stableJson(object)) return { object, deleted: false };
		return { object: this.#store.update(next as unknown as KubeObject), deleted: false };
	}

	#merged(kind: StoredKind, given: KubeObject, current: KubeObject, options: UpdateOptions): KubeObject {
		const keep = current.metadata;
		const metadata: ObjectMeta = {
			...keep,
			labels: given.metadata.labels,
			annotations: given.metadata.annotations,
			finalizers: given.metadata.finalizers,
			ownerReferences: given.metadata.ownerReferences,
			managedFields: given.metadata.managedFields,
		} as ObjectMeta;
		for (const [key, value] of Object.entries(metadata))
			if (value === undefined) Reflect.deleteProperty(metadata, key);
		if (options.subresource === 'status') {
			return { ...current, status: { ...(current['status'] as object), ...(given['status'] as object) } };
		}
		if (kind !== 'Pod') {
			const filled = applyDefaults({ ...given, metadata });
			const next = kind === 'PersistentVolumeClaim' ? keepBinding(filled, current) : filled;
			if (current['status'] !== undefined) next['status'] = current['status'];
			check(next, [
				...validateObject(next, { profile: options.profile ?? 'local' }),
				...validateUpdate(next, current),
			]);
			return next;
		}
		const before = current as unknown as Pod;
		// The profile a pod was made in stays its profile; a request may ask for the stricter one.
		const profile = profileOf(before) === 'kubernetes' ? 'kubernetes' : (options.profile ?? 'local');
		if (keep.annotations?.[PROFILE] !== undefined) {
			metadata.annotations = { ...metadata.annotations, [PROFILE]: keep.annotations[PROFILE] };
		}
		const filled = applyDefaults({ ...given, metadata }) as unknown as Pod;
		const next = { ...filled, spec: admitted(filled, before), status: before.status } as Pod;
		const free =
			profile === 'local' ||
			options.subresource === 'ephemeralcontainers' ||
			options.subresource === 'resize';
		check(next as unknown as KubeObject, [
			...validateObject(next as unknown as KubeObject, { profile }),
			...(free ? [] : validatePodUpdate(next, before)),
			...(options.subresource === 'resize' ? validatePodResize(next, before) : []),
		]);
		const changed = stableJson(next.spec) !== stableJson(before.spec);
		const generation = (keep.generation ?? 1) + (changed ? 1 : 0);
		return { ...next, metadata: { ...next.metadata, generation } } as unknown as KubeObject;
	}

	#deleteNamespace(object: KubeObject, options: DeleteOptions): { object: KubeObject; deleted: boolean } {
		const name = object.metadata.name;
		if (name === 'default') {
			throw new ApiError(
				403,
				'Forbidden',
				'namespaces "default" is forbidden: this namespace may not be deleted',
				{
					name,
					kind: 'namespaces',
				},
			);
		}
		if (options.dryRun) return { object, deleted: false };
		for (const kind of ['ConfigMap', 'Secret', 'PersistentVolumeClaim'] as const) {
			for (const item of this.#store.list(kind, name).items)
				this.#store.remove(kind, name, item.metadata.name);
		}
		const pods = this.#store.list('Pod', name).items;
		for (const pod of pods) this.delete('Pod', name, pod.metadata.name);
		if (pods.length === 0) this.#store.remove('Namespace', undefined, name);
		else this.#store.update({ ...object, status: { phase: 'Terminating' } });
		return { object, deleted: pods.length === 0 };
	}

	#ensureNamespace(name: string | undefined): void {
		if (name === undefined || this.#store.get('Namespace', undefined, name) !== undefined) return;
		this.create('Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
	}
}

/** The profile that the pod was made in. */
export function profileOf(pod: Pod): Profile {
	return pod.metadata.annotations?.[PROFILE] === 'kubernetes' ? 'kubernetes' : 'local';
}

/** Ceiling of the crash back-off in ms that the pod asks for, within what any pod may ask. */
export function maxBackoffOf(pod: Pod): number | undefined {
	const ms = durationMs(pod.metadata.annotations?.[MAX_BACKOFF] ?? '');
	return ms === undefined ? undefined : Math.min(Math.max(ms, 1_000), 300_000);
}

/** ms since the epoch as Kubernetes writes a time: whole seconds, UTC. */
export function rfc3339(instant: number): string {
	return new Date(instant).toISOString().replace(/\.\d+Z$/, 'Z');
}

function withName(metadata: ObjectMeta): ObjectMeta {
	if (metadata.name) return { ...metadata };
	if (!metadata.generateName) throw badRequest('name or generateName is required');
	return { ...metadata, name: generateName(metadata.generateName, Math.random) };
}

function freshPod(pod: Pod): Pod {
	return { ...pod, spec: admitted(pod), status: { phase: 'Pending', qosClass: qosClass(pod) } };
}

/** Fields that the cluster fills in at admission and that an update may leave out. */
function admitted(pod: Pod, before?: Pod): Pod['spec'] {
	const spec = { ...pod.spec };
	spec.serviceAccountName ??= before?.spec.serviceAccountName ?? 'default';
	if (before?.spec.nodeName !== undefined) spec.nodeName ??= before.spec.nodeName;
	return spec;
}

/**
 * The pod with its deadline. A finished one, and one that never got a node, need no grace. A second request
 * can only bring the deadline nearer, counted from the first, as in Kubernetes.
 */
function terminating(pod: Pod, asked: number | undefined, now: number): Pod {
	const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
	const wanted = asked ?? pod.spec.terminationGracePeriodSeconds ?? 30;
	const longest = Math.min(wanted, LONGEST_GRACE);
	const grace = finished || pod.spec.nodeName === undefined ? 0 : longest < 0 ? 1 : longest;
	const { deletionTimestamp, deletionGracePeriodSeconds, generation } = pod.metadata;
	if (deletionTimestamp !== undefined && asked === undefined) return pod;
	if (deletionTimestamp === undefined) {
		return withDeadline(pod, now + grace * 1000, grace, (generation ?? 1) + 1);
	}
	if (grace >= (deletionGracePeriodSeconds ?? 0)) return pod;
	const begun = Date.parse(deletionTimestamp) - (deletionGracePeriodSeconds ?? 0) * 1000;
	return withDeadline(pod, grace === 0 ? now : begun + grace * 1000, grace, generation ?? 1);
}

function withDeadline(pod: Pod, deadline: number, grace: number, generation: number): Pod {
	return {
		...pod,
		metadata: {
			...pod.metadata,
			generation,
			deletionTimestamp: rfc3339(deadline),
			deletionGracePeriodSeconds: grace,
		},
	};
}

function check(object: KubeObject, errors: readonly FieldError[]): void {
	if (errors.length === 0) return;
	throw invalid(
		object.kind,
		object.metadata.name,
		errors.map(({ path, reason, message }) => ({ field: path, reason, message })),
	);
}
