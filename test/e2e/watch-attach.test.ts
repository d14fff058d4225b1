/** `podrun watch` beside a pod that runs already, and images that have no programs of their own. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { engineContainer, killContainer } from '../support/checks.ts';
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
