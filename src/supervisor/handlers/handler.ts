/**
 * What probes and hooks have in common: one of five handlers (exec, httpGet, tcpSocket, grpc, sleep), run
 * against one container with a time limit, and a result in the kubelet's words. The handlers stand in files
 * of their own beside this one; run.ts chooses.
 */
import type { ContainerPort } from '../../api/types.ts';
import { KUBERNETES_VERSION } from '../../api/version.ts';
import type { Engine } from '../../engine/engine.ts';
import type { ProbeResult } from '../../reconcile/probes.ts';
import type { Dial } from './dial.ts';

/** The container that a handler is run against, and how to reach its pod. */
export interface HandlerTarget {
	readonly engine: Pick<Engine, 'exec'>;
	/** Opens connections to the pod: the direct way or through the pause (reach.ts chooses). */
	readonly dial: Dial;
	readonly containerID: string;
	/** The pod's pause; with it an exec that takes too long can be ended where the PID namespace is shared. */
	readonly sandboxID?: string;
	/** The pod's IP: the host of httpGet, tcpSocket and grpc unless the handler names another. */
	readonly podIP: string;
	/** The container's ports, for handlers that say a port by its name. */
	readonly ports: readonly ContainerPort[];
}

export type HandlerResult = ProbeResult;

/** Body and output that are read and kept at most; the rest does not matter to a verdict. */
export const MAX_READ_BYTES = 10 * 1024;

/** kube-probe/1.34 or kube-lifecycle/1.34, as the kubelet names itself. */
export function userAgent(purpose: 'probe' | 'lifecycle'): string {
	return `kube-${purpose}/${KUBERNETES_VERSION.major}.${KUBERNETES_VERSION.minor}`;
}

/** host:port as Go joins them: an IPv6 address stands in brackets. */
export function joinHostPort(host: string, port: number): string {
	return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whole seconds as Go's Duration prints them: 1s, 1m0s, 1h0m5s. */
export function goSeconds(seconds: number): string {
	const hours = Math.floor(seconds / 3600);
	const minutes = Math.floor(seconds / 60) % 60;
	const rest = seconds % 60;
	if (hours > 0) return `${hours}h${minutes}m${rest}s`;
	return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}

/**
 * The number of a handler's port: an int, a number as text, or the name of one of the container's ports.
 *
 * @throws Error when no port has that name, or the number is not a port: the handler can't be run
 */
export function resolvePort(port: number | string, ports: readonly ContainerPort[]): number {
	let number = typeof port === 'number' ? port : ports.find((p) => p.name === port)?.containerPort;
	if (number === undefined && /^\d+$/.test(String(port))) number = Number(port);
	if (number === undefined) throw new Error(`couldn't find port: ${port}`);
	if (number <= 0 || number > 65535) throw new Error(`invalid port number: ${number}`);
	return number;
}
