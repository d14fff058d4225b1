/** Rules for the three lists of containers, and for what every container has: name, image, ports. */
import type {
	AnyContainer,
	Container,
	ContainerPort,
	EphemeralContainer,
	PodSpec,
	Volume,
} from '../../api/types.ts';
import { checkEnv, checkEnvFrom } from './env.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkMounts } from './mounts.ts';
import { dnsLabel, portName, portNumber } from './names.ts';
import { checkLifecycle, checkProbes } from './probes.ts';
import { checkResizePolicy, checkResources } from './resources.ts';
import { checkRestartRules } from './restart-rules.ts';
import { checkSecurityContext } from './security.ts';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const NOT_FOR_INIT = 'may not be set for init containers without restartPolicy=Always';
const NOT_FOR_EPHEMERAL = 'cannot be set for an Ephemeral Container';

/** What the rules of one container need to know of its Pod. */
interface PodFacts {
	readonly spec: PodSpec;
	readonly volumes: ReadonlyMap<string, Volume>;
	readonly claimNames: ReadonlySet<string>;
}

/** All containers of a Pod, each list by its own rules. */
export function checkAllContainers(
	errors: FieldErrors,
	spec: PodSpec,
	volumes: ReadonlyMap<string, Volume>,
): void {
	const claimNames = new Set((spec.resourceClaims ?? []).map((claim) => claim.name));
	const facts: PodFacts = { spec, volumes, claimNames };
	checkAppContainers(errors, facts);
	checkInitContainers(errors, facts);
	checkEphemeralContainers(errors, facts);
}

function checkAppContainers(errors: FieldErrors, facts: PodFacts): void {
	const containers = facts.spec.containers ?? [];
	if (containers.length === 0) {
		errors.required('spec.containers');
		return;
	}
	const names = new Set<string>();
	const hostPorts = new Set<string>();
	for (const [index, container] of containers.entries()) {
		const path = `spec.containers[${index}]`;
		checkCommon(errors, path, container, facts);
		if (names.has(container.name)) errors.duplicate(`${path}.name`, container.name);
		names.add(container.name);
		checkLifeOf(errors, path, container, facts);
		checkRestartRules(errors, path, container, 'app');
		checkHostPorts(errors, path, container, hostPorts);
	}
}

function checkInitContainers(errors: FieldErrors, facts: PodFacts): void {
	const names = new Set((facts.spec.containers ?? []).map((container) => container.name));
	for (const [index, container] of (facts.spec.initContainers ?? []).entries()) {
		const path = `spec.initContainers[${index}]`;
		checkCommon(errors, path, container, facts);
		if (container.name && names.has(container.name)) errors.duplicate(`${path}.name`, container.name);
		names.add(container.name);
		checkRestartRules(errors, path, container, 'init');
		// Init containers run one after the other, so each may use the port of another.
		checkHostPorts(errors, path, container, new Set());
		if (container.restartPolicy === 'Always') checkLifeOf(errors, path, container, facts);
		else {
			for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
				if (container[field] !== undefined) errors.forbidden(`${path}.${field}`, NOT_FOR_INIT);
			}
		}
	}
}

function checkEphemeralContainers(errors: FieldErrors, facts: PodFacts): void {
	const { spec } = facts;
	const others = new Set(
		[...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((container) => container.name),
	);
	const names = new Set(others);
	for (const [index, container] of (spec.ephemeralContainers ?? []).entries()) {
		const path = `spec.ephemeralContainers[${index}]`;
		checkCommon(errors, path, container, facts);
		if (names.has(container.name)) errors.duplicate(`${path}.name`, container.name);
		names.add(container.name);
		const target = container.targetContainerName;
		if (target && !others.has(target)) errors.notFound(`${path}.targetContainerName`, target);
		checkOnlyForDebugging(errors, path, container);
	}
}

/** Nothing of a Pod's service may rest on a container that was put in for debugging. */
function checkOnlyForDebugging(errors: FieldErrors, path: string, container: EphemeralContainer): void {
	const lists = ['ports', 'resizePolicy', 'restartPolicyRules'] as const;
	for (const field of lists)
		if (container[field]?.length) errors.forbidden(`${path}.${field}`, NOT_FOR_EPHEMERAL);
	const others = ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'restartPolicy'] as const;
	for (const field of others)
		if (container[field] !== undefined) errors.forbidden(`${path}.${field}`, NOT_FOR_EPHEMERAL);
	if (Object.keys(container.resources ?? {}).length > 0)
		errors.forbidden(`${path}.resources`, NOT_FOR_EPHEMERAL);
	for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
		if (mount.subPath) errors.forbidden(`${path}.volumeMounts[${index}].subPath`, NOT_FOR_EPHEMERAL);
		if (mount.subPathExpr) errors.forbidden(`${path}.volumeMounts[${index}].subPathExpr`, NOT_FOR_EPHEMERAL);
	}
}

