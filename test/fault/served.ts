/** A supervisor that serves a pod, for tests that send it what no client would: others must not notice. */
import { afterEach, beforeAll, expect } from 'vitest';
import { holds, pod, server } from '../support/manifests.ts';
import { type Asked, ask } from '../support/raw-http.ts';
import { alive, type Scenario, scenario } from '../support/scenario.ts';

export const MB = 1024 * 1024;
export const NAMESPACE = '/api/v1/namespaces/default';
export const JSON_TYPE = { 'content-type': 'application/json' };

export interface Served {
	readonly s: Scenario;
	readonly socket: string;
	readonly pid: number;
	/** Asks, and expects a Status of one of these codes; its message. */
	refused(codes: readonly number[], asked: Asked): Promise<string>;
}

/** For all tests of a file: after each one the pod is there, and its process has nothing to complain about. */
export function served(name: string): Served {
	const s = scenario(name, { PODRUN_IDLE_SECONDS: '-1' });
	let [socket, pid] = ['', 0];

	beforeAll(async () => {
		await s.apply(pod('served', { containers: [server('main')] }));
		await s.until('served', (pod) => holds(pod, 'Ready'));
		const info = await s.supervisor();
		socket = info?.socket ?? '';
		pid = info?.pid ?? 0;
	});

	afterEach(async () => {
		const began = Date.now();
		expect((await ask(socket, { path: `${NAMESPACE}/pods/served` })).code).toBe(200);
		expect(Date.now() - began).toBeLessThan(2_000);
		expect(alive(pid)).toBe(true);
		const { out } = await s.podrun('supervisor', 'logs');
		expect(out).not.toMatch(/uncaught exception|unhandled rejection|request failed/);
	});

	return {
		s,
		get socket() {
			return socket;
		},
		get pid() {
			return pid;
		},
		async refused(codes, asked) {
			const { code, body, text } = await ask(socket, asked);
			const what = `${asked.method ?? 'GET'} ${asked.path} ${JSON.stringify(asked.headers ?? {})}: ${text.slice(0, 300)}`;
			expect(codes, what).toContain(code);
			expect(body, what).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code });
			expect(body.message, what).not.toMatch(/\bat .*[jt]s:\d+/);
			return String(body.message);
		},
	};
}
