/** What the API server accepts with a warning, because it is hardly meant: in its words. */
import { tryParseQuantity } from '../../api/quantity.ts';
import type { AnyContainer, PodSpec } from '../../api/types.ts';

/** Something odd at a path. */
export interface FieldWarning {
	readonly path: string;
	/** Begins with the path. */
	readonly message: string;
}

const NANO = 1_000_000_000n;

/** Of a Pod's spec as it was written. */
export function podWarnings(spec: PodSpec): FieldWarning[] {
	const found: FieldWarning[] = [];
	const warn = (path: string, message: string): void => {
		found.push({ path, message: `${path}: ${message}` });
	};
	for (const list of ['initContainers', 'containers'] as const) {
		for (const [index, container] of (spec[list] ?? []).entries()) {
			const path = `spec.${list}[${index}]`;
			warnEnv(path, container, warn);
			warnPorts(path, container, warn);
			warnFractions(path, container, warn);
			warnProbePorts(path, container, warn);
		}
	}
	const secrets = new Map<string, number>();
	for (const [index, { name = '' }] of (spec.imagePullSecrets ?? []).entries()) {
		const path = `spec.imagePullSecrets[${index}].name`;
		if (name === '') warn(path, 'invalid empty name ""');
		else if (secrets.has(name)) warn(path, `duplicate name "${name}"`);
		secrets.set(name, index);
	}
	const aliases = new Set<string>();
	for (const [index, { ip = '' }] of (spec.hostAliases ?? []).entries()) {
		if (aliases.has(ip)) warn(`spec.hostAliases[${index}].ip`, `duplicate ip "${ip}"`);
		aliases.add(ip);
	}
	if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
		warn(
			'spec.terminationGracePeriodSeconds',
			'must be >= 0; negative values are invalid and will be treated as 1',
		);
	}
	return found;
}

type Warn = (path: string, message: string) => void;

function warnEnv(path: string, container: AnyContainer, warn: Warn): void {
	const seen = new Set<string>();
	for (const [index, { name, value }] of (container.env ?? []).entries()) {
		// A variable that is built on its own former value hides nothing.
		if (seen.has(name) && !value?.includes(`$(${name})`)) {
			warn(
				`${path}.env[${index}]`,
				`hides previous definition of "${name}", which may be dropped when using apply`,
			);
		}
		seen.add(name);
	}
}

function warnPorts(path: string, container: AnyContainer, warn: Warn): void {
	const seen = new Map<string, number>();
	for (const [index, port] of (container.ports ?? []).entries()) {
		const key = `${port.containerPort}/${port.protocol ?? 'TCP'}/${port.hostIP ?? ''}/${port.hostPort ?? 0}`;
		const first = seen.get(key);
		if (first !== undefined)
			warn(`${path}.ports[${index}]`, `duplicate port definition with ${path}.ports[${first}]`);
		else seen.set(key, index);
	}
}

function warnFractions(path: string, container: AnyContainer, warn: Warn): void {
	for (const list of ['requests', 'limits'] as const) {
		for (const name of ['memory', 'ephemeral-storage']) {
			const text = container.resources?.[list]?.[name];
			const quantity = tryParseQuantity(text);
			if (!quantity || quantity.nano % NANO === 0n) continue;
			warn(
				`${path}.resources.${list}[${name}]`,
				`fractional byte value "${text}" is invalid, must be an integer`,
			);
		}
	}
}

/** A probe of a port name that the container does not have fails for ever: the kubelet can't resolve it. */
function warnProbePorts(path: string, container: AnyContainer, warn: Warn): void {
	const names = new Set((container.ports ?? []).map((port) => port.name));
	for (const kind of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
		for (const handler of ['httpGet', 'tcpSocket'] as const) {
			const port = container[kind]?.[handler]?.port;
			if (typeof port !== 'string' || names.has(port)) continue;
			warn(
				`${path}.${kind}.${handler}.port`,
				`the container has no port named "${port}": the probe will fail`,
			);
		}
	}
}
