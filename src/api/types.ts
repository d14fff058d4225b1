/**
 * The one door to Kubernetes' types. Everything else in podrun says `Pod`, `Container`, `PodStatus`; only
 * this file knows which package describes them. Types only: nothing of it is left when the program runs.
 */
import type * as v1 from 'kubernetes-models/v1';

export type Pod = v1.IPod & { metadata: ObjectMeta; spec: PodSpec };
export type PodSpec = NonNullable<v1.IPod['spec']>;
export type PodStatus = NonNullable<v1.IPod['status']>;
export type Container = v1.IContainer;
/** A container as a pod spec can hold it, whichever list it stands in. */
export type AnyContainer = v1.IContainer | v1.IEphemeralContainer;
export type EphemeralContainer = v1.IEphemeralContainer;
export type ContainerPort = v1.IContainerPort;
export type ContainerStatus = v1.IContainerStatus;
export type ContainerState = v1.IContainerState;
export type PodCondition = v1.IPodCondition;
export type Probe = v1.IProbe;
export type LifecycleHandler = v1.ILifecycleHandler;
export type EnvVar = v1.IEnvVar;
export type EnvFromSource = v1.IEnvFromSource;
export type Volume = v1.IVolume;
export type VolumeMount = v1.IVolumeMount;
export type KeyToPath = v1.IKeyToPath;
export type VolumeProjection = v1.IVolumeProjection;
export type SecurityContext = v1.ISecurityContext;
export type PodSecurityContext = v1.IPodSecurityContext;
export type ResourceRequirements = v1.IResourceRequirements;
export type ContainerRestartRule = v1.IContainerRestartRule;
export type ConfigMap = v1.IConfigMap & { metadata: ObjectMeta };
export type Secret = v1.ISecret & { metadata: ObjectMeta };
export type PersistentVolumeClaim = v1.IPersistentVolumeClaim & { metadata: ObjectMeta };
export type Namespace = v1.INamespace & { metadata: ObjectMeta };
export type Event = v1.IEvent & { metadata: ObjectMeta };
export type Node = v1.INode & { metadata: ObjectMeta };

/** metadata of a stored object: name and namespace are always there once it was admitted. */
export interface ObjectMeta {
	name: string;
	namespace?: string;
	generateName?: string;
	uid?: string;
	resourceVersion?: string;
	generation?: number;
	creationTimestamp?: string;
	deletionTimestamp?: string;
	deletionGracePeriodSeconds?: number;
	labels?: Record<string, string>;
	annotations?: Record<string, string>;
	finalizers?: string[];
	ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string }[];
	managedFields?: unknown[];
	selfLink?: string;
}

/** Any object that podrun stores. */
export interface KubeObject {
	apiVersion: string;
	kind: string;
	metadata: ObjectMeta;
	[field: string]: unknown;
}

/** Milliseconds since the epoch, given to pure code by its caller. */
export type Instant = number;

/** local is more helpful than a kubelet, kubernetes is the rehearsal before the cluster. */
export type Profile = 'local' | 'kubernetes';

/** What a container is to its pod. The pause is infra, named POD. */
export type Role = 'infra' | 'init' | 'sidecar' | 'app' | 'ephemeral';
