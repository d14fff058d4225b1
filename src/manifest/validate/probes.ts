/** Rules for probes and lifecycle hooks: exactly one handler each, and its numbers. */
import type { Container, LifecycleHandler, Probe } from '../../api/types.ts';
import type { FieldErrors } from './field-errors.ts';
import { httpHeaderName, portName, portNumber } from './names.ts';

/** What probes and hooks have in common. */
interface Handler {
	readonly exec?: { readonly command?: readonly string[] };
	readonly httpGet?: {
		readonly path?: string;
		readonly port?: number | string;
		readonly scheme?: string;
		readonly httpHeaders?: readonly { readonly name: string }[];
	};
	readonly tcpSocket?: { readonly port?: number | string };
	readonly grpc?: { readonly port?: number };
	readonly sleep?: { readonly seconds?: number };
}

/** Liveness, readiness and startup probe of a container that may have them. */
export function checkProbes(errors: FieldErrors, path: string, container: Container): void {
	checkProbe(errors, `${path}.livenessProbe`, container.livenessProbe, 'once');
	checkProbe(errors, `${path}.readinessProbe`, container.readinessProbe, 'often');
	checkProbe(errors, `${path}.startupProbe`, container.startupProbe, 'once');
}

/** A probe whose failure kills succeeds at once: `once`. */
function checkProbe(
	errors: FieldErrors,
	path: string,
	probe: Probe | undefined,
	succeeds: 'once' | 'often',
): void {
	if (!probe) return;
	checkHandler(errors, path, probe, undefined);
	for (const field of [
		'initialDelaySeconds',
		'timeoutSeconds',
		'periodSeconds',
		'successThreshold',
		'failureThreshold',
	] as const) {
		errors.nonNegative(`${path}.${field}`, probe[field]);
	}
	const grace = probe.terminationGracePeriodSeconds;
	if (succeeds === 'often') {
		if (grace !== undefined)
			errors.invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes');
		return;
	}
	if (grace !== undefined && grace <= 0)
		errors.invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0');
	if ((probe.successThreshold ?? 1) !== 1)
		errors.invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1');
}

/** Hooks and the stop signal. `os` is the name in spec.os: a signal means something on a known one only. */
export function checkLifecycle(
	errors: FieldErrors,
	path: string,
	lifecycle: Container['lifecycle'],
	graceSeconds: number | undefined,
	os: string | undefined,
): void {
	if (!lifecycle) return;
	const hooks: [string, LifecycleHandler | undefined][] = [
		['postStart', lifecycle.postStart],
		['preStop', lifecycle.preStop],
	];
	for (const [name, hook] of hooks) if (hook) checkHandler(errors, `${path}.${name}`, hook, graceSeconds);
	const signal: string | undefined = lifecycle.stopSignal;
	if (signal === undefined) return;
	if (!os) errors.forbidden(`${path}.stopSignal`, 'may not be set for containers with empty `spec.os.name`');
	else if (!STOP_SIGNALS.has(signal)) errors.unsupported(`${path}.stopSignal`, signal, [...STOP_SIGNALS]);
}

function checkHandler(
	errors: FieldErrors,
	path: string,
	handler: Handler,
	graceSeconds: number | undefined,
): void {
	const given = (['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const).filter(
		(name) => handler[name] !== undefined,
	);
	const [first, ...more] = given;
	if (!first) {
		errors.required(path, 'must specify a handler type');
		return;
	}
	for (const name of more) errors.forbidden(`${path}.${name}`, 'may not specify more than 1 handler type');
	const at = `${path}.${first}`;
	if (first === 'exec' && !handler.exec?.command?.length) errors.required(`${at}.command`);
	if (first === 'httpGet') checkHttpGet(errors, at, handler.httpGet ?? {});
	if (first === 'tcpSocket') checkPort(errors, `${at}.port`, handler.tcpSocket?.port);
	if (first === 'grpc') checkPort(errors, `${at}.port`, handler.grpc?.port ?? 0);
	if (first === 'sleep') {
		const seconds = handler.sleep?.seconds ?? 0;
		if (seconds < 0 || (graceSeconds !== undefined && seconds > graceSeconds)) {
			const limit = graceSeconds === undefined ? '' : ` (${graceSeconds})`;
			errors.invalid(at, seconds, `must be non-negative and less than terminationGracePeriodSeconds${limit}`);
		}
	}
}

function checkHttpGet(errors: FieldErrors, path: string, http: NonNullable<Handler['httpGet']>): void {
	if (http.path === '') errors.required(`${path}.path`);
	checkPort(errors, `${path}.port`, http.port);
	if (http.scheme !== undefined && http.scheme !== '' && !['HTTP', 'HTTPS'].includes(http.scheme)) {
		errors.unsupported(`${path}.scheme`, http.scheme, ['HTTP', 'HTTPS']);
	}
	for (const [index, header] of (http.httpHeaders ?? []).entries()) {
		errors.invalidAll(`${path}.httpHeaders[${index}]`, header.name ?? '', httpHeaderName(header.name ?? ''));
	}
}

/** A number, or the name of one of the container's ports. */
function checkPort(errors: FieldErrors, path: string, port: number | string | undefined): void {
	if (typeof port === 'string') errors.invalidAll(path, port, portName(port));
	else errors.invalidAll(path, port ?? 0, portNumber(port ?? 0));
}

const REAL_TIME = [
	'SIGRTMIN',
	...Array.from({ length: 15 }, (_, n) => `SIGRTMIN+${n + 1}`),
	...Array.from({ length: 14 }, (_, n) => `SIGRTMAX-${14 - n}`),
	'SIGRTMAX',
];
/** The signals of Linux, by the names of corev1.Signal. */
const STOP_SIGNALS = new Set([
	'SIGABRT',
	'SIGALRM',
	'SIGBUS',
	'SIGCHLD',
	'SIGCLD',
	'SIGCONT',
	'SIGFPE',
	'SIGHUP',
	'SIGILL',
	'SIGINT',
	'SIGIO',
	'SIGIOT',
	'SIGKILL',
	'SIGPIPE',
	'SIGPOLL',
	'SIGPROF',
	'SIGPWR',
	'SIGQUIT',
	'SIGSEGV',
	'SIGSTKFLT',
	'SIGSTOP',
	'SIGSYS',
	'SIGTERM',
	'SIGTRAP',
	'SIGTSTP',
	'SIGTTIN',
	'SIGTTOU',
	'SIGURG',
	'SIGUSR1',
	'SIGUSR2',
	'SIGVTALRM',
	'SIGWINCH',
	'SIGXCPU',
	'SIGXFSZ',
	...REAL_TIME,
]);
