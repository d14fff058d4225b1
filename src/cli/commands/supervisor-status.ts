/** `podrun supervisor status`: who runs the pods. Starts nothing; exit code 1 when none runs. */
import { findSupervisor } from '../../client/connect.ts';
import { type Io, print, say } from '../io.ts';
import { age } from '../output/age.ts';
import { usage } from '../output/errors.ts';
import { toJson, toYaml } from '../output/serialize.ts';

export async function run(io: Io, options: { readonly output?: string }): Promise<number> {
	const info = await findSupervisor({ env: io.env });
	if (!info) {
		say(io, 'no supervisor runs for this user and engine (the next command that needs one starts it)');
		return 1;
	}
	switch (options.output) {
		case 'json':
			print(io, toJson(info));
			return 0;
		case 'yaml':
			print(io, toYaml(info));
			return 0;
		case undefined:
			break;
		default:
			throw usage(`--output must be 'yaml' or 'json', not "${options.output}"`);
	}
	const rows: readonly (readonly [string, string])[] = [
		['pid', String(info.pid)],
		['version', info.version],
		['running for', age(info.startedAt, Date.now())],
		['engine', `${info.engine.address} (Docker ${info.engine.version}, API ${info.engine.apiVersion})`],
		['instance', info.instance],
		['socket', info.socket],
		['state', info.stateFolder],
		['pods', String(info.pods)],
	];
	for (const [name, value] of rows) {
		print(io, `${`${name}:`.padEnd(13)}${value}`);
	}
	return 0;
}
