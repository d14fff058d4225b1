/**
 * podrun as a contender: the built command in a state folder and an instance of its own, and its supervisor
 * spoken to directly, so that the command's share can be told from the supervisor's.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SupervisorInfo } from '../../src/api/backend.ts';
import type { Pod } from '../../src/api/types.ts';
import { type Client, createClient, resourcePath } from '../../src/client/client.ts';
import { supervisorPaths } from '../../src/client/connect.ts';

/** Wall and CPU time (user + system, of all that the command waited for), in ms. */
export interface Cost {
	readonly wall: number;
	readonly cpu: number;
	readonly stdout: string;
}

/** Runs a command to its end. Throws with its stderr when it fails. */
export async function run(
	command: readonly string[],
	env: NodeJS.ProcessEnv = process.env,
	keep = true,
): Promise<Cost> {
	// bash's `time` tells the CPU time of a child, which Node does not.
	const script = `TIMEFORMAT=$'\\n%R %U %S'; time "$@" ${keep ? '' : '>/dev/null'}`;
	const child = spawn('bash', ['-c', script, 'bash', ...command], { env, stdio: ['ignore', 'pipe', 'pipe'] });
	let stdout = '';
	let stderr = '';
	child.stdout.on('data', (chunk) => {
		stdout += chunk;
	});
	child.stderr.on('data', (chunk) => {
		stderr += chunk;
	});
	const code = await new Promise<number | null>((resolve, reject) => {
		child.on('error', reject);
		child.on('close', resolve);
	});
	if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr.slice(-600)}`);
	const [wall = 0, user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
	return { wall: wall * 1000, cpu: (user + system) * 1000, stdout };
}

export class Podrun {
	readonly command: readonly string[];
	readonly folder: string;
	readonly env: NodeJS.ProcessEnv;
	readonly image: string;
	#client: Client | undefined;

	/** `runtime` is the OCI runtime of all pods; default: the engine's. */
	constructor(command: readonly string[], instance: string, image: string, runtime?: string) {
		this.command = command;
		this.image = image;
		this.folder = mkdtempSync(join(tmpdir(), 'podrun-bench-'));
		this.env = {
			...process.env,
			XDG_STATE_HOME: this.folder,
			PODRUN_INSTANCE: instance,
			PODRUN_PROFILE: 'kubernetes',
			NO_COLOR: '1',
			...(runtime === undefined ? {} : { PODRUN_RUNTIME: runtime }),
		};
	}

	cli(...args: string[]): Promise<Cost> {
		return run([...this.command, ...args], this.env);
	}

	async info(): Promise<SupervisorInfo> {
		return this.client.request<SupervisorInfo>('GET', '/podrun/v1/supervisor');
	}

	get client(): Client {
		this.#client ??= createClient({ socket: supervisorPaths({ env: this.env }).socket });
		return this.#client;
	}

	/** Ends the supervisor; pods run on. */
	async stop(): Promise<void> {
		this.#client?.close();
		this.#client = undefined;
		await this.cli('supervisor', 'stop');
	}

	async close(): Promise<void> {
		await this.cli('delete', 'pod', '--all', '--grace-period=0', '--force');
		await this.stop();
		rmSync(this.folder, { recursive: true, force: true });
	}

	pod(name: string, n: number, more: Partial<Pod['spec']> = {}): Pod {
		const containers = Array.from({ length: n }, (_, index) => ({
			name: `c${index}`,
			image: this.image,
			command: ['sleep', '3600'],
			imagePullPolicy: 'IfNotPresent' as const,
		}));
		return {
			apiVersion: 'v1',
			kind: 'Pod',
			metadata: { name, namespace: 'default' },
			spec: { containers, terminationGracePeriodSeconds: 0, ...more },
		} as Pod;
	}

	/** The manifest as a file; its path. */
	write(pod: Pod): string {
		const path = join(this.folder, `${pod.metadata.name}.json`);
		writeFileSync(path, JSON.stringify(pod));
		return path;
	}

	/** ms from the request to the status that says that all run. */
	async create(pod: Pod): Promise<number> {
		const begun = performance.now();
		const body = pod as unknown as object;
		await this.client.request('POST', resourcePath('pods', 'default'), { body });
		await this.until(pod.metadata.name, isRunning);
		return performance.now() - begun;
	}

	/** ms from the request until the object is gone, and with it all that it had. */
	async delete(name: string): Promise<number> {
		const begun = performance.now();
		const gone = this.until(name, (pod) => pod === undefined);
		const path = resourcePath('pods', 'default', name);
		await this.client.request('DELETE', path, { query: { gracePeriodSeconds: 0 } });
		await gone;
		return performance.now() - begun;
	}

	/** Resolves with the first state of the pod (undefined: deleted) that is as wanted. */
	async until(name: string, wanted: (pod: Pod | undefined) => boolean): Promise<Pod | undefined> {
		const abort = new AbortController();
		const query = { fieldSelector: `metadata.name=${name}` };
		const path = resourcePath('pods', 'default');
		try {
			for await (const { type, object } of this.client.watch(path, { query, signal: abort.signal })) {
				if (type === 'BOOKMARK') continue;
				const pod = type === 'DELETED' ? undefined : (object as unknown as Pod);
				if (wanted(pod)) return pod;
			}
		} finally {
			abort.abort();
		}
		throw new Error(`the watch of ${name} ended`);
	}

	/** CPU time of the supervisor so far in ms, and its memory in MB. */
	async usage(): Promise<{ cpu: number; rss: number }> {
		return usageOf((await this.info()).pid);
	}
}

export function isRunning(pod: Pod | undefined): boolean {
	const statuses = pod?.status?.containerStatuses ?? [];
	return (
		pod !== undefined &&
		statuses.length === pod.spec.containers.length &&
		statuses.every(({ state }) => state?.running !== undefined)
	);
}

/** Of any process, from /proc; ticks are 10 ms on every Linux that Node runs on. */
export function usageOf(pid: number): { cpu: number; rss: number } {
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
	const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
	return { cpu: (Number(fields[11]) + Number(fields[12])) * 10, rss: Number(rss) / 1024 };
}
