/**
 * The command tree. Verbs stand in verbs/*.ts by family; each loads its module only when it is called, so
 * that `podrun version` does not pay for `podrun up`. Global options are understood before and after the verb.
 */
import { Command, Option } from 'commander';
import { VERSION } from '../api/version.ts';
import type { Io } from './io.ts';
import { parseDuration } from './output/age.ts';
import { addComposeVerbs } from './verbs/compose.ts';
import { addKubectlVerbs } from './verbs/kubectl.ts';
import { addObjectVerbs } from './verbs/objects.ts';
import { addOwnVerbs } from './verbs/own.ts';

export interface GlobalOptions {
	readonly namespace?: string;
	readonly profile?: string;
	readonly maxRestartBackoff?: string;
	readonly context?: string;
	readonly infraImage?: string;
}

/** A verb's module, as `import('./commands/x.ts')` gives it. */
export interface VerbModule {
	/** Does it and resolves with the exit code. Throws UserError or ExitError for what the user is to be told. */
	run(io: Io, options: never, args: readonly string[]): Promise<number>;
}

/** What the families need to hang their verbs on the tree. */
export interface Tree {
	/** A new verb: `spec` is commander's, e.g. `logs <pod>`. */
	verb(spec: string, description: string, load: () => Promise<VerbModule>): Command;
	/** A verb that does nothing but hold others. */
	parent(name: string, description: string): Command;
	/** A verb below another one; `hidden`: not in the help. */
	under(
		parent: Command,
		spec: string,
		description: string,
		load: () => Promise<VerbModule>,
		options?: { readonly hidden: boolean },
	): Command;
	readonly program: Command;
}

/** In place of a verb that the command line does not name: to read what it takes would be most of a short verb's work. */
class Unwanted extends Command {
	override option(): this {
		return this;
	}

	override addOption(): this {
		return this;
	}
}

const UNWANTED = new Unwanted();

/**
 * The tree with the verb that `args` begins with, or with all verbs where it begins with none. `done` gets the exit
 * code of the verb that ran.
 */
export function programFor(args: readonly string[], io: Io, done: (exitCode: number) => void): Command {
	const [first = ''] = args;
	// Those look at the whole tree.
	if (first !== 'help' && !first.startsWith('_')) {
		const program = makeProgram(io, done, first);
		if (program.commands.length > 0) return program;
	}
	return makeProgram(io, done);
}

/** `only`: the name of the one verb that is wanted; all of them without. */
function makeProgram(io: Io, done: (exitCode: number) => void, only?: string): Command {
	const program = new Command('podrun');
	program
		.description('Kubernetes Pods on a plain Docker engine.')
		.version(VERSION, '--version', 'print the version')
		.addHelpCommand(
			new Command('help').argument('[verb]').description('Show help for a verb').helpGroup('podrun itself:'),
		)
		.configureHelp({
			minWidthToWrap: 20,
			showGlobalOptions: false,
			// Verbs by name only in the list: what each takes stands in its own help, and a line is 80 columns.
			subcommandTerm: (verb) => verb.name(),
			padWidth: (command, help) =>
				Math.max(
					Math.min(help.longestOptionTermLength(command, help), command === program ? 22 : 40),
					help.longestSubcommandTermLength(command, help),
					help.longestArgumentTermLength(command, help),
				),
		})
		.exitOverride()
		.configureOutput({
			writeOut: (text) => io.stdout.write(text),
			writeErr: (text) => io.stderr.write(text),
			getOutHelpWidth: () => io.stdout.columns ?? 80,
			getErrHelpWidth: () => io.stderr.columns ?? 80,
		})
		.showSuggestionAfterError(true)
		.showHelpAfterError('See `podrun help` for the verbs and `podrun VERB --help` for a verb.');

	program
		.option('-n, --namespace <name>', 'namespace of the objects (default "default")')
		.addOption(
			new Option('--profile <name>', 'local: helpful at a desk; kubernetes: what a cluster does')
				.choices(['local', 'kubernetes'])
				.env('PODRUN_PROFILE'),
		)
		.option('--max-restart-backoff <duration>', 'ceiling of the crash back-off (default 300s)')
		.option('--context <name>', 'docker context of the engine')
		.option('--infra-image <image>', 'pause image to use instead of the built-in one');

	// `logs <pod>` is named `logs`.
	const isWanted = (spec: string) => only === undefined || spec.split(' ', 1)[0] === only;
	const under: Tree['under'] = (parent, spec, description, load, options) => {
		if (parent === UNWANTED || (parent === program && !isWanted(spec))) return UNWANTED;
		const command = parent.command(spec, options).description(description);
		command.action(async () => {
			const given: GlobalOptions = command.optsWithGlobals();
			applyGlobals(io, given);
			const module = await load();
			done(await module.run(io, given as never, command.args));
		});
		return command;
	};
	const tree: Tree = {
		program,
		under,
		verb: (spec, description, load) => under(program, spec, description, load),
		parent: (name, description) =>
			isWanted(name) ? program.command(name).description(description) : UNWANTED,
	};
	program.commandsGroup('Run pods:');
	addComposeVerbs(tree);
	program.commandsGroup("kubectl's verbs:");
	addKubectlVerbs(tree);
	addObjectVerbs(tree);
	program.commandsGroup('podrun itself:');
	addOwnVerbs(tree);
	return program;
}

/** Global flags reach the client and a supervisor that it may start by way of the environment. */
function applyGlobals(io: Io, options: GlobalOptions): void {
	const flags: readonly (readonly [string, string | undefined])[] = [
		['PODRUN_PROFILE', options.profile],
		['DOCKER_CONTEXT', options.context],
		['PODRUN_INFRA_IMAGE', options.infraImage],
	];
	if (options.context !== undefined) {
		// The flag is meant even where DOCKER_HOST is set; the docker CLI lets it win too.
		delete io.env.DOCKER_HOST;
	}
	if (options.maxRestartBackoff !== undefined) {
		parseDuration(options.maxRestartBackoff, '--max-restart-backoff');
	}
	for (const [name, value] of flags) {
		if (value !== undefined) {
			io.env[name] = value;
		}
	}
}
