/**
 * Before the e2e suite: the bundle is built if it is older than the sources, and the engine and the images are
 * there, or the run ends at once and says what is missing. Nothing is skipped in silence.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { docker } from './checks.ts';
import { engineUnderTest } from './engine-under-test.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the scenarios run; scripts/images/build makes those that can't be pulled. */
const IMAGES = [
	'busybox:1.36',
	'nginx:1.22',
	'ghost:5',
	'tomcat:10',
	'podrun/sample-war:1',
	'redis:7',
	'haproxy:2.6',
	'python:3.11-slim',
	'quay.io/coreos/etcd:v3.4.23',
	'podrun/rsyslog:1',
	'podrun/mesh-proxy:1',
];

export default async function setup(): Promise<void> {
	await checkEngine();
	if (process.env.PODRUN_BIN === undefined) {
		buildIfStale();
	}
}

async function checkEngine(): Promise<void> {
	const { url, source } = engineUnderTest;
	const images = await docker.listImages().catch((error: Error) => {
		throw new Error(`the suite needs a Docker engine; none answers at ${url} (${source}): ${error.message}`);
	});
	const there = new Set(images.flatMap(({ RepoTags }) => RepoTags ?? []));
	const missing = IMAGES.filter((image) => !there.has(image));
	if (missing.length > 0) {
		throw new Error(
			`the engine at ${url} lacks ${missing.join(', ')}: run scripts/images/build first (scripts/test does)`,
		);
	}
	const { ServerVersion, CgroupVersion, CgroupDriver, DefaultRuntime } = await docker.info();
	console.error(
		`engine under test: Docker ${ServerVersion} at ${url}, cgroup v${CgroupVersion} (${CgroupDriver}), ${DefaultRuntime}`,
	);
}

function buildIfStale(): void {
	const built = join(ROOT, 'dist/podrun.js');
	const madeAt = existsSync(built) ? statSync(built).mtimeMs : 0;
	const inputs = ['src', 'scripts/build.ts', 'package.json'];
	if (Math.max(...inputs.map((input) => newest(join(ROOT, input)))) > madeAt) {
		execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts')], { cwd: ROOT, stdio: 'inherit' });
	}
}

/** Time of the last change below a path, in ms since the epoch. */
function newest(path: string): number {
	const about = statSync(path);
	if (!about.isDirectory()) {
		return about.mtimeMs;
	}
	return Math.max(about.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
