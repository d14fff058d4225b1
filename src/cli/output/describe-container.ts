/** One container in the layout of `kubectl describe pod`. Values of Secrets never show. Pure. */
import type {
	AnyContainer,
	Container,
	ContainerState,
	ContainerStatus,
	EnvVar,
	LifecycleHandler,
	Probe,
} from '../../api/types.ts';
import { timeText } from './describe-parts.ts';

/** Lines, indented below the title of the group. */
export function describeContainer(container: AnyContainer, status: ContainerStatus | undefined): string[] {
	const full = container as Container;
	return [
		`  ${container.name}:`,
		line('Container ID', status?.containerID ?? ''),
		line('Image', container.image ?? ''),
		line('Image ID', status?.imageID ?? ''),
		...ports(full),
		...words('Command', container.command),
		...words('Args', container.args),
		...state('State', status?.state ?? { waiting: {} }),
		...(status?.lastState && Object.keys(status.lastState).length > 0
			? state('Last State', status.lastState)
			: []),
		line('Ready', status?.ready ? 'True' : 'False'),
		line('Restart Count', String(status?.restartCount ?? 0)),
		...amounts('Limits', full.resources?.limits),
		...amounts('Requests', full.resources?.requests),
		...probe('Liveness', full.livenessProbe),
		...probe('Readiness', full.readinessProbe),
		...probe('Startup', full.startupProbe),
		...environmentFrom(full),
		...environment(full.env ?? []),
		...mounts(full),
	];
}

function line(name: string, value: string): string {
	return `    ${`${name}:`.padEnd(16)}${value}`.trimEnd();
}

function ports(container: Container): string[] {
	const all = container.ports ?? [];
	const list = (pick: (port: (typeof all)[number]) => number) =>
		all.map((port) => `${pick(port)}/${port.protocol ?? 'TCP'}`).join(', ') || '<none>';
	const word = all.length > 1 ? 'Ports' : 'Port';
	return [
		line(
			word,
			list((port) => port.containerPort),
		),
		line(
			`Host ${word}`,
			list((port) => port.hostPort ?? 0),
		),
	];
}

function words(name: string, list: readonly string[] | undefined): string[] {
	if (!list || list.length === 0) {
		return [];
	}
	return [`    ${name}:`, ...list.flatMap((word) => word.split('\n').map((part) => `      ${part}`))];
}

function state(name: string, { waiting, running, terminated }: ContainerState): string[] {
	const sub = (key: string, value: string) => `      ${`${key}:`.padEnd(14)}${value}`.trimEnd();
	if (running) {
		return [line(name, 'Running'), sub('Started', timeText(String(running.startedAt ?? '')))];
	}
	if (terminated) {
		return [
			line(name, 'Terminated'),
			...(terminated.reason ? [sub('Reason', terminated.reason)] : []),
			...(terminated.message ? [sub('Message', terminated.message.trimEnd())] : []),
			sub('Exit Code', String(terminated.exitCode)),
			...(terminated.signal ? [sub('Signal', String(terminated.signal))] : []),
			sub('Started', timeText(String(terminated.startedAt ?? ''))),
			sub('Finished', timeText(String(terminated.finishedAt ?? ''))),
		];
	}
	return [
		line(name, 'Waiting'),
		...(waiting?.reason ? [sub('Reason', waiting.reason)] : []),
		...(waiting?.message ? [sub('Message', waiting.message)] : []),
	];
}

function amounts(name: string, list: Readonly<Record<string, unknown>> | undefined): string[] {
	const entries = Object.entries(list ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
	if (entries.length === 0) {
		return [];
	}
	const width = Math.max(...entries.map(([key]) => key.length)) + 1;
	return [
		`    ${name}:`,
		...entries.map(([key, value]) => `      ${`${key}:`.padEnd(width)}  ${String(value)}`),
	];
}

function probe(name: string, given: Probe | undefined): string[] {
	if (!given) {
		return [];
	}
	const numbers = `delay=${given.initialDelaySeconds ?? 0}s timeout=${given.timeoutSeconds ?? 1}s period=${given.periodSeconds ?? 10}s #success=${given.successThreshold ?? 1} #failure=${given.failureThreshold ?? 3}`;
	const grpc = given.grpc ? `grpc <pod>:${given.grpc.port} ${given.grpc.service ?? ''}`.trimEnd() : undefined;
	return [line(name, `${grpc ?? handler(given)} ${numbers}`)];
}

function handler(given: LifecycleHandler): string {
	if (given.exec) {
		return `exec [${(given.exec.command ?? []).join(' ')}]`;
	}
	if (given.httpGet) {
		const { scheme = 'HTTP', host = '', port, path = '' } = given.httpGet;
		return `http-get ${scheme.toLowerCase()}://${host}:${port}${path.startsWith('/') ? path : `/${path}`}`;
	}
	if (given.tcpSocket) {
		return `tcp-socket ${given.tcpSocket.host ?? ''}:${given.tcpSocket.port}`;
	}
	return 'unknown';
}

function environmentFrom(container: Container): string[] {
	const sources = container.envFrom ?? [];
	if (sources.length === 0) {
		return [];
	}
	return [
		'    Environment Variables from:',
		...sources.map(({ configMapRef, secretRef, prefix }) => {
			const kind = configMapRef ? 'ConfigMap' : 'Secret';
			const ref = configMapRef ?? secretRef;
			const with_ = prefix ? ` with prefix '${prefix}'` : '';
			return `      ${ref?.name}  ${kind}${with_}  Optional: ${Boolean(ref?.optional)}`;
		}),
	];
}

function environment(variables: readonly EnvVar[]): string[] {
	if (variables.length === 0) {
		return [line('Environment', '<none>')];
	}
	const width = Math.max(...variables.map(({ name }) => name.length)) + 1;
	return [
		'    Environment:',
		...variables.map((one) => `      ${`${one.name}:`.padEnd(width)}  ${valueText(one)}`),
	];
}

function valueText({ value, valueFrom }: EnvVar): string {
	if (valueFrom?.fieldRef) {
		return ` (${valueFrom.fieldRef.apiVersion ?? 'v1'}:${valueFrom.fieldRef.fieldPath})`;
	}
	if (valueFrom?.resourceFieldRef) {
		const { containerName, resource } = valueFrom.resourceFieldRef;
		return ` (${containerName ? `${containerName}:` : ''}${resource})`;
	}
	if (valueFrom?.secretKeyRef) {
		const { key, name, optional } = valueFrom.secretKeyRef;
		return `<set to the key '${key}' in secret '${name}'>  Optional: ${Boolean(optional)}`;
	}
	if (valueFrom?.configMapKeyRef) {
		const { key, name, optional } = valueFrom.configMapKeyRef;
		return `<set to the key '${key}' of config map '${name}'>  Optional: ${Boolean(optional)}`;
	}
	return value ?? '';
}

function mounts(container: Container): string[] {
	const all = [...(container.volumeMounts ?? [])].sort((a, b) => (a.mountPath < b.mountPath ? -1 : 1));
	if (all.length === 0) {
		return [line('Mounts', '<none>')];
	}
	return [
		'    Mounts:',
		...all.map(({ mountPath, name, readOnly, subPath }) => {
			const flags = [readOnly ? 'ro' : 'rw', ...(subPath ? [`path="${subPath}"`] : [])];
			return `      ${mountPath} from ${name} (${flags.join(',')})`;
		}),
	];
}
