/** `podrun watch` beside a pod that runs already, and images that have no programs of their own. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { tar } from '../../src/api/tar.ts';
import { docker, engineContainer, killContainer } from '../support/checks.ts';
import { labelOf } from '../support/images.ts';
import { eventually, Scenario } from '../support/scenario.ts';

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: attached
  annotations:
    podrun.dev/watch: |
      - {path: ./src, target: /memory/src, action: sync}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: app
    image: busybox:1.36
    command: [sh, -c, "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"]
    volumeMounts: [{name: memory, mountPath: /memory}]
  volumes: [{name: memory, emptyDir: {medium: Memory}}]
`;

describe('watch beside a pod', () => {
	const scenario = new Scenario('watch-attach');
	afterAll(() => scenario.end());

	test('without the pod it says what to do', async () => {
		scenario.file('pod.yaml', POD);
		const ran = await scenario.podrun('watch', '-f', 'pod.yaml');
		expect(ran.code).toBe(1);
		expect(ran.err).toContain('pod/attached does not run\n  podrun up --watch starts it and watches');
	});

	test('it brings the pod up to date and leaves it running; a volume in memory gets its files back', async () => {
		mkdirSync(join(scenario.folder, 'src'));
		scenario.file('src/a', 'one');
		scenario.file('src/b', 'b');
		await scenario.ok('up', '-d', '-f', 'pod.yaml');
		const list = () => scenario.ok('exec', 'attached', '--', 'sh', '-c', 'cd /memory/src && grep . *');
		const watch = scenario.start('watch', '-f', 'pod.yaml');
		await eventually(async () => (await list()) === 'a:one\nb:b\n');
		rmSync(join(scenario.folder, 'src/b'));
		scenario.file('src/a', 'two');
		await eventually(async () => (await list()) === 'two\n');
		// The pause holds the volume: without it the memory is gone.
		await killContainer((await engineContainer(scenario.instance, 'attached', 'POD')).id);
		await eventually(async () => (await list()) === 'two\n', { within: 90_000 });
		watch.child.kill('SIGINT');
		expect((await watch.ended).code).toBe(0);
		expect((await scenario.pod('attached'))?.status?.phase).toBe('Running');
	});
});

describe('after a watch', () => {
	const scenario = new Scenario('watch-stale');
	const image = `${scenario.instance}/app:dev`;
	afterAll(() => scenario.end());

	/** An image under the same name, with another page. */
	async function build(page: string): Promise<void> {
		const context = tar(
			[
				{
					path: 'Dockerfile',
					type: 'file',
					mode: 0o644,
					uid: 0,
					gid: 0,
					content: Buffer.from(
						`FROM busybox:1.36\n${labelOf(scenario.instance)}\nRUN mkdir /srv && echo ${page} > /srv/page\n`,
					),
				},
			],
			0,
		);
		const output = await docker.buildImage(Readable.from([context]), { t: image });
		await new Promise((resolve, reject) =>
			docker.modem.followProgress(output, (error) => (error ? reject(error) : resolve(undefined))),
		);
	}

	test('a crash brings back what was synced; a newer image is not hidden by it', async () => {
		const began = Date.now();
		await build('one');
		mkdirSync(join(scenario.folder, 'src'));
		scenario.file('src/page', 'edited');
		scenario.file(
			'pod.yaml',
			POD.replace('./src, target: /memory/src', './src, target: /srv').replace('busybox:1.36', image),
		);
		await scenario.ok('up', '-d', '-f', 'pod.yaml');
		const page = () => scenario.ok('exec', 'attached', '--', 'cat', '/srv/page');
		const watch = scenario.start('watch', '-f', 'pod.yaml');
		await eventually(async () => (await page()) === 'edited');
		watch.child.kill('SIGINT');
		await watch.ended;
		const crash = async (attempt: number) => {
			await killContainer((await engineContainer(scenario.instance, 'attached', 'app')).id);
			await eventually(
				async () => (await engineContainer(scenario.instance, 'attached', 'app')).attempt === attempt,
				{ within: 60_000 },
			);
		};
		await crash(1);
		expect(await page()).toBe('edited');
		await build('two');
		// Just after its start the supervisor would wait for the watch to come back.
		await eventually(() => Date.now() - began > 15_000);
		await crash(2);
		expect(await page()).toBe('two\n');
	});
});
