/** podrun's own verbs: validate, supervisor, version. The `supervise` that is the supervisor stands in main.ts. */
import type { Tree } from '../program.ts';
import { collect } from './compose.ts';

/** Hangs the family on the command tree. */
export function addOwnVerbs({ verb, parent, under, program }: Tree): void {
	verb('validate [files...]', 'Check manifests without running anything', () => {
		return import('../commands/validate.ts');
	})
		.option('-f, --filename <path>', 'manifest: file, folder, URL or -', collect)
		.option('-R, --recursive', 'go into the folders of -f')
		.option('-o, --output <format>', 'json');
	verb('examples', 'List the examples that come with podrun (up --example NAME)', () => {
		return import('../commands/examples.ts');
	}).option('-o, --output <format>', 'wide, name or json');
	verb('explain <field>', 'Fields of a resource, and what podrun makes of them', () => {
		return import('../commands/explain.ts');
	})
		.option('--recursive', 'the fields of all levels')
		.option('--support', 'a table of all fields below: honoured, approximated, ignored, refused');
	verb('api', 'Serve the Kubernetes API on loopback for kubectl and other clients', () => {
		return import('../commands/api.ts');
	})
		.option('--port <port>', 'port on 127.0.0.1; 0: any free one', '8001')
		.option('--kubeconfig <file>', 'write the kubeconfig there (default: print it)');
	const supervisor = parent('supervisor', 'The background process that runs the pods');
	under(supervisor, 'status', 'Is it there, since when, for which engine', () => {
		return import('../commands/supervisor-status.ts');
	}).option('-o, --output <format>', 'json or yaml');
	under(supervisor, 'stop', 'End it (pods run on; the next command adopts them)', () => {
		return import('../commands/supervisor-stop.ts');
	});
	under(supervisor, 'logs', 'Print its log', () => import('../commands/supervisor-logs.ts')).option(
		'--tail <lines>',
		'only the last lines',
	);
	verb('version', 'Print the version', () => import('../commands/version.ts')).option(
		'-o, --output <format>',
		'json or yaml',
	);
	verb('doctor', 'Check the engine, cgroups, network, state folder; tell what to do', () => {
		return import('../commands/doctor.ts');
	}).option('-o, --output <format>', 'json');
	verb('prune', 'Remove what is on the engine of pods that are no more', () => import('../commands/prune.ts'))
		.option('--volumes', 'also the volumes of claims that were deleted, with their data')
		.option('--dry-run', 'only tell what would be removed')
		.option('-o, --output <format>', 'json');
	verb('config', 'Show the settings in force, and where they come from', () => {
		return import('../commands/config.ts');
	}).option('-o, --output <format>', 'json or yaml');
	verb('completion <shell>', 'Print the completion script of bash, zsh or fish', () => {
		return import('../commands/completion.ts');
	});
	under(
		program,
		'__complete [words...]',
		'What the last word may become',
		async () => {
			const { complete } = await import('../commands/complete.ts');
			return { run: (io, _options, words) => complete(io, program, words) };
		},
		{
			hidden: true,
		},
	);
}
