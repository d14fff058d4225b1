/**
 * What podrun makes of every field of a Pod, model by model: the one list from which warnings, refusals,
 * `explain --support` and the README are made. Below a field that is ignored or refused nothing is listed.
 *
 * A field that is new in the schema and not in here fails a test: it must be thought about.
 */

export type SupportLevel = 'honoured' | 'approximated' | 'ignored' | 'refused';

export interface Support {
	readonly level: SupportLevel;
	/** How it is approximated, why it is ignored or refused. */
	readonly note?: string;
	/** Values that say nothing beyond the default, so that no warning is worth it. */
	readonly quiet?: readonly unknown[];
	/** Values that are refused although the field is not, with the reason. */
	readonly refuses?: Readonly<Record<string, string>>;
}

const HONOURED: Support = { level: 'honoured' };

function honoured(fields: string): Record<string, Support> {
	return Object.fromEntries(fields.split(' ').map((field) => [field, HONOURED]));
}

const approximated = (note: string): Support => ({ level: 'approximated', note });
const ignored = (note: string, ...quiet: unknown[]): Support => ({ level: 'ignored', note, quiet });
const refused = (note: string): Support => ({ level: 'refused', note });

function refusedAll(fields: string, note: string): Record<string, Support> {
	return Object.fromEntries(fields.split(' ').map((field) => [field, refused(note)]));
}

const ONE_NODE = 'there is one node here, so there is nothing to choose';
const NO_WINDOWS = 'podrun runs Linux containers';
const NO_STORAGE =
	'it needs a storage driver of a cluster; use emptyDir, hostPath, nfs or a persistentVolumeClaim';
const NO_TOKENS = 'no cluster issues tokens or certificates here';
const NO_USER_NAMESPACE =
	'Docker gives no Pod a user namespace of its own; userns-remap is for the whole engine';
const NO_DRA = 'devices are handed out by the drivers of a cluster';
const STATUS = 'status is written by podrun; what a manifest says of it is not used';

/** Those that admission gives to every Pod of a cluster. */
const DEFAULT_TOLERATIONS = ['not-ready', 'unreachable'].map((taint) => ({
	effect: 'NoExecute',
	key: `node.kubernetes.io/${taint}`,
	operator: 'Exists',
	tolerationSeconds: 300,
}));

const CONTAINER = {
	...honoured(
		'args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe resources',
	),
	...honoured('restartPolicy restartPolicyRules securityContext startupProbe stdin stdinOnce'),
	...honoured('terminationMessagePath terminationMessagePolicy tty volumeMounts workingDir'),
	resizePolicy: approximated(
		'a container is restarted where its policy says so, else its limits are updated in place',
	),
	volumeDevices: refused('the engine has no block volumes; mount the volume as a filesystem'),
};

