/**
 * `podrun api`: the supervisor's Kubernetes API on loopback for kubectl, k9s, Lens and client libraries, until
 * Ctrl-C. Token and certificate are made for this run: the kubeconfig opens nothing once it has ended.
 */
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { UserError } from '../../api/errors.ts';
import { openSupervisor } from '../../client/connect.ts';
import { serveLoopback } from '../../client/loopback.ts';
import { type Io, say } from '../io.ts';
import { usage } from '../output/errors.ts';
import { kubeconfigWith } from '../output/kubeconfig.ts';
import type { GlobalOptions } from '../program.ts';
import { namespaceOf } from '../session.ts';

export interface ApiOptions extends GlobalOptions {
	readonly port: string;
	readonly kubeconfig?: string;
}

export async function run(io: Io, options: ApiOptions): Promise<number> {
	const port = Number(options.port);
	if (!/^\d+$/.test(options.port) || port > 65_535) throw usage(`--port: "${options.port}" is no port`);
	const file = options.kubeconfig === undefined ? undefined : resolve(io.cwd, options.kubeconfig);
	const present = file === undefined ? undefined : readKubeconfig(file);
	const supervisor = await openSupervisor({ env: io.env, onNotice: (notice) => say(io, notice) });
	const ended = Promise.withResolvers<void>();
	const stopListening = io.onSignal(['SIGINT', 'SIGTERM'], () => ended.resolve());
	const loopback = await serveLoopback({ ...supervisor, port });
	try {
		const server = `https://127.0.0.1:${loopback.port}`;
		const access = { server, ...loopback, namespace: namespaceOf(options) };
		const text = kubeconfigWith(access, present, file ?? '');
		if (file === undefined) io.stdout.write(text);
		else writePrivate(file, text);
		say(io, `Serving the Kubernetes API on ${server}; Ctrl-C ends it.`);
		say(
			io,
			file === undefined
				? 'Save the kubeconfig above, or have it written: podrun api --kubeconfig FILE'
				: `Try: kubectl --kubeconfig ${options.kubeconfig} --context podrun get pods`,
		);
		await ended.promise;
	} finally {
		stopListening();
		await loopback.close();
	}
	return 0;
}

function readKubeconfig(file: string): unknown {
	if (!existsSync(file)) return undefined;
	try {
		return parse(readFileSync(file, 'utf8'));
	} catch (error) {
		throw new UserError('MANIFEST', `cannot read the kubeconfig ${file}: ${(error as Error).message}`, {
			cause: error,
			hint: 'name another file with --kubeconfig',
		});
	}
}

/** Whole or not at all, and for this user only. */
function writePrivate(file: string, text: string): void {
	const fresh = `${file}.${process.pid}.new`;
	try {
		writeFileSync(fresh, text, { mode: 0o600 });
		chmodSync(fresh, 0o600);
		renameSync(fresh, file);
	} catch (error) {
		throw new UserError('NOT_FOUND', `cannot write ${file}: ${(error as Error).message}`, { cause: error });
	}
}
