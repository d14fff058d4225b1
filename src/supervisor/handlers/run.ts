/**
 * Runs a probe or a hook with the handler that it names. Neither ever throws: what can't be run is a result
 * as well. When the limit comes or the caller aborts, connections are cut and timers cleared.
 */
import type { LifecycleHandler, Probe } from '../../api/types.ts';
import { EngineError } from '../../engine/engine.ts';
import { isUnreachable } from '../engine-link.ts';
import { execCommand } from './exec.ts';
import { grpcHealth } from './grpc.ts';
import type { HandlerResult, HandlerTarget } from './handler.ts';
import { type HTTPGetAction, httpGet } from './http-get.ts';
import { tcpSocket } from './tcp-socket.ts';

/**
 * Runs one probe within its timeoutSeconds (1 by default). A probe without a handler is a success.
 * `error` as outcome: it could not be done, so it says nothing about the container.
 *
 * @param signal cuts it short; the result then means nothing
 */
export async function runHandler(
	probe: Probe,
	target: HandlerTarget,
	signal?: AbortSignal,
): Promise<HandlerResult> {
	const seconds = probe.timeoutSeconds ?? 1;
	return bounded(seconds, signal, (limit) => {
		if (probe.exec) return execCommand(probe.exec.command ?? [], target, seconds, limit);
		if (probe.httpGet) return httpGet(probe.httpGet as HTTPGetAction, target, seconds, limit);
		if (probe.tcpSocket) return tcpSocket(probe.tcpSocket, target, seconds, limit);
		if (probe.grpc) return grpcHealth(probe.grpc, target, seconds, limit);
		return Promise.resolve({ outcome: 'success', message: '' });
	});
}

/** How a hook ended. `message` is for logs: it may hold the hook's output, which must not stand in events. */
export interface HookResult {
	readonly ok: boolean;
	readonly message: string;
	/** It did not fail by itself but was ended by its bound or its caller: a kubelet records no event then. */
	readonly cut: boolean;
	/** No engine answered: whether it ran is not known. */
	readonly away: boolean;
}

/** The texts of the events FailedPostStartHook and FailedPreStopHook: no output of a hook is told. */
export const HOOK_FAILED = { postStart: 'PostStartHook failed', preStop: 'PreStopHook failed' } as const;

/**
 * Runs a lifecycle hook. As in a kubelet: any answer to httpGet is good, whatever its code, and an https hook
 * falls back to http when the server speaks no TLS; tcpSocket is no hook and fails; sleep just waits.
 *
 * @param seconds bound of the whole: what is left of the grace period for preStop, undefined for none
 * @param signal cuts it short (the container has ended): not ok
 */
export async function runHook(
	handler: LifecycleHandler,
	target: HandlerTarget,
	options: { readonly seconds?: number; readonly signal?: AbortSignal } = {},
): Promise<HookResult> {
	// setTimeout's largest delay, some 24 days: as good as no bound.
	const seconds = Math.min(options.seconds ?? Number.POSITIVE_INFINITY, 2_000_000);
	let bound: AbortSignal | undefined;
	const result = await bounded(seconds, options.signal, (limit) => {
		bound = limit;
		return hook(handler, target, seconds, limit);
	});
	const ok = result.outcome === 'success' || result.outcome === 'warning';
	const away = result.moot === 'engine away';
	return { ok, message: result.message, cut: !ok && bound?.aborted === true, away };
}

async function hook(
	handler: LifecycleHandler,
	target: HandlerTarget,
	seconds: number,
	signal: AbortSignal,
): Promise<HandlerResult> {
	if (handler.exec) return execCommand(handler.exec.command ?? [], target, Math.ceil(seconds), signal);
	if (handler.httpGet) return httpHook(handler.httpGet as HTTPGetAction, target, seconds, signal);
	if (handler.sleep) return sleep(handler.sleep.seconds * 1000, signal);
	return { outcome: 'failure', message: 'invalid handler: a hook is exec, httpGet or sleep' };
}

async function httpHook(
	action: HTTPGetAction,
	target: HandlerTarget,
	seconds: number,
	signal: AbortSignal,
): Promise<HandlerResult> {
	let result = await httpGet(action, target, seconds, signal, 'lifecycle');
	const speaksNoTLS = result.outcome === 'failure' && result.message.includes('tls: ');
	if (speaksNoTLS && action.scheme?.toLowerCase() === 'https') {
		result = await httpGet({ ...action, scheme: 'HTTP' }, target, seconds, signal, 'lifecycle');
	}
	const answered = result.message.startsWith('HTTP probe failed with statuscode');
	return answered ? { outcome: 'success', message: result.message } : result;
}

function sleep(ms: number, signal: AbortSignal): Promise<HandlerResult> {
	return new Promise((resolve) => {
		const done = (outcome: 'success' | 'failure', message: string) => {
			clearTimeout(timer);
			signal.removeEventListener('abort', abort);
			resolve({ outcome, message });
		};
		const abort = () => done('failure', 'container terminated before sleep hook finished');
		const timer = setTimeout(() => done('success', ''), ms);
		signal.addEventListener('abort', abort, { once: true });
		if (signal.aborted) abort();
	});
}

/** Runs with a signal that aborts after `seconds` or with the caller's; errors become a result. */
async function bounded(
	seconds: number,
	signal: AbortSignal | undefined,
	run: (limit: AbortSignal) => Promise<HandlerResult>,
): Promise<HandlerResult> {
	const limit = new AbortController();
	const abort = () => limit.abort();
	if (signal?.aborted) abort();
	signal?.addEventListener('abort', abort, { once: true });
	const timer = setTimeout(abort, seconds * 1000);
	try {
		return await run(limit.signal);
	} catch (error) {
		const message = error instanceof Error ? error.message : String(error);
		const moot = mootOf(error);
		return { outcome: 'error', message, ...(moot === undefined ? {} : { moot }) };
	} finally {
		clearTimeout(timer);
		signal?.removeEventListener('abort', abort);
	}
}

function mootOf(error: unknown): HandlerResult['moot'] {
	if (isUnreachable(error)) return 'engine away';
	const over = error instanceof EngineError && (error.code === 'CONFLICT' || error.code === 'NOT_FOUND');
	return over ? 'container over' : undefined;
}