/** Probes and hooks, which app containers and sidecars have. */
function checkLifeOf(errors: FieldErrors, path: string, container: Container, { spec }: PodFacts): void {
	checkLifecycle(
		errors,
		`${path}.lifecycle`,
		container.lifecycle,
		spec.terminationGracePeriodSeconds,
		spec.os?.name,
	);
	checkProbes(errors, path, container);
}

function checkCommon(errors: FieldErrors, path: string, container: AnyContainer, facts: PodFacts): void {
	if (!container.name) errors.required(`${path}.name`);
	else errors.invalidAll(`${path}.name`, container.name, dnsLabel(container.name));
	if (!container.image) errors.required(`${path}.image`);
	else if (container.image.trim() !== container.image) {
		errors.invalid(`${path}.image`, container.image, 'must not have leading or trailing whitespace');
	}
	errors.oneOf(
		`${path}.terminationMessagePolicy`,
		container.terminationMessagePolicy,
		MESSAGE_POLICIES,
		'allowed',
	);
	errors.oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES, 'allowed');
	checkPorts(errors, `${path}.ports`, container.ports);
	checkEnv(errors, `${path}.env`, container.env);
	checkEnvFrom(errors, `${path}.envFrom`, container.envFrom);
	checkFileKeys(errors, path, container, facts.volumes);
	checkMounts(errors, path, container, facts.volumes);
	checkResources(errors, `${path}.resources`, container.resources, 'container', facts.claimNames);
	checkResizePolicy(errors, `${path}.resizePolicy`, container.resizePolicy, facts.spec.restartPolicy);
	checkSecurityContext(errors, path, container, facts.spec.hostUsers !== false);
}

function checkFileKeys(
	errors: FieldErrors,
	path: string,
	container: AnyContainer,
	volumes: ReadonlyMap<string, Volume>,
): void {
	for (const [index, variable] of (container.env ?? []).entries()) {
		const name = variable.valueFrom?.fileKeyRef?.volumeName;
		if (!name) continue;
		const at = `${path}.env[${index}].valueFrom.fileKeyRef.volumeName`;
		const volume = volumes.get(name);
		if (!volume) errors.notFound(at, name);
		else if (!volume.emptyDir) errors.invalid(at, name, 'referenced volume must be of type emptyDir');
	}
}

function checkPorts(errors: FieldErrors, path: string, ports: readonly ContainerPort[] | undefined): void {
	const names = new Set<string>();
	for (const [index, port] of (ports ?? []).entries()) {
		const at = `${path}[${index}]`;
		if (port.name) {
			const problems = portName(port.name);
			if (problems.length > 0) errors.invalidAll(`${at}.name`, port.name, problems);
			else if (names.has(port.name)) errors.duplicate(`${at}.name`, port.name);
			names.add(port.name);
		}
		if (!port.containerPort) errors.required(`${at}.containerPort`);
		else errors.invalidAll(`${at}.containerPort`, port.containerPort, portNumber(port.containerPort));
		if (port.hostPort) errors.invalidAll(`${at}.hostPort`, port.hostPort, portNumber(port.hostPort));
		errors.oneOf(`${at}.protocol`, port.protocol, PROTOCOLS, 'allowed');
	}
}

function checkHostPorts(errors: FieldErrors, path: string, container: Container, taken: Set<string>): void {
	for (const [index, port] of (container.ports ?? []).entries()) {
		if (!port.hostPort) continue;
		const key = `${port.protocol ?? 'TCP'}/${port.hostIP ?? ''}/${port.hostPort}`;
		if (taken.has(key)) errors.duplicate(`${path}.ports[${index}].hostPort`, key);
		taken.add(key);
	}
}
