/** `podrun validate`: checks manifests, runs nothing, needs no engine. Exit code 1 when one is broken. */
import { formatDiagnostic } from '../../manifest/diagnostic.ts';
import { load } from '../../manifest/load.ts';
import { type Io, print, readAll, say } from '../io.ts';
import { type FileOptions, profileOf, sourcesOf } from '../manifests.ts';
import { usage } from '../output/errors.ts';
import { toJson } from '../output/serialize.ts';
import { resourceOfKind } from '../resources.ts';
import { annotationFaults } from '../watch/annotations.ts';

export interface ValidateOptions extends FileOptions {
	readonly output?: string;
}

export async function run(io: Io, options: ValidateOptions, args: readonly string[]): Promise<number> {
	if (options.output !== undefined && options.output !== 'json') {
		throw usage(`--output must be 'json', not "${options.output}"`);
	}
	const given = [...(options.filename ?? []), ...args];
	const sources = given.length > 0 ? given : sourcesOf(io, options, 'validate');
	const { objects, diagnostics } = await load(sources, {
		cwd: io.cwd,
		stdin: () => readAll(io.stdin),
		profile: profileOf(options),
		recursive: Boolean(options.recursive),
	});
	diagnostics.push(...objects.flatMap(annotationFaults));
	const errors = diagnostics.filter(({ severity }) => severity === 'error');
	const described = objects.map(({ object, source }) => ({
		source,
		kind: object.kind,
		namespace: object.metadata.namespace ?? options.namespace ?? 'default',
		name: object.metadata.name,
	}));
	if (options.output === 'json') {
		print(io, toJson({ valid: errors.length === 0, objects: described, diagnostics }));
		return errors.length === 0 ? 0 : 1;
	}
	for (const diagnostic of diagnostics) {
		say(io, formatDiagnostic(diagnostic));
	}
	if (errors.length > 0) {
		say(io, `${count(errors.length, 'error')} in ${sources.join(', ')}`);
		return 1;
	}
	for (const { kind, name, source } of described) {
		print(io, `${resourceOfKind(kind)?.singular ?? kind.toLowerCase()}/${name} valid (${source})`);
	}
	return 0;
}

function count(amount: number, word: string): string {
	return `${amount} ${word}${amount === 1 ? '' : 's'}`;
}
