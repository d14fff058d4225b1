/** Defaults of a Pod's spec, its containers and its probes. The spec that is given is changed in place. */
import { formatQuantity } from '../../api/quantity.ts';
import { containersRequests } from '../../api/resources.ts';
import type {
	AnyContainer,
	Container,
	EnvVar,
	PodSpec,
	Probe,
	ResourceRequirements,
} from '../../api/types.ts';
import { defaultPullPolicy } from './pull-policy.ts';
import { defaultVolume } from './volumes.ts';

const GRACE_SECONDS = 30;

/** What the API server fills in where the spec says nothing. */
export function defaultPodSpec(spec: PodSpec): void {
	spec.restartPolicy ??= 'Always';
	spec.dnsPolicy ??= 'ClusterFirst';
	spec.schedulerName ??= 'default-scheduler';
	spec.terminationGracePeriodSeconds ??= GRACE_SECONDS;
	spec.securityContext ??= {};
	spec.enableServiceLinks ??= true;
	spec.serviceAccountName ||= spec.serviceAccount || 'default';
	spec.serviceAccount = spec.serviceAccountName;
	spec.priority ??= 0;
	spec.preemptionPolicy ??= 'PreemptLowerPriority';
	for (const volume of spec.volumes ?? []) defaultVolume(volume);
	for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
		defaultContainer(container);
		defaultHooks(container);
		if (spec.hostNetwork) for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
	}
	for (const container of spec.ephemeralContainers ?? []) defaultContainer(container);
	defaultPodRequests(spec);
}

/** A pod with limits of its own requests what its containers do in sum, and its limit of what none of them requests. */
function defaultPodRequests(spec: PodSpec): void {
	const { resources } = spec;
	if (!resources?.limits || Object.keys(resources.limits).length === 0) return;
	const inSum = containersRequests({ ...spec, containers: spec.containers ?? [] });
	for (const name of ['cpu', 'memory']) {
		const sum = inSum[name];
		if (sum === undefined || Object.hasOwn(resources.requests ?? {}, name)) continue;
		resources.requests ??= {};
		resources.requests[name] = formatQuantity(sum);
	}
	defaultRequests(resources);
}

function defaultContainer(container: AnyContainer): void {
	container.imagePullPolicy ||= defaultPullPolicy(container.image);
	container.terminationMessagePath ||= '/dev/termination-log';
	container.terminationMessagePolicy ||= 'File';
	container.resources ??= {};
	defaultRequests(container.resources);
	for (const port of container.ports ?? []) port.protocol ||= 'TCP';
	for (const variable of container.env ?? []) defaultEnv(variable);
}

/** What is limited and not requested is requested up to its limit. */
function defaultRequests(resources: ResourceRequirements): void {
	for (const [name, limit] of Object.entries(resources.limits ?? {})) {
		resources.requests ??= {};
		if (!Object.hasOwn(resources.requests, name)) resources.requests[name] = limit;
	}
}

function defaultEnv(variable: EnvVar): void {
	const from = variable.valueFrom;
	if (from?.fieldRef) from.fieldRef.apiVersion ||= 'v1';
	if (from?.resourceFieldRef) from.resourceFieldRef.divisor ??= '0';
}

function defaultHooks(container: Container): void {
	for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
		if (probe) defaultProbe(probe);
	}
	for (const hook of [container.lifecycle?.postStart, container.lifecycle?.preStop]) {
		if (hook?.httpGet) defaultHttpGet(hook.httpGet);
	}
}

function defaultProbe(probe: Probe): void {
	// Zero counts as unset, as it does for the API server.
	probe.timeoutSeconds ||= 1;
	probe.periodSeconds ||= 10;
	probe.successThreshold ||= 1;
	probe.failureThreshold ||= 3;
	if (probe.httpGet) defaultHttpGet(probe.httpGet);
	if (probe.grpc) probe.grpc.service ??= '';
}

function defaultHttpGet(http: NonNullable<Probe['httpGet']>): void {
	http.path ||= '/';
	http.scheme ||= 'HTTP';
}
