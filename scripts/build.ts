/**
 * Makes dist/: `podrun.js`, the launcher that any Node can read, and behind it the program in ES modules, one for
 * the verbs and one for the supervisor. Of dockerode only the dialling is used: what it would load for
 * builds with BuildKit, for ssh and for packing folders is left out.
 */
import { chmod, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
/** dist, or the folder that is named: e.g. to try a build beside one that is in use. */
const dist = resolve(root, process.argv[2] ?? 'dist');

/** Inside of main, an ES module, Node's own modules are asked for as CommonJS does. */
const requireBanner = `const require = (name) => {
	const found = process.getBuiltinModule(name);
	if (found === undefined) throw new Error("Cannot find module '" + name + "'");
	return found;
};`;

const load = createRequire(import.meta.url);

/** Asked for by dockerode's files as they are loaded, never used by what we call of them. */
const UNUSED = /^(@grpc\/.*|protobufjs|ssh2|tar-fs|@balena\/dockerignore)$/;

/** They are worth 1.2 MB of the daemon's code; ssh2 is not even there in an installation without npm's folder. */
const withoutUnused: Plugin = {
	name: 'without-unused',
	setup({ onResolve, onLoad }) {
		onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: 'unused' }));
		onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
	},
};

/**
 * Slow to load, and often not needed. An ES module that names one of Node's own runs all of its getters: of http
 * that loads a WebSocket client (50 ms of CPU), of crypto all of WebCrypto, of fs its streams and promises, and with
 * them readline.
 */
const LAZY = (
	'child_process crypto dns fs fs/promises http http2 https net os process readline readline/promises ' +
	'stream/promises timers/promises tls tty url util v8 vm worker_threads zlib'
).split(' ');

/** These modules of Node as objects whose members are looked up when they are used. */
const lazyBuiltins: Plugin = {
	name: 'lazy-builtins',
	setup({ onResolve, onLoad }) {
		const filter = new RegExp(`^(node:)?(${LAZY.join('|')})$`);
		onResolve({ filter }, ({ path }) => ({ path: path.replace('node:', ''), namespace: 'lazy' }));
		onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => {
			const names = Object.keys(load(`node:${path}`));
			return {
				// A setter as well: docker-modem lays members of its own over those of http.
				contents: `
					const builtin = () => process.getBuiltinModule('node:${path}');
					for (const name of ${JSON.stringify(names)}) {
						Object.defineProperty(module.exports, name, {
							enumerable: true,
							get: () => builtin()[name],
							set(value) { Object.defineProperty(this, name, { value, writable: true, enumerable: true }); },
						});
					}`,
				loader: 'js',
			};
		});
	},
};

/** Packages of many files that a verb names, and needs for some of its work only: run at their first use. */
const LAZY_PACKAGES = ['yaml', 'chokidar', 'listr2'];

const lazyPackages: Plugin = {
	name: 'lazy-packages',
	setup({ onResolve, onLoad }) {
		const filter = new RegExp(`^(${LAZY_PACKAGES.join('|')})$`);
		onResolve({ filter }, ({ path, namespace }) =>
			namespace === 'lazy-package' ? undefined : { path, namespace: 'lazy-package' },
		);
		onLoad({ filter: /.*/, namespace: 'lazy-package' }, ({ path }) => ({
			contents: `
				for (const name of ${JSON.stringify(Object.keys(load(path)))}) {
					Object.defineProperty(module.exports, name, { enumerable: true, get: () => require('${path}')[name] });
				}`,
			loader: 'js',
			resolveDir: root,
		}));
	},
};

/**
 * Three files beside the launcher: main (the version, and which of the others), cli, supervisor. To find and link a
 * hundred modules takes longer than to read one file, of which nothing is compiled before it is called. The latter
 * two are CommonJS, since V8 gives the bytecode of a script away and not that of a module (src/cli/code-cache.ts).
 */
const BUNDLES = { cli: 'src/cli/run.ts', supervisor: 'src/cli/commands/supervise.ts' };

/** What main asks for by `import()` is another of the files. */
const otherBundles: Plugin = {
	name: 'other-bundles',
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /^\./ }, ({ path, resolveDir, kind }) => {
			const source = resolve(resolveDir, path);
			const name = Object.entries(BUNDLES).find(([, entry]) => resolve(root, entry) === source)?.[0];
			return name === undefined || kind !== 'dynamic-import'
				? undefined
				: { path: name, namespace: 'bundle' };
		});
		onLoad({ filter: /.*/, namespace: 'bundle' }, ({ path }) => ({
			contents: `
				import { loadCached } from './src/cli/code-cache.ts';
				export const { runCli, run } = loadCached(import.meta.dirname + '/${path}.cjs');`,
			loader: 'js',
			resolveDir: root,
		}));
	},
};

/** Made aside and put in place when it is whole: a build that fails leaves the one before. */
const made = `${dist}.new`;
await rm(made, { recursive: true, force: true });

const common: BuildOptions = {
	absWorkingDir: root,
	outdir: made,
	bundle: true,
	platform: 'node',
	target: 'node24',
	minifySyntax: true,
	legalComments: 'linked',
	logLevel: 'warning',
};
await build({
	...common,
	entryPoints: { main: 'src/cli/main.ts' },
	format: 'esm',
	plugins: [otherBundles, lazyBuiltins],
	banner: { js: requireBanner },
});
await build({
	...common,
	entryPoints: BUNDLES,
	format: 'cjs',
	outExtension: { '.js': '.cjs' },
	plugins: [withoutUnused, lazyBuiltins, lazyPackages],
	define: { 'import.meta.url': 'HERE' },
	banner: { js: "const HERE = process.getBuiltinModule('node:url').pathToFileURL(__filename).href;" },
});
for (const name of Object.keys(BUNDLES)) {
	// They are read as Latin-1, which is what is quickest: in code esbuild escapes all that is not ASCII.
	const lines = (await readFile(`${made}/${name}.cjs`, 'utf8')).split('\n');
	const wrong = lines.find((line) => /[^\0-\x7f]/.test(line) && !/^\s*(\/\/|\/?\*)/.test(line));
	if (wrong !== undefined) throw new Error(`${name}.cjs holds more than ASCII outside of comments: ${wrong}`);
}

await build({
	absWorkingDir: root,
	entryPoints: { podrun: 'src/cli/launcher.ts' },
	outdir: made,
	bundle: true,
	format: 'esm',
	platform: 'node',
	target: 'node16',
	external: ['./main.js'],
	banner: { js: '#!/usr/bin/env node' },
	logLevel: 'warning',
});

await chmod(`${made}/podrun.js`, 0o755);
await rm(dist, { recursive: true, force: true });
await rename(made, dist);
