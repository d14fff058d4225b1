/** `podrun api` of a scenario: started, with its kubeconfig, and kubectl where the machine has it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, type Ran, type Running, type Scenario } from './scenario.ts';

export interface ServedApi {
	readonly kubeconfig: string;
	readonly running: Running;
}

/** Starts `podrun api` on a free port and waits for its kubeconfig. */
export async function serveApi(scenario: Scenario, ...flags: string[]): Promise<ServedApi> {
	const kubeconfig = join(scenario.folder, 'kubeconfig');
	const running = scenario.start('api', '--port', '0', '--kubeconfig', kubeconfig, ...flags);
	await eventually(() => existsSync(kubeconfig), { what: 'the kubeconfig is written' });
	return { kubeconfig, running };
}

/** Path of kubectl: of PATH, or of $PEERS_ROOT/bin. Undefined where there is none. */
export function findKubectl(): string | undefined {
	const folders = [
		join(process.env.PEERS_ROOT ?? '/opt/peers', 'bin'),
		...(process.env.PATH ?? '').split(':'),
	];
	return folders.map((folder) => join(folder, 'kubectl')).find((path) => existsSync(path));
}

export interface Kubectl {
	/** Starts kubectl and comes back at once. */
	start(args: readonly string[], options?: { input?: string; env?: NodeJS.ProcessEnv }): Running;
	/** Runs kubectl to its end, whatever its exit code. */
	run(...args: string[]): Promise<Ran>;
	/** Runs kubectl and expects exit code 0; its stdout. */
	ok(...args: string[]): Promise<string>;
}

export function kubectlOf(path: string, scenario: Scenario, api: ServedApi): Kubectl {
	const env = { ...scenario.env, KUBECONFIG: api.kubeconfig };
	const kubectl: Kubectl = {
		start(args, options = {}) {
			const began = Date.now();
			const child = spawn(path, args, { cwd: scenario.folder, env: { ...env, ...options.env } });
			let [out, err] = ['', ''];
			child.stdout.setEncoding('utf8').on('data', (text: string) => {
				out += text;
			});
			child.stderr.setEncoding('utf8').on('data', (text: string) => {
				err += text;
			});
			child.stdin.on('error', () => {});
			child.stdin.end(options.input ?? '');
			const ended = new Promise<Ran>((resolve, reject) => {
				child.on('error', reject);
				child.on('close', (code) => resolve({ code, out, err, milliseconds: Date.now() - began }));
			});
			return { child, out: () => out, err: () => err, ended };
		},
		run: (...args) => kubectl.start(args).ended,
		async ok(...args) {
			const ran = await kubectl.run(...args);
			if (ran.code !== 0) {
				throw new Error(`kubectl ${args.join(' ')} ended with ${ran.code}:\n${ran.err}${ran.out}`);
			}
			return ran.out;
		},
	};
	return kubectl;
}
