/** Manifests, and what they say about watching, as one thing: what a session lives by until they change. */
import { readFile, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Pod } from '../../api/types.ts';
import type { Diagnostic } from '../../manifest/diagnostic.ts';
import type { Io } from '../io.ts';
import { type FileOptions, type Manifest, readManifests } from '../manifests.ts';
import { type BuildRule, readAnnotations, type WatchRule } from './annotations.ts';
import { buildIgnore } from './build.ts';
import { ALWAYS_IGNORED, IgnoreRules, linesOf } from './ignore.ts';
import type { Armed, ArmedBuild, ArmedRule } from './rules.ts';
import type { Root } from './tree.ts';

export interface WatchConfig {
	readonly manifests: readonly Manifest[];
	readonly armed: Armed;
	/** Watched paths of rules and builds. */
	readonly roots: readonly Root[];
	/** Watched paths of the manifests themselves. */
	readonly manifestRoots: readonly Root[];
}

export interface LoadedConfig {
	readonly config: WatchConfig;
	/** With an error among them nothing of the config may be applied. */
	readonly diagnostics: readonly Diagnostic[];
}

const MANIFESTS_ONLY = ['*', '!*.yaml', '!*.yml', '!*.json'];

/** Reads everything anew. Throws UserError for wrong usage only; what is wrong with files is a diagnostic. */
export async function loadConfig(
	io: Io,
	sources: readonly string[],
	options: FileOptions,
): Promise<LoadedConfig> {
	const { manifests, diagnostics } = await readManifests(io, sources, options);
	const broken = diagnostics.some(({ severity }) => severity === 'error');
	const rules: WatchRule[] = [];
	const builds: BuildRule[] = [];
	const pods = new Map<string, Pod>();
	for (const { object, source, position } of manifests) {
		// What is wrong is not taken apart any further.
		if (broken || object.kind !== 'Pod') continue;
		const pod = object as unknown as Pod;
		pods.set(`${pod.metadata.namespace}/${pod.metadata.name}`, pod);
		const isFile = source !== '<stdin>' && !/^https?:/i.test(source);
		const folder = isFile ? dirname(resolve(io.cwd, source)) : io.cwd;
		const said = readAnnotations(pod, { source, folder, position });
		rules.push(...said.rules);
		builds.push(...said.builds);
	}
	const armedRules = await Promise.all(rules.map(armRule));
	const armedBuilds = await Promise.all(builds.map(armBuild));
	const files = sources.filter((source) => source !== '-' && !/^https?:/i.test(source));
	const manifestRoots = files.map((source): Root => {
		const path = resolve(io.cwd, source);
		const lines = /\.(ya?ml|json)$/i.test(source) ? [] : MANIFESTS_ONLY;
		return { path, ignore: new IgnoreRules(lines) };
	});
	const never = new Set([
		...manifests.map(({ source }) => resolve(io.cwd, source)),
		...armedBuilds.map(({ build }) => join(build.context, build.dockerfile)),
	]);
	const roots = [
		...armedRules.flatMap(({ rule, ignore }) =>
			rule.path === undefined ? [] : [{ path: rule.path, ignore }],
		),
		...armedBuilds.map(({ build, ignore }) => ({ path: build.context, ignore })),
	];
	return {
		config: {
			manifests,
			armed: { rules: armedRules, builds: armedBuilds, never, pods },
			roots: distinct(roots),
			manifestRoots,
		},
		diagnostics,
	};
}

/** Patterns of the folder's own .dockerignore, of editors and version control, and of the rule. */
async function armRule(rule: WatchRule): Promise<ArmedRule> {
	if (rule.path === undefined) return { rule, ignore: new IgnoreRules([]) };
	// Behind a link the events come with the real path.
	const path = await realpath(rule.path).catch(() => rule.path as string);
	const own = await readFile(join(path, '.dockerignore'), 'utf8').catch(() => '');
	const ignore = new IgnoreRules([...linesOf(own), ...ALWAYS_IGNORED, ...rule.ignore]);
	return { rule: { ...rule, path }, ignore };
}

async function armBuild(build: BuildRule): Promise<ArmedBuild> {
	const context = await realpath(build.context).catch(() => build.context);
	const ignore = new IgnoreRules([...(await buildIgnore({ ...build, context })), ...ALWAYS_IGNORED]);
	return { build: { ...build, context }, ignore };
}

/** Several rules may watch one path, each with its own patterns: they stay apart, since any of them may want a file. */
function distinct(roots: readonly Root[]): Root[] {
	return roots.filter((root, index) => roots.indexOf(root) === index);
}
