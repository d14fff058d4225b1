/** The verbs that the fingers know from docker compose: up, down, ps, restart. */
import { Option } from 'commander';
import type { Tree } from '../program.ts';

const FILES = 'manifest: file, folder, URL or - (default: podrun.yaml, pod.yaml or pod.yml here)';

/** A repeatable option's values in the order given. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
	return [...(before ?? []), value];
}

/** Hangs the family on the command tree. */
export function addComposeVerbs({ verb }: Tree): void {
	verb('up', 'Start the pods of a manifest and follow their logs', () => import('../commands/up.ts'))
		.option('-f, --filename <path>', FILES, collect)
		.option('--example <name>', 'an example of the package (podrun examples lists them)')
		.option('-R, --recursive', 'go into the folders of -f')
		.option('-w, --watch', 'and apply every change of manifests, configs and sources in place')
		.option('-d, --detach', 'wait until the pods are Ready or Completed, then return')
		.option('--wait', 'the same as --detach')
		.option('--wait-timeout <duration>', 'give up waiting after this time (e.g. 90s, 5m)')
		.addOption(
			new Option('--pull <policy>', 'pull images before starting').choices(['always', 'missing', 'never']),
		)
		.option('--force-recreate', 'remove running pods of these names first')
		.option('--abort-on-container-exit', 'stop the pods when any container has exited')
		.option('--exit-code-from <container>', 'stop when this container exits and return its exit code')
		.option('--no-log-prefix', 'print log lines as they are')
		.option('--timestamps', 'print the time of each log line')
		.addOption(
			new Option('--progress <kind>', 'how to show progress')
				.choices(['auto', 'tty', 'plain', 'json', 'quiet'])
				.default('auto'),
		);
	verb('watch', 'Apply every change of manifests and sources to pods that run', () => {
		return import('../commands/watch.ts');
	})
		.option('-f, --filename <path>', FILES, collect)
		.option('-R, --recursive', 'go into the folders of -f')
		.option('--logs', 'follow the logs, too')
		.addOption(
			new Option('--progress <kind>', 'how to tell')
				.choices(['auto', 'tty', 'plain', 'json', 'quiet'])
				.default('auto'),
		);
	verb('down [pods...]', 'Stop and remove pods and what their manifest brought', () => {
		return import('../commands/down.ts');
	})
		.option('-f, --filename <path>', FILES, collect)
		.option('--example <name>', 'what `up --example` brought')
		.option('-R, --recursive', 'go into the folders of -f')
		.option('--volumes', 'also remove the volumes that outlive a pod')
		.option('--all', 'all pods of the namespace')
		.option('-t, --timeout <seconds>', "grace period in seconds instead of the pods' own");
	verb('ps [pods...]', 'List pods, one row a container', () => import('../commands/ps.ts'))
		.option('-A, --all-namespaces', 'pods of all namespaces')
		.option('-l, --selector <labels>', 'only pods with these labels')
		.option('-o, --output <format>', 'json or yaml')
		.option('-q, --quiet', 'only names of pods')
		.option('--engine', 'say which engine the pods run on');
	verb('restart <pods...>', 'Restart containers of pods in place (new attempts, same IP)', () => {
		return import('../commands/restart.ts');
	}).option('-c, --container <name>', 'only this container');
}
