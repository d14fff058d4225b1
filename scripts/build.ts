/**
 * Makes dist/: `podrun.js`, the launcher that any Node can read, and behind it the bundle in ES modules,
 * split so that a verb loads only what it needs. dockerode's optional native parts stay outside.
 */
import { chmod, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
/** dist, or the folder that is named: e.g. to try a build beside one that is in use. */
const dist = resolve(root, process.argv[2] ?? 'dist');

/** CommonJS packages inside the bundle ask for `require`; an ES module has to make its own. */
const requireBanner =
	"import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

/** Made aside and put in place when it is whole: a build that fails leaves the one before. */
const made = `${dist}.new`;
await rm(made, { recursive: true, force: true });

await build({
	absWorkingDir: root,
	entryPoints: { main: 'src/cli/main.ts' },
	outdir: made,
	chunkNames: 'chunks/[name]-[hash]',
	bundle: true,
	splitting: true,
	format: 'esm',
	platform: 'node',
	target: 'node24',
	external: ['ssh2', 'cpu-features'],
	banner: { js: requireBanner },
	minifySyntax: true,
	keepNames: true,
	legalComments: 'linked',
	logLevel: 'warning',
});

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
