/** `podrun config`: every setting that is in force here, and where it comes from. Starts nothing. */
import { supervisorPaths } from '../../client/connect.ts';
import { resolveEngineAddress } from '../../client/engine-address.ts';
import { type Io, print } from '../io.ts';
import { usage } from '../output/errors.ts';
import { toJson, toYaml } from '../output/serialize.ts';
import { table } from '../output/table.ts';
import type { GlobalOptions } from '../program.ts';
import { namespaceOf } from '../session.ts';

export interface ConfigOptions extends GlobalOptions {
	readonly output?: string;
}

interface Setting {
	readonly name: string;
	readonly value: string;
	readonly source: string;
}

/** Settings that the environment alone decides: name, variable, what holds without it. */
const VARIABLES = [
	['profile', 'PODRUN_PROFILE', 'local'],
	['max-restart-backoff', 'PODRUN_MAX_RESTART_BACKOFF', '300s'],
	['infra-image', 'PODRUN_INFRA_IMAGE', '(built in)'],
	['subnet', 'PODRUN_SUBNET', '(first free one)'],
	['idle-seconds', 'PODRUN_IDLE_SECONDS', '10'],
	['log-level', 'PODRUN_LOG_LEVEL', 'info'],
	['reach', 'PODRUN_REACH', '(found out)'],
	['volumes', 'PODRUN_VOLUMES', '(found out)'],
	['pids-limit', 'PODRUN_PIDS_LIMIT', '4096'],
	['runtime', 'PODRUN_RUNTIME', "(the engine's)"],
	['seccomp-root', 'PODRUN_SECCOMP_ROOT', '/var/lib/kubelet/seccomp'],
	['unsafe-sysctls', 'PODRUN_ALLOWED_UNSAFE_SYSCTLS', '(none)'],
	['node-cpus', 'PODRUN_NODE_CPUS', "(the engine's)"],
	['node-memory', 'PODRUN_NODE_MEMORY', "(the engine's)"],
] as const;

/** Global flags that win over a variable. */
const FLAGS: Readonly<Record<string, keyof GlobalOptions>> = {
	PODRUN_MAX_RESTART_BACKOFF: 'maxRestartBackoff',
	PODRUN_INFRA_IMAGE: 'infraImage',
};

export async function run(io: Io, options: ConfigOptions): Promise<number> {
	const settings = inForce(io, options);
	switch (options.output) {
		case 'json':
			print(io, toJson(settings));
			return 0;
		case 'yaml':
			print(io, toYaml(settings));
			return 0;
		case undefined:
			break;
		default:
			throw usage(`--output must be 'yaml' or 'json', not "${options.output}"`);
	}
	const rows = settings.map(({ name, source, value }) => [name, source, value]);
	for (const line of table(['NAME', 'FROM', 'VALUE'], rows)) print(io, line);
	return 0;
}

function inForce(io: Io, options: ConfigOptions): Setting[] {
	const { env } = io;
	const engine = resolveEngineAddress(env);
	const paths = supervisorPaths({ env });
	const state = ['PODRUN_STATE_HOME', 'XDG_STATE_HOME'].find((name) => env[name]);
	const computed = 'computed';
	return [
		{ name: 'engine', value: engine.url, source: engine.source },
		{
			name: 'instance',
			value: paths.instance,
			source: env.PODRUN_INSTANCE ? 'PODRUN_INSTANCE' : process.getuid?.() === 0 ? 'default' : 'your name',
		},
		{
			name: 'namespace',
			value: namespaceOf(options),
			source: options.namespace === undefined ? 'default' : '--namespace',
		},
		...VARIABLES.map(([name, variable, fallback]): Setting => {
			const flag = FLAGS[variable];
			const flagged = flag && options[flag];
			if (flagged !== undefined) return { name, value: flagged, source: 'flag' };
			const given = env[variable];
			return given ? { name, value: given, source: variable } : { name, value: fallback, source: 'default' };
		}),
		{ name: 'state', value: paths.stateFolder, source: state ?? 'default' },
		{ name: 'socket', value: paths.socket, source: computed },
		{ name: 'log', value: paths.log, source: computed },
	];
}