export const SUPPORT: Readonly<Record<string, Readonly<Record<string, Support>>>> = {
	Pod: {
		...honoured('apiVersion kind metadata spec'),
		status: ignored(STATUS),
	},
	ObjectMeta: {
		...honoured('annotations generateName labels name namespace'),
		creationTimestamp: ignored('set by podrun'),
		deletionGracePeriodSeconds: ignored('set by podrun'),
		deletionTimestamp: ignored('set by podrun'),
		finalizers: ignored('nobody is there to finish them'),
		generation: ignored('counted by podrun'),
		managedFields: ignored('podrun does not track who wrote which field'),
		ownerReferences: ignored('nothing owns a Pod here'),
		resourceVersion: approximated('an update is refused when it is not the current one'),
		selfLink: ignored('no longer in use'),
		uid: ignored('given by podrun'),
	},
	PodSpec: {
		...honoured(
			'activeDeadlineSeconds containers dnsConfig ephemeralContainers hostAliases hostIPC hostNetwork',
		),
		...honoured(
			'hostPID hostname hostnameOverride imagePullSecrets initContainers os readinessGates resources',
		),
		...honoured('restartPolicy schedulingGates securityContext setHostnameAsFQDN shareProcessNamespace'),
		...honoured('subdomain terminationGracePeriodSeconds volumes'),
		affinity: ignored(ONE_NODE),
		automountServiceAccountToken: ignored(NO_TOKENS, false),
		dnsPolicy: approximated("ClusterFirst is the DNS of the pods of this engine, then the host's"),
		enableServiceLinks: approximated('there are no Services here, so there is nothing to link'),
		hostUsers: { level: 'honoured', refuses: { false: NO_USER_NAMESPACE } },
		nodeName: ignored(ONE_NODE),
		nodeSelector: ignored(ONE_NODE),
		overhead: ignored('the pause container costs next to nothing'),
		preemptionPolicy: ignored('no Pod is ever put out for another', 'PreemptLowerPriority'),
		priority: ignored('Pods are admitted in the order in which they come', 0),
		priorityClassName: ignored('Pods are admitted in the order in which they come'),
		resourceClaims: refused(NO_DRA),
		runtimeClassName: approximated("taken as the name of one of the engine's runtimes"),
		schedulerName: ignored(ONE_NODE, 'default-scheduler'),
		schedulingGroup: ignored('each Pod is admitted whole or not at all, on its own'),
		serviceAccount: ignored(NO_TOKENS, 'default'),
		serviceAccountName: ignored(NO_TOKENS, 'default'),
		tolerations: ignored('the one node has no taints', DEFAULT_TOLERATIONS),
		topologySpreadConstraints: ignored(ONE_NODE),
	},
	Container: CONTAINER,
	EphemeralContainer: { ...CONTAINER, ...honoured('targetContainerName') },
	EnvVar: honoured('name value valueFrom'),
	EnvVarSource: honoured('configMapKeyRef fieldRef fileKeyRef resourceFieldRef secretKeyRef'),
	FileKeySelector: honoured('key optional path volumeName'),
	ConfigMapKeySelector: honoured('key name optional'),
	ObjectFieldSelector: honoured('apiVersion fieldPath'),
	ResourceFieldSelector: honoured('containerName divisor resource'),
	SecretKeySelector: honoured('key name optional'),
	EnvFromSource: honoured('configMapRef prefix secretRef'),
	ConfigMapEnvSource: honoured('name optional'),
	SecretEnvSource: honoured('name optional'),
	Lifecycle: honoured('postStart preStop stopSignal'),
	LifecycleHandler: honoured('exec httpGet sleep tcpSocket'),
	ExecAction: honoured('command'),
	HTTPGetAction: honoured('host httpHeaders path port scheme'),
	HTTPHeader: honoured('name value'),
	SleepAction: honoured('seconds'),
	TCPSocketAction: honoured('host port'),
	Probe: {
		...honoured(
			'exec failureThreshold grpc httpGet initialDelaySeconds periodSeconds successThreshold tcpSocket',
		),
		...honoured('terminationGracePeriodSeconds timeoutSeconds'),
	},
	GRPCAction: honoured('port service'),
	ContainerPort: honoured('containerPort hostIP hostPort name protocol'),
	ContainerResizePolicy: honoured('resourceName restartPolicy'),
	ResourceRequirements: {
		limits: approximated('cpu and memory are enforced; ephemeral-storage is watched, without the logs'),
		requests: approximated('cpu becomes a share; all of it counts at admission'),
		claims: refused(NO_DRA),
	},
	ContainerRestartRule: honoured('action exitCodes'),
	ContainerRestartRuleOnExitCodes: honoured('operator values'),
	SecurityContext: {
		...honoured(
			'allowPrivilegeEscalation capabilities privileged procMount readOnlyRootFilesystem runAsGroup',
		),
		...honoured('runAsNonRoot runAsUser seccompProfile'),
		appArmorProfile: approximated("the profile must be loaded on the engine's host"),
		seLinuxOptions: approximated('passed to the engine, where its host has SELinux'),
		windowsOptions: refused(NO_WINDOWS),
	},
	AppArmorProfile: honoured('localhostProfile type'),
	Capabilities: honoured('add drop'),
	SELinuxOptions: honoured('level role type user'),
	SeccompProfile: {
		...honoured('type'),
		localhostProfile: approximated(
			"a file of podrun's machine, in a kubelet's folder for them or in PODRUN_SECCOMP_ROOT",
		),
	},
	VolumeMount: {
		...honoured('mountPath mountPropagation name readOnly subPath subPathExpr'),
		recursiveReadOnly: approximated('Enabled needs Docker 25 or later'),
	},
	PodDNSConfig: honoured('nameservers options searches'),
	PodDNSConfigOption: honoured('name value'),
	HostAlias: honoured('hostnames ip'),
	LocalObjectReference: honoured('name'),
	PodOS: { name: { level: 'honoured', refuses: { windows: NO_WINDOWS } } },
	PodReadinessGate: honoured('conditionType'),
	PodSchedulingGate: honoured('name'),
	PodSecurityContext: {
		...honoured(
			'fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser seccompProfile supplementalGroups',
		),
		...honoured('supplementalGroupsPolicy'),
		appArmorProfile: approximated("the profile must be loaded on the engine's host"),
		seLinuxChangePolicy: ignored('volumes are relabelled by the engine, if at all'),
		seLinuxOptions: approximated('passed to the engine, where its host has SELinux'),
		sysctls: approximated('the safe ones, and those that PODRUN_ALLOWED_UNSAFE_SYSCTLS names'),
		windowsOptions: refused(NO_WINDOWS),
	},
	Sysctl: honoured('name value'),
	Volume: {
		...honoured('configMap downwardAPI emptyDir hostPath name projected secret'),
		ephemeral: approximated('a named volume that goes with the Pod'),
		image: approximated('mounted by the engine where it can, else copied into a volume'),
		nfs: approximated("mounted by the engine's local volume driver"),
		persistentVolumeClaim: approximated('a named volume that outlives the Pod; its size is not enforced'),
		...refusedAll(
			'awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker',
			NO_STORAGE,
		),
		...refusedAll(
			'gcePersistentDisk glusterfs iscsi photonPersistentDisk portworxVolume quobyte rbd',
			NO_STORAGE,
		),
		...refusedAll('scaleIO storageos vsphereVolume', NO_STORAGE),
		gitRepo: refused('it is gone from Kubernetes; clone in an init container'),
	},
	ConfigMapVolumeSource: honoured('defaultMode items name optional'),
	KeyToPath: honoured('key mode path'),
	DownwardAPIVolumeSource: honoured('defaultMode items'),
	DownwardAPIVolumeFile: honoured('fieldRef mode path resourceFieldRef'),
	EmptyDirVolumeSource: {
		medium: {
			...approximated('Memory is one tmpfs of the Pod; huge pages are refused'),
			refuses: Object.fromEntries(
				['HugePages', 'HugePages-2Mi', 'HugePages-1Gi'].map((medium) => [
					medium,
					'the engine mounts no huge pages',
				]),
			),
		},
		sizeLimit: approximated('enforced in memory, watched on disk'),
	},
	EphemeralVolumeSource: honoured('volumeClaimTemplate'),
	PersistentVolumeClaimTemplate: honoured('metadata spec'),
	PersistentVolumeClaimSpec: {
		accessModes: approximated('one node mounts it, in every mode'),
		dataSource: refused('there are no snapshots to begin from'),
		dataSourceRef: refused('there are no snapshots to begin from'),
		resources: approximated('the size is told, not enforced'),
		selector: ignored('a volume is made for each claim'),
		storageClassName: ignored('a volume is made for each claim by the engine'),
		volumeAttributesClassName: ignored('a volume is made for each claim by the engine'),
		volumeMode: { ...approximated('Filesystem only'), refuses: { Block: 'the engine has no block volumes' } },
		volumeName: ignored('a volume is made for each claim'),
	},
	VolumeResourceRequirements: honoured('limits requests'),
	HostPathVolumeSource: honoured('path type'),
	ImageVolumeSource: honoured('pullPolicy reference'),
	NFSVolumeSource: honoured('path readOnly server'),
	PersistentVolumeClaimVolumeSource: honoured('claimName readOnly'),
	ProjectedVolumeSource: honoured('defaultMode sources'),
	VolumeProjection: {
		...honoured('configMap downwardAPI secret'),
		clusterTrustBundle: refused(NO_TOKENS),
		podCertificate: refused(NO_TOKENS),
		serviceAccountToken: refused(
			`${NO_TOKENS}; take the volume and its mounts out (the one that a cluster adds by itself, kube-api-access-…, is left out with a warning)`,
		),
	},
	ConfigMapProjection: honoured('items name optional'),
	DownwardAPIProjection: honoured('items'),
	SecretProjection: honoured('items name optional'),
	SecretVolumeSource: honoured('defaultMode items optional secretName'),
};

/** The other kinds that a manifest may hold, in the same words. */
export const KIND_SUPPORT: Readonly<Record<string, Support>> = {
	Pod: HONOURED,
	ConfigMap: HONOURED,
	Secret: HONOURED,
	PersistentVolumeClaim: approximated('a named volume of the engine; it outlives its Pods'),
	Namespace: approximated('keeps names apart; there are no quotas or policies'),
};

/** Fields that a manifest dumped from a cluster carries along: read without a word. */
export const DUMPED: ReadonlySet<string> = new Set([
	'status',
	'metadata.creationTimestamp',
	'metadata.generation',
	'metadata.managedFields',
	'metadata.selfLink',
	'metadata.uid',
]);
