/**
 * Makes dist/: `podrun.js`, the launcher that any Node can read, and behind it the bundle in ES modules,
 * split so that a verb loads only what it needs. dockerode's optional native parts stay outside.
 */
import { chmod, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
/** dist, or the folder that is named: e.g. to try a build beside one that is in use. */
const dist = resolve(root, process.argv[2] ?? 'dist');

/** CommonJS packages inside the bundle ask for `require`; an ES module has to make its own. */
const requireBanner =
	"import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

await rm(dist, { recursive: true, force: true });

await build({
	absWorkingDir: root,
	entryPoints: { main: 'src/cli/main.ts' },
	outdir: dist,
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
	outdir: dist,
	bundle: true,
	format: 'esm',
	platform: 'node',
	target: 'node16',
	external: ['./main.js'],
	banner: { js: '#!/usr/bin/env node' },
	logLevel: 'warning',
});

await chmod(`${dist}/podrun.js`, 0o755);
